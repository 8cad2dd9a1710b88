"""What a student is told of a mistake: a question, and with each attempt a little more."""

import re

from reference.grading.naming import Named

WORDS = 40
# Names that stand on our side alone: such a line would tell a student nothing.
OURS = re.compile(r"(?<![\w.])_[a-z]|\b\w+_is\b|\bBetween\b|\bcache\[\d\]")

# The kinds of mistakes, by words of their description; the first that fits.
CATEGORIES = (
    ("what is remembered", r"running|cache|momentum|memory|written into|moving average"),
    ("the sign", r"\bsign\b|negative|\bminus\b|subtracted .* added|added .* subtracted"),
    ("the shape", r"\bshape\b|transpos|flatten|keepdims|\baxis of 1\b"),
    (
        "the axis or the sum",
        r"\baxis\b|\baxes\b|\bsum|\bmean over\b|\brows\b|columns|last row|broadcast|added up"
        r"|add up|overwrit|accumul",
    ),
    (
        "the scale",
        r"divid|batch size|\btwice\b|\bhalf\b|factor|scal|1/N|\bmean\b|times|doubled|squared",
    ),
    (
        "a path of the chain rule",
        r"path|constant|missing|left out|dropped|never|only|ignore|upstream|not used",
    ),
    ("a mask or a condition", r"mask|kept|\bkeep\b|where|margin|max\b|tie"),
    ("numbers that overflow", r"overflow|huge|stab|log of|exp"),
)


def category(named: Named) -> str:
    """What kind of mistake it is."""
    for name, words in CATEGORIES:
        if re.search(words, named.says, re.I):
            return name
    return "the formula"


def hint(named: Named, level: str, alone: bool = False) -> str:
    """A question of at most 40 words; level: "category", "cause" or "algebra".

    alone: it explains all that is wrong, so that its outputs need not be named again
    """
    more = len(named.outputs) - 3
    what = " and ".join(named.outputs[:3]) + (f" and {more} more" if more > 0 else "")
    where = "" if alone else f"In {what}: "
    if level == "category":
        return _short(f"Look at {what} again: could it be {category(named)}?")
    if level == "cause" or not named.right or "\n" in named.wrong:  # no line to be shown
        return _short(f"Could this be it, in {what}? {named.says}")
    if OURS.search(named.right + named.wrong):
        return _short(where + named.says)
    line = f" The line is `{_line(named.right)}`, yours acts like `{_line(named.wrong)}`: see why?"
    told = where + named.says + line
    return told if len(told.split()) <= WORDS else _short(where + named.says)


def _line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 90 else text[:87] + "..."


def _short(text: str) -> str:
    words = text.split()
    if len(words) <= WORDS:
        return (
            text
            if text.endswith("?")
            else text.rstrip() + " Do you see why?" * (len(words) <= WORDS - 4)
        )
    cut = " ".join(words[: WORDS - 1])
    return cut + " ...?"
