"""What lateness costs, which submissions are alike, and a class in numbers."""

import json
import re
import time
import tracemalloc
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from reference.grading.assignment import Assignment
from reference.grading.courses import course
from reference.grading.late import penalty, rules
from reference.grading.similar import bodies, hashes, pairs, tokens
from reference.grading.submission import Submission
from reference.grading.summary import plot, summary

ROOT = Path(__file__).parent.parent
DUE = datetime(2026, 10, 1, 23, 59, tzinfo=UTC)


def assignment(**table):
    known = course("cs231n")
    return Assignment("hw1", "Homework 1", known, {"affine_forward": 1.0}, late=table)


def due(**more):
    return assignment(due=DUE, percent=10, **({"days": 3} | more))


# Late -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "share"), [
    (-86400, 1.0), (0, 1.0), (0.9, 1.0), (1, 0.9), (86400, 0.9), (86401, 0.8), (3 * 86400, 0.7),
    (3 * 86400 + 1, 0.0), (10**8, 0.0),
])  # fmt: skip
def test_a_second_late_is_a_day_begun(seconds, share):
    kept, message = penalty(due(), DUE + timedelta(seconds=seconds))
    assert kept == share and message


def test_messages_say_how_late_and_what_it_costs():
    assert penalty(due(), DUE) == (1.0, "on time")
    assert penalty(due(), DUE + timedelta(hours=3, minutes=5))[1] == (
        "3 h 5 min late, 1 day begun: 10 % of the points off"
    )
    assert penalty(due(), DUE + timedelta(days=1, seconds=2))[1] == (
        "1 day 2 s late, 2 days begun: 20 % of the points off"
    )
    assert penalty(due(days=1), DUE + timedelta(days=2))[1] == (
        "2 days late: 1 day is allowed, so no points are kept"
    )
    assert penalty(due(days=0), DUE + timedelta(seconds=1))[1] == (
        "1 s late: no late day is allowed, so no points are kept"
    )


def test_without_rules_or_time_nothing_is_taken():
    assert penalty(assignment(), DUE + timedelta(days=99)) == (1.0, "")
    share, message = penalty(due(), None)
    assert share == 1.0 and "not known" in message


def test_points_never_fall_below_none():
    unlimited = assignment(due=DUE, percent=30)
    assert penalty(unlimited, DUE + timedelta(days=9))[0] == 0.0
    assert penalty(assignment(due=DUE, percent=12.5), DUE + timedelta(days=3))[0] == 0.625


def test_time_zones_are_compared_as_time_and_not_as_clocks():
    west = timezone(timedelta(hours=-7))
    assert penalty(due(), datetime(2026, 10, 1, 16, 59, tzinfo=west))[0] == 1.0
    assert penalty(due(), datetime(2026, 10, 1, 17, 0, tzinfo=west))[0] == 0.9
    berlin = ZoneInfo("Europe/Berlin")  # 2026-10-25 03:00 is set back to 02:00
    zone = assignment(due=datetime(2026, 10, 25, 1, 0, tzinfo=berlin), percent=10)
    assert (
        "1 day 1 h late, 2 days begun"
        in penalty(zone, datetime(2026, 10, 26, 1, 0, tzinfo=berlin))[1]
    )


def test_a_time_without_a_zone_is_utc_and_it_is_said():
    naive = datetime(2026, 10, 1, 23, 59)
    share, message = penalty(due(), naive)
    assert share == 1.0 and message == "on time (submitted without a time zone, taken as UTC)"
    share, message = penalty(assignment(due=naive, percent=10), naive + timedelta(seconds=1))
    assert share == 0.9 and message.endswith(
        "(due and submitted without a time zone, taken as UTC)"
    )


@pytest.mark.parametrize(("table", "says"), [
    ({"percent": 10}, "has no due"),
    ({"due": DUE}, "has no percent"),
    ({"due": "2026-10-01", "percent": 10}, "without quotes"),
    ({"due": date(2026, 10, 1), "percent": 10}, "the date 2026-10-01"),
    ({"due": DUE, "percent": "10"}, "percent is '10'"),
    ({"due": DUE, "percent": 101}, "from 0 to 100"),
    ({"due": DUE, "percent": float("nan")}, "from 0 to 100"),
    ({"due": DUE, "percent": True}, "from 0 to 100"),
    ({"due": DUE, "percent": 10, "days": -1}, "0 or more"),
    ({"due": DUE, "percent": 10, "days": 1.5}, "whole number"),
    ({"due": DUE, "percent": 10, "day": 3}, "expected any of: due, percent, days"),
    ({"due": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), "percent": 1}, "of this age"),
])  # fmt: skip
def test_rules_that_say_nothing_clear_are_refused(table, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        rules(table)
    with pytest.raises(ValueError, match=re.escape(says)):
        penalty(assignment(**table), None)


# Similar ----------------------------------------------------------------------------------------

STARTER = '''
import numpy as np

def affine_forward(x, w, b):
    """Computes the forward pass."""
    out = None
    # TODO
    cache = (x, w, b)
    return out, cache
'''
LOOPS = """
def softmax_loss(x, y):
    N, C = x.shape
    loss = 0.0
    dx = np.zeros((N, C))
    for i in range(N):
        row = x[i] - np.max(x[i])
        total = 0.0
        for j in range(C):
            total += np.exp(row[j])
        loss += np.log(total) - row[y[i]]
        for j in range(C):
            dx[i, j] = np.exp(row[j]) / total
            if j == y[i]:
                dx[i, j] -= 1
    return loss / N, dx / N

def relu_backward(dout, cache):
    dx = np.zeros_like(dout)
    for i in range(dout.shape[0]):
        for j in range(dout.shape[1]):
            if cache[i, j] > 0:
                dx[i, j] = dout[i, j]
    return dx
"""
VECTORS = """
def softmax_loss(x, y):
    shifted = x - x.max(axis=1, keepdims=True)
    p = np.exp(shifted)
    p /= p.sum(axis=1, keepdims=True)
    rows = np.arange(len(y))
    loss = -np.log(p[rows, y]).mean()
    dx = p.copy()
    dx[rows, y] -= 1
    dx /= len(y)
    return loss, dx

def relu_backward(dout, cache):
    mask = cache > 0
    return np.where(mask, dout, 0.0)
"""
# LOOPS as one copies it: other names, other numbers, other comments, another layout.
COPIED = '''
def softmax_loss(scores, labels):
    """My own work."""
    (n, k) = scores.shape
    n, k = scores.shape
    cost = 0
    grad = np.zeros( (n, k) )  # the gradient
    for a in range(n):

        s = scores[a] - np.max(scores[a])
        z = 0
        for b in range(k):
                z += np.exp(s[b])   # sum up
        cost += np.log(z) - s[labels[a]]
        # now the gradient
        for b in range(k):
                grad[a, b] = np.exp(s[b]) / z
                if b == labels[a]:
                        grad[a, b] -= 1.0
    return cost / n, grad / n

def relu_backward(upstream, kept):
    g = np.zeros_like(upstream)
    for p in range(upstream.shape[0]):
        for q in range(upstream.shape[1]):
            if kept[p, q] > 0.0:
                g[p, q] = upstream[p, q]
    return g
'''


def hand_in(name, text):
    return Submission(name, {"layers.py": text}, [])


def test_a_copy_with_other_names_and_comments_is_seen():
    found = pairs([hand_in("ada", STARTER + LOOPS), hand_in("bo", STARTER + VECTORS),
                   hand_in("cy", STARTER + COPIED)], [STARTER])  # fmt: skip
    assert [(one, two) for one, two, _ in found] == [("ada", "cy")] and 0.8 < found[0][2] <= 1


def test_two_that_solved_it_differently_are_not_alike():
    assert pairs([hand_in("ada", LOOPS), hand_in("bo", VECTORS)], []) == []


def test_what_the_course_hands_out_is_not_counted():
    one, two = hand_in("ada", LOOPS), hand_in("bo", COPIED)
    assert pairs([one, two], [LOOPS]) == []
    assert pairs([hand_in("ada", STARTER), hand_in("bo", STARTER)], [STARTER]) == []


def test_what_many_have_is_not_counted():
    many = [hand_in(f"s{k}", COPIED if k % 2 else LOOPS) for k in range(30)]
    assert pairs(many, []) == []


def test_only_the_graded_functions_count():
    other = "def helper(a):\n" + "\n".join(LOOPS.split("\n")[2:16])
    assert pairs([hand_in("ada", LOOPS), hand_in("bo", other + VECTORS)], []) != []
    assert (
        pairs([hand_in("ada", LOOPS), hand_in("bo", other + VECTORS)], [], ["softmax_loss"]) == []
    )
    methods = "class A:\n" + re.sub("^", "    ", LOOPS, flags=re.M)
    assert len(pairs([hand_in("ada", methods), hand_in("bo", LOOPS)], [], ["A.softmax_loss"])) == 1


def test_bodies_are_found_in_what_python_cannot_read():
    broken = 'def f(x):\n    """odd\ntext at column 0"""\n    print x\n# note\n    return (x +\n\n'
    broken += "def g(y): return y\nz = 1\n"
    found = bodies(broken, None)
    assert len(found) == 2 and "return (x +" in found[0] and "return y" in found[1]
    assert "z = 1" not in found[1] and bodies(broken, {"g"}) == found[1:]


def test_tokens_drop_names_and_literals_and_keep_numpy():
    same = tokens("total = np.sum(a[0], axis=1)  # all"), tokens('s = np.sum( b[7],\n axis = "x")')
    assert same[0].tolist() == same[1].tolist()
    assert tokens("np.sum(a)").tolist() != tokens("np.mean(a)").tolist()
    assert len(hashes(tokens("a b c"))) == 0
    for odd in ("", "'''", '"unclosed', "\\", "€ $ ?", "\x00"):
        tokens(odd)


def test_three_hundred_submissions_take_seconds_and_little_memory():
    sources = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "manual").glob("*.py"))]

    def handed_in():
        for k in range(300):
            yield hand_in(f"s{k}", "\n".join(sources[(k * j) % len(sources)] for j in range(1, 5)))

    start = time.monotonic()
    pairs(handed_in(), [])  # type: ignore[arg-type]
    assert time.monotonic() - start < 20
    tracemalloc.start()
    pairs([hand_in("a", "x = 1\n" * 200_000), hand_in("b", "y = 2\n" * 200_000)], [])
    assert tracemalloc.get_traced_memory()[1] < 100 << 20
    tracemalloc.stop()


# Summary ----------------------------------------------------------------------------------------


def result(name, score, mistake=None, verdict="wrong"):
    verdict = "correct" if score == 2.0 else verdict
    entry = {"name": "relu_backward", "verdict": verdict, "score": score, "max_score": 2.0,
             "mistake": mistake, "message": "", "parts": [], "remarks": []}  # fmt: skip
    return {"submission": name, "assignment": "hw1", "problems": [entry], "max_score": 2.0}


RESULTS = [
    result("a", 2.0), result("b", 0.0, "sign $x$"), result("c", 0.5, "sign $x$"),
    result("d", 0.0, "relu at zero"),
    result("e", float("nan"), verdict="raises") | {"official": False},
]  # fmt: skip


def test_a_class_in_numbers():
    found = summary(RESULTS)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert (found["submissions"], found["practice"], found["all_right"]) == (5, 1, 1)
    assert found["verdicts"] == {"relu_backward": {"wrong": 3, "correct": 1, "raises": 1}}
    assert found["mistakes"] == {"relu_backward": {"sign $x$": 2, "relu at zero": 1}}
    scores = found["scores"]
    assert (scores["mean"], scores["median"], scores["lowest"], scores["highest"]) == (0.5, 0, 0, 2)
    counts = [each["count"] for each in scores["distribution"]]
    assert counts == [3, 0, 1, 0, 0, 0, 0, 0, 0, 1]
    assert summary([])["scores"]["mean"] is None


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_a_class_as_a_picture(tmp_path, ending):
    odd = result("f", 0.0, "学生 <b> $\\frac{$")
    for results in ([*RESULTS, odd], []):
        path = tmp_path / f"class.{ending}"
        plot(results, path)
        first = path.read_bytes()
        assert first.startswith(b"<?xml" if ending == "svg" else b"\x89PNG")
        plot(results, path)
        assert path.read_bytes() == first, "the same picture each time"


def test_a_picture_needs_an_ending_of_one(tmp_path):
    with pytest.raises(ValueError, match=r"expected \.svg"):
        plot(RESULTS, tmp_path / "class.xyz")


def test_penalty_needs_nothing_but_the_late_table():
    assert penalty(SimpleNamespace(late={"due": DUE, "percent": 10}), DUE)[0] == 1.0
