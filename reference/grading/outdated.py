"""Code that only Python 2 or an old NumPy runs: what says so, and the line that cures it."""

import re
from typing import Any

DIVISION = "/ gives a float since Python 3: write //"
ONE_NUMBER = "an array of one number is no number any more: write a.item()"
# What an error says, and what to write instead.
CURES = (
    (r"name 'xrange' is not defined", "xrange is Python 2's: write range"),
    (r"name '(unicode|raw_input|long|basestring|reduce)' is not defined", r"\1 is Python 2's"),
    (r"Missing parentheses in call to 'print'", "print is a function since Python 3: print(...)"),
    (r"inconsistent use of tabs", "tabs and spaces are mixed, which Python 2 allowed: use spaces"),
    (r"unindent does not match", "tabs and spaces are mixed, which Python 2 allowed: use spaces"),
    (r"multiple exception types must be parenthesized", "write except Error as name:"),
    (r"leading zeros in decimal|invalid decimal literal", "a number of Python 2: write 0o17, no L"),
    (r"has no attribute '(iteritems|iterkeys|itervalues|has_key)'",
     r"\1 is Python 2's: write .items() or in"),
    (r"module 'numpy' has no attribute '(\w+)'",
     r"np.\1 was removed from NumPy: write its new name"),
    (r"`np\.(\w+)` was (?:a deprecated alias|removed)", r"np.\1 was removed from NumPy: write \1"),
    (r"'float' object cannot be interpreted as an integer",
     DIVISION),
    (r"slice indices must be integers", DIVISION),
    (r"only integers, slices .* are valid indices", DIVISION),
    (r"only 0-dimensional arrays can be converted to Python scalars|only length-1 arrays can be",
     ONE_NUMBER),
    (r"No module named 'cPickle'", "cPickle is Python 2's: import pickle"),
)  # fmt: skip
# What the text of a file shows that does not compile.
OLD_TEXT = ((r"^[ \t]*print[ \t]+[^(=\s]", "print is a function since Python 3: print(...)"),
            (r"^[ \t]*except[ \t]+[\w.]+[ \t]*,[ \t]*\w+[ \t]*:",
             "write except Error as name:"))  # fmt: skip


# What may be a question of age, and may not: it is, if the code is right when cured.
PERHAPS = r"setting an array element with a sequence"


def cure(error: dict[str, Any], files: dict[str, str]) -> str:
    """The one-line cure of an error that is one of age; "" for any other."""
    told = f"{error['type']}: {error['message']}"
    for pattern, what in CURES:
        found = re.search(pattern, told)
        if found:
            if "numpy" in pattern and found[1] not in _removed():
                continue
            return found.expand(what)
    return ""


def cure_of_text(text: str) -> str:
    """The same for a file that does not compile."""
    for pattern, what in OLD_TEXT:
        if re.search(pattern, text, flags=re.M):
            return what
    return ""


def _removed() -> set[str]:
    from reference.grading.box.old import OLD_NUMPY

    return set(OLD_NUMPY)
