"""The page of the proof: what it says is what was measured, and a browser shows it."""

import json
import re
import shutil
import subprocess
import tempfile
from html.parser import HTMLParser
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from typer.testing import CliRunner

from manual.catalog import functions
from reference.agreement import EDGES, UNDECIDED
from reference.command import app
from reference.mistakes import MISTAKES, Mistake, planted
from reference.numbers import ALLOWANCES
from reference.paths import PATHS
from reference.proof import evidence as proof
from reference.proof.evidence import OTHERS, Evidence, asked, evidence, is_fair, sample
from reference.proof.page import REASONS, TITLES, _distribution, write
from reference.prove import NOTHING, Cell, Tally, batch

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
run = CliRunner().invoke


class Page(HTMLParser):
    """The ids, the links and the words of a page, and whatever it would fetch."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.fetched, self.words = [], [], [], []
        self.tables, self.red = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in ("href", "xlink:href"):
                self.links.append(value)
            if name == "class" and "no" in value.split():
                self.red.append(len(self.words))
            if name in ("src", "srcset", "data", "action") or tag in ("script", "link", "iframe"):
                self.fetched.append((tag, name, value))

        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_data(self, data):
        self.words.append(data)
        if self.tables and self.tables[-1] and self.tables[-1][-1]:
            self.tables[-1][-1][-1] += data.strip()

    def handle_endtag(self, tag):
        if tag == "table":
            self.tables.append([])  # what follows belongs to no cell

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small page and the numbers behind it."""
    folder = tmp_path_factory.mktemp("report")
    command = ["prove", "--networks", "40", "--mistakes", "12", "--jobs", "1"]
    command += ["--report", str(folder / "page"), "--json", str(folder / "result.json")]
    result = run(app, command)
    assert result.exit_code == 0, result.output
    assert "index.html" in result.output
    file = folder / "page" / "index.html"
    return file, file.read_text(), json.loads((folder / "result.json").read_text())


def test_it_fetches_nothing_and_its_links_work(made):
    _, text, _ = made
    page = Page(text)
    assert not page.fetched and "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    assert len(page.ids) == len(set(page.ids)), "an id stands twice"
    assert len(page.links) >= 6
    for link in page.links:
        assert link.startswith("#") and link[1:] in page.ids, link
    titles = dict(re.findall(r'<section id="([\w-]+)">\s*<h2>([^<]+)</h2>', text))
    for link, words in re.findall(r'<a href="#([\w-]+)">([^<]+)</a>', text.partition("</nav>")[0]):
        assert titles[link].lower().startswith(words), "a link leads to another section"
    for name in re.findall(r"url\(#([^)]*)\)", text):
        assert name in page.ids


def test_it_says_what_was_measured(made):
    _, text, found = made
    page = Page(text).text
    assert "all agree On 40 random networks" in page
    for path in PATHS:
        assert f"{found['compared'][path]:,}" in page
        counts = found["errors"]["counts"][path]
        assert sum(counts) == found["compared"][path]
        assert f"{100 * counts[0] / sum(counts):.1f} %" in page
    for each in found["skipped"]:
        assert f"{each['numbers']:,}" in page and each["reason"] in page
    for cell in found["cells"]:
        assert cell["layer"] in page and f"{cell['worst']:.2f}" in page
    assert all(number in page for number in found["versions"].values())
    assert "backproof prove --networks 40 --seed 0" in page
    assert "--mistakes 12 --report" in page
    assert re.search(r"\d+ of 12 were caught", page)


def test_errors_are_counted_where_they_lie():
    """By hand: what a path errs by, counted again from the comparisons."""
    tally = batch(40, "4 0", {})
    for path in PATHS:
        counts = tally.spread[path]
        assert len(counts) == len(EDGES) + 2 and sum(counts) == tally.entries[path]
        worst = max(cell.worst for (_, where), cell in tally.cells.items() if where == path)
        top = max(k for k, count in enumerate(counts) if count) - 1
        assert worst <= EDGES[top] and (top == 0 or worst > EDGES[top - 1])
    assert EDGES[-1] > ALLOWANCES


def made_up(worst=0.5):
    """A tally and evidence in which no two numbers are the same."""
    cells = {("relu", p): Cell(10 + k, 20 + k, worst + k / 10) for k, p in enumerate(PATHS)}
    cells["tanh", UNDECIDED] = Cell(4)
    skipped = {(p, r): 5 + 10 * k + i for k, p in enumerate(PATHS) for i, r in enumerate(REASONS)}
    spread = {p: (40, *range(k, k + len(EDGES) + 1)) for k, p in enumerate(PATHS)}
    entries = {p: sum(spread[p]) for p in PATHS}
    found = [
        Evidence("a", "x_backward", frozenset(PATHS), frozenset({"ones"}), "layer"),
        Evidence("b", "x_backward", frozenset({"pytorch"}), frozenset(OTHERS), "layer"),
        Evidence("c", "x_backward", frozenset(), frozenset(), "networks"),
        Evidence("d", "x_forward", frozenset({"jax", "pytorch"}), frozenset({"allclose"}), "layer"),
        Evidence("e", "x_loss", frozenset({"jax"}), None, "networks"),
        Evidence("f", "x_backward", frozenset({"pytorch"}), frozenset(), "networks"),
    ]
    return Tally(1234, entries, cells, skipped, None, spread), found


def test_every_table_is_what_was_counted(tmp_path):
    """Cell by cell, on numbers that are all different."""
    tally, found = made_up()
    write(tmp_path, tally, 9, ("relu", "svm loss"), found, 61.0)
    page = Page((tmp_path / "index.html").read_text())
    tables = [rows for rows in page.tables if rows]
    titles = ["PyTorch", "JAX", "differences", "complex step"]
    compared, left_out, layers, errors, caught, others, every, again = tables
    assert compared[0][1:] == left_out[0][1:] == caught[0][1:] == titles == layers[0][3::2]
    totals = [tally.entries[p] for p in PATHS]
    assert compared[1][1:] == [str(total) for total in totals]
    for i, reason in enumerate(REASONS):
        assert left_out[1 + i] == [reason, *(str(5 + 10 * k + i) for k in range(4))]
    skipped = [sum(5 + 10 * k + i for i in range(4)) for k in range(4)]
    shares = [f"{100 * s / (s + n):.1f} %" for s, n in zip(skipped, totals, strict=True)]
    assert left_out[5] == ["in all", *shares]
    assert layers[0][:3] == ["layer", "networks", "undecided"]
    row = ["relu", "13", "0", "20", "0.50", "21", "0.60", "22", "0.70", "23", "0.80"]
    assert layers[1:] == [row, ["tanh", "0", "4", *8 * "-"]]
    assert "more than 10 and more than 30 % of its" in page.text
    assert "more than 50 numbers" in page.text
    for k, line in enumerate(errors[1:]):
        counts = tally.spread[PATHS[k]]
        tenth, one = EDGES.index(0.1), EDGES.index(1.0)
        below, above = sum(counts[: tenth + 2]), sum(counts[one + 2 :])
        wanted = [titles[k], str(totals[k]), f"{4000 / totals[k]:.1f} %"]
        wanted += [f"{100 * below / totals[k]:.2f} %", str(above), f"{0.5 + k / 10:.2f}"]
        assert line == wanted
    assert caught[1] == ["caught by", "4", "3", "1", "1"]
    assert [line[1:] for line in others[1:]] == [
        ["4", "1"],
        ["2", "0"],  # f was seen on networks alone, not on the inputs that others had
        ["3", "0"],
        ["2", "1"],
        ["3", "1"],
    ]
    assert "allclose" in others[3][0] and "drawn" in others[3][0]
    assert "ones" in others[4][0] and "gradcheck" in others[5][0]
    marks = {line[0]: line[2:] for line in every[1:]}
    assert every[0][2:] == [*titles, *OTHERS]
    assert marks["a"] == ["x", "x", "x", "x", "", "x", ""]
    assert marks["b"] == ["x", "", "", "", "x", "x", "x"]
    assert marks["c"] == [""] * 7
    assert marks["e"] == ["", "x", "", "", "·", "·", "·"]
    command = "backproof prove --networks 1234 --seed 9 --layers relu,svm_loss"
    assert again[0][1] == command and again[2][1] == f"{command} --mistakes 6 --report DIR"
    assert "5 of 6 were caught" in page.text and "Not caught here" in page.text
    assert "1,234 random networks" in page.text and "61 s" in page.text
    assert "within 8 rounding allowances" in page.text and "Up to 8 is agreement" in page.text
    assert "Not claimed: a proof for all networks" in page.text
    assert not page.red
    pictures = "".join(re.findall(r"<svg.*?</svg>", (tmp_path / "index.html").read_text(), re.S))
    for color in ("text", "accent", "soft", "wrong"):  # the page's own, light or dark
        assert f"var(--{color})" in pictures
    assert not re.search(r"#(?!000000)[0-9a-f]{6}", pictures)


def test_an_error_beyond_what_is_allowed_is_red(tmp_path):
    tally, _ = made_up(worst=7.85)  # 7.85, 7.95, 8.05, 8.15
    write(tmp_path, tally, 0, (), [], 0.0)
    assert len(Page((tmp_path / "index.html").read_text()).red) == 2


def test_the_picture_is_what_was_counted():
    tally, _ = made_up()
    for axes, path in zip(_distribution(tally).axes, PATHS, strict=True):
        counts = tally.spread[path]
        assert axes.get_title() == TITLES[path]
        steps, equal = axes.patches
        values, edges, _ = steps.get_data()
        assert np.allclose(values, [100 * count / sum(counts) for count in counts[1:]])
        assert np.allclose(edges[1:-1], EDGES)
        assert np.isclose(equal.get_height(), 4000 / sum(counts))
        assert equal.get_x() + equal.get_width() < edges[0], "it stands apart"
        assert list(axes.lines[0].get_xdata()) == [ALLOWANCES, ALLOWANCES]
        marks = {t.get_text(): x for x, t in zip(axes.get_xticks(), axes.get_xticklabels())}  # noqa: B905
        for words, x in marks.items():
            assert words == "equal" or np.isclose(float(words), x)
        assert f"(dashed: {ALLOWANCES})" in "".join(
            each.get_xlabel() for each in _distribution(tally).axes
        )


WRONG = Mistake("db mean", "affine_backward", "dout.sum(axis=0)", "dout.mean(axis=0)", "A mean.")


def test_a_disagreement_makes_a_red_page(tmp_path):
    with planted(WRONG):
        command = ["prove", "--layers", "affine", "--jobs", "1", "--report", str(tmp_path)]
        assert run(app, command).exit_code == 1
    page = Page((tmp_path / "index.html").read_text())
    assert "they disagree" in page.text and "all agree" not in page.text
    assert "DISAGREES" in page.text and "for comparison in compare(problem)" in page.text
    assert all(link[1:] in page.ids for link in page.links)


def test_what_was_hidden_makes_a_red_page(tmp_path):
    hides = Mistake(
        "hides", "tanh_forward", "out = np.tanh(x)", "out = np.tanh(x); out > out + 0", ""
    )
    command = ["prove", "--networks", "60", "--layers", "tanh", "--jobs", "1", "--mistakes", "0"]
    with planted(hides):
        assert run(app, [*command, "--report", str(tmp_path)]).exit_code == 1
    page = Page((tmp_path / "index.html").read_text())
    assert "not proved" in page.text and "all agree" not in page.text
    assert page.red


def test_a_name_cannot_break_the_page(tmp_path, made):
    """Names and code are text, not markup."""
    odd = Evidence("<b>&", "<script>alert()</script>", frozenset(), None, "networks")
    write(tmp_path, NOTHING, 0, (), [odd], 0.0)
    text = (tmp_path / "index.html").read_text()
    assert "<script" not in text and "&lt;b&gt;&amp;" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--report", "{file}"], "is a file, expected a folder"),
        (["--report", "{file}/below"], "is a file, expected a folder"),
        (["--json", "{folder}"], "is a folder, expected a file"),
        (["--mistakes", "3"], "goes with --report alone"),
        (["--report", "{folder}", "--mistakes", "-1"], "--mistakes"),
    ],
)
def test_bad_arguments_name_what_was_wrong(arguments, message, tmp_path):
    (tmp_path / "file").write_text("mine")
    filled = [each.format(file=tmp_path / "file", folder=tmp_path) for each in arguments]
    result = run(app, ["prove", *filled])
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())
    assert (tmp_path / "file").read_text() == "mine"


# What planted mistakes show --------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["affine", "batchnorm", "conv2d", "embedding", "gru", "softmax"])
def test_nobody_fails_right_code(kind):
    """So what is caught below is the mistake, and not the way of asking."""
    assert is_fair(kind) == set()
    assert len(proof._problems(kind, proof.INPUTS)) == proof.INPUTS


def test_an_upstream_of_ones_is_blind():
    """softmax's gradient of a sum that is always 1, and batch norm's of one that is always 0."""
    for kind, name, right in (
        ("softmax", "softmax_backward", "p * (dout - mean)"),
        ("batchnorm", "batchnorm_backward", "standardize_backward(dxhat, inner)"),
    ):
        problems = [each for each in proof._problems(kind, proof.INPUTS) if each.x.size > 4]
        problems = [each for each in problems if not each.net[-1].options.get("running")]
        assert len(problems) >= 3
        with planted(Mistake("zero", name, right, "0 * dout", "dx is 0.")):
            assert not any(proof._ones(each) for each in problems)
            assert all(proof._paths_that_catch(each, PATHS) == {*PATHS} for each in problems)


def test_known_mistakes_and_who_sees_them():
    seen = evidence("affine dw transposed")
    assert seen.caught == {*PATHS} and seen.others == {*OTHERS} and seen.where == "layer"
    # A forward and its backward that are wrong together: only those who know the right forward see.
    both = evidence("attention causal ignored")
    assert both.caught == {"pytorch", "jax"} and "gradcheck" not in both.others
    # One that breaks is seen by everybody.
    breaks = evidence("affine dx not transposed")
    assert breaks.caught == {*PATHS} and breaks.others == {*OTHERS}
    # A loss, on random networks; one that only those show; one that nobody sees there.
    loss = evidence("mse two missing in dx")
    assert loss.caught == {*PATHS} and loss.others is None and loss.where == "networks"
    rare = evidence("transpose dx the same way")
    assert rare.caught == {*PATHS} and rare.others == set() and rare.where == "networks"
    unseen = evidence("relu overwrites x")
    assert not unseen.caught and unseen.others <= {"gradcheck"}


def test_is_fair_would_say_so():
    with planted(MISTAKES["affine dw transposed"]):
        assert is_fair("affine") == {*PATHS, *OTHERS}


@pytest.mark.parametrize(("factor", "seen"), [("1.0001", True), ("1.000001", False)])
def test_what_allclose_tolerates(factor, seen):
    """A relative error of 1e-4 is beyond 1e-5, one of 1e-6 is not; the allowances see both."""
    off = Mistake(
        "off", "tanh_backward", "dout * (1 - t * t)", f"dout * (1 - t * t) * {factor}", ""
    )
    with planted(off):
        for each in proof._problems("tanh", 4):
            assert proof._allclose(each) == proof._ones(each) == seen
            assert proof._paths_that_catch(each, ("pytorch",))
            assert not proof._gradcheck(each), "its rtol is 1e-3"


def test_small_wrong_gradients_pass_where_tolerances_are_absolute():
    """A gradient of 1e-9 dout, returned as 0: seen by allowances, not by allclose or gradcheck."""
    problems = [
        each._replace(net=[each.net[0]], y=each.y * 1e-9) for each in proof._problems("tanh", 10)
    ]
    zero = Mistake("zero", "tanh_backward", "dout * (1 - t * t)", "0 * dout", "dx is 0.")
    with planted(zero):
        assert all(proof._paths_that_catch(each, ("pytorch",)) for each in problems)
        assert not any(proof._allclose(each) for each in problems)


def test_the_sample_is_even_and_whole():
    every = asked()
    assert sample(None) == sample(10**6) == every and sample(0) == []
    some = sample(40)
    assert len({each.name for each in some}) == 40
    assert len({each.function for each in some}) > 30
    assert 0.8 * len(MISTAKES) < len(every) < len(MISTAKES)
    assert {each.function for each in every} & set(functions())


# In a browser ----------------------------------------------------------------------------------


def chromium(*arguments):
    with tempfile.TemporaryDirectory() as profile:
        command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += [f"--user-data-dir={profile}", "--virtual-time-budget=2000", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.skipif(BROWSER is None, reason="no Chromium to open the page in")
def test_a_browser_shows_it(made, tmp_path):
    file, text, _ = made
    dom = Page(chromium("--dump-dom", file.as_uri()).stdout)
    assert dom.ids == Page(text).ids, "the browser read another structure than was written"
    pictures = {}
    for name, size, more in (
        ("wide", "1200,1600", ()),
        ("narrow", "400,1600", ()),
        ("dark", "1200,1600", ("--blink-settings=preferredColorScheme=0",)),
    ):
        place = Path(tmp_path / f"{name}.png")
        chromium(f"--window-size={size}", *more, f"--screenshot={place}", file.as_uri())
        pictures[name] = matplotlib.image.imread(place)[:, :, :3]
    light, dark, narrow = pictures["wide"], pictures["dark"], pictures["narrow"]
    assert np.median(light) > 0.9 and np.median(dark) < 0.2
    for picture in pictures.values():
        paper = np.median(picture.reshape(-1, 3), axis=0)
        inked = (np.abs(picture - paper).max(axis=2) > 0.3).mean()
        assert 0.01 < inked < 0.5, "an empty page, or one all ink"
    # On a narrow screen nothing sticks out: the last columns of pixels are paper.
    paper = np.median(narrow.reshape(-1, 3), axis=0)
    assert np.abs(narrow[:, -6:] - paper).max() < 0.1
