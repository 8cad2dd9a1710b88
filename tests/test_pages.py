"""The pages: nothing of a student's runs in them, and they show no more than they may."""

import re
from html.parser import HTMLParser

import pytest

from reference.grading.formats import FORMATS, Context
from reference.grading.pages import klass, student
from reference.grading.pages.draw import tables

EVIL = (
    "</style></pre><script>alert(1)</script><img src=x onerror=alert(2)>\"'><b a={{ 7 * 7 }}>`<i>`"
)
REVIEW, MISTAKE = "REVIEW: differences?", "NAME of a mistake"
VOID = {"meta", "br", "wbr", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """What a page is made of. Errors: AssertionError where tags do not match."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words, self.open = [], [], [], []
        self.ids = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.ids += [value for key, value in attrs if key == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).split())


def result(text="plain", name="ada", **more):
    problems = [
        {"name": "affine_forward", "verdict": "correct", "score": 1.0, "max_score": 1.0,
         "mistake": None, "message": "right", "counterexample": None, "parts": [], "remarks": []},
        {"name": text, "verdict": "wrong", "score": 0.333333, "max_score": 1.0, "mistake": MISTAKE,
         "message": f"dw is wrong. {text}", "category": "the scale",
         "counterexample": {"inputs": {"x": [[0.5, 1.0]], text: text, "w": "zeros (2, 2)"},
                            "output": "dw", "expected": [[1.0, 2.0], [3.0, 4.0]],
                            "got": [[1.0, "nan"], [3.0, 4.5]], "numbers": 6},
         "parts": [{"name": "dx", "verdict": "correct"}, {"name": text, "verdict": "wrong"}],
         "remarks": [text]},
        {"name": "g", "verdict": text, "score": 0.0, "max_score": 1.0, "mistake": None,
         "message": text, "counterexample": {"inputs": {}, "output": text, "expected": [1.0],
                                             "got": text, "numbers": 1},
         "parts": [], "remarks": []},
    ]  # fmt: skip
    return {
        "assignment": "hw1", "title": f"Homework {text}", "submission": f"{name} {text}",
        "digest": "", "isolation": [text], "official": False, "score": 1.333333, "max_score": 3.0,
        "problems": problems, "remarks": [text], "review": [f"{REVIEW} {text}"],
        "late": {"share": 0.9, "message": f"late {text}", "submitted": text}, "final_score": 1.2,
    } | more  # fmt: skip


def both(text):
    one = student(result(text), Context())
    return one, klass([result(text), result(text, "bo")], Context(), [(text, "bo", 0.9)])


@pytest.mark.parametrize("kind", [0, 1])
def test_nothing_of_a_students_becomes_part_of_the_page(kind):
    page, plain = Page(both(EVIL)[kind]), Page(both("plain")[kind])
    allowed = ["code", "wbr"]  # backticks mark code, names break
    for tag in allowed:
        page.tags = [each for each in page.tags if each != tag]
        plain.tags = [each for each in plain.tags if each != tag]
    assert page.tags == plain.tags
    assert "script" not in page.tags and "img" not in page.tags
    assert not [key for key, _ in page.attributes if key.startswith("on") or key in ("src",)]
    assert "49" not in page.text and "<script>alert(1)</script>" in page.text


@pytest.mark.parametrize("kind", [0, 1])
def test_pages_load_nothing_and_run_nothing(kind):
    text = both("plain")[kind]
    assert "default-src 'none'" in text
    assert not re.search(r"https?:|@import|url\(|<link|<script|javascript:", text)
    assert "prefers-color-scheme: dark" in text and 'name="viewport"' in text


def test_a_student_sees_nothing_that_is_for_review_nor_a_mistakes_name():
    for released in (True, False):
        page = student(result(), Context(released=released))
        assert "REVIEW" not in page and MISTAKE not in page and "0.9" not in page
    page = klass([result()], Context(), [("ada", "bo", 0.87)])
    assert REVIEW in page and MISTAKE in page and "87 %" in page


def test_points_are_hidden_until_they_are_released():
    shown = Page(student(result(), Context(released=True))).text
    assert "1.2 of 3 points" in shown and "0.33 of 1" in shown and "-0.13" in shown
    markup = student(result(), Context(released=False))
    hidden = Page(markup).text
    assert "points are not released yet" in hidden and "1 of 3 functions right" in hidden
    assert not re.search(r"0\.33|1\.33|-0\.13| / 1|1\.2\b", hidden)
    assert "width: 4" not in markup.split("</style>")[1], "not in the bar either"
    assert "dw is wrong" in hidden


def test_a_student_sees_expected_got_and_code():
    text = student(result(), Context())
    page = Page(text)
    assert "dw, expected 12 34 dw, yours 1nan 34.5" in page.text
    assert text.count(' off">') == 2  # nan for 2, and 4.5 for 4
    assert "x = np.array([[0.5, 1.0]])" in page.text and "w = np.zeros((2, 2))" in page.text
    assert "practice run" in page.text
    wanted = [value[1:] for key, value in page.attributes if key == "href"]
    assert wanted and set(wanted) <= set(page.ids)


def test_tables_mark_what_is_off():
    right, theirs = tables([1.0, 2.0], [1.0, 2.5])
    assert [cell.off for cell in theirs[0]] == [False, True] and right[0][1].text == "2"
    assert tables(1.0, "nan")[1][0][0].off
    assert tables([1.0], [[1.0]]) == (None, None), "another shape"
    assert tables([[[1.0]]], [[[1.0]]]) == (None, None), "three axes"
    assert tables("an array of shape (9, 9)", [1.0]) == (None, None)
    assert not tables([1e-9, 1.0], [0.0, 1.0])[1][0][0].off


@pytest.mark.parametrize("bad", [
    {}, {"problems": []}, result("\ud800\x00\x1b[31m\u202e"), result("x" * 10**5),
    result(score=float("nan"), final_score=float("inf")),
    {"problems": [{"max_score": float("nan")}]},
])  # fmt: skip
def test_any_result_makes_a_page(bad):
    for text in (student(bad, Context()), klass([bad, bad], Context(), [])):
        Page(text)
        text.encode("utf-8")
        assert len(text) < 2_000_000 and "\x1b" not in text and "\u202e" not in text


def test_a_class_of_hundreds_stays_a_page_of_its_size():
    text = klass([result(name=f"s{k}") for k in range(300)], Context(), [])
    assert len(text) < 500_000 and "300" in Page(text).text
    assert Page(klass([], Context(), [])).text.startswith("No submissions")


def test_html_is_these_pages():
    assert FORMATS["html"].one(result(), Context()) == student(result(), Context())
    assert FORMATS["html"].many is not None
    assert FORMATS["html"].many([result()], Context()) == klass([result()], Context(), [])
