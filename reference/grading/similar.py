"""Which submissions are alike: for a person to look at, never a verdict.

Of the graded functions' bodies, names and literals are dropped, comments and layout ignored; what
is left is a string of tokens, of which winnowing (Schleimer, Wilkerson and Aiken, 2003) keeps a few
hashes: any run of 22 equal tokens leaves an equal hash. What the course hands out, and what many
submissions have, is not counted. A submission is kept as its hashes alone.
"""

import keyword
import re
import zlib
from collections.abc import Iterable
from functools import cache

import numpy as np

from reference.grading.submission import Submission

RUN = 15  # tokens in a hash
WINDOW = 8  # hashes of which one is kept: RUN + WINDOW - 1 equal tokens are always seen
ENOUGH = 12  # hashes without which nothing can be said
SHARE = 0.5  # pairs below are not listed
# What more submissions than this have is what the task itself makes people write.
MANY, MANY_SHARE = 10, 0.1

_TOKENS = re.compile(
    r"""(?P<string>[rbfuRBFU]{0,2}(?:\"\"\".*?(?:\"\"\"|\Z)|'''.*?(?:'''|\Z)"""
    r"""|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))"""
    r"""|(?P<comment>\#[^\n]*)|(?P<number>(?:\d[\w.]*|\.\d\w*)(?:(?<=[eE])[+-]\d+)?)"""
    r"""|(?P<name>[^\W\d]\w*)|(?P<sign>\*\*=?|//=?|[<>]{2}=?|[-+*/%@&|^=!<>:]=|->|[^\w\s])""",
    re.S,
)


def pairs(
    submissions: Iterable[Submission], provided: list[str], names: Iterable[str] | None = None
) -> list[tuple[str, str, float]]:
    """The pairs that share much, the most alike first: name, name, share of the smaller one.

    provided: sources that the course hands out
    names: the graded functions, as "affine_forward" or "Linear.backward"; None for all
    """
    wanted = None if names is None else {name.rpartition(".")[2] for name in names}
    common: set[int] = set()
    for text in provided:
        common.update(hashes(tokens(text)).tolist())
    kept: list[tuple[str, set[int]]] = []
    for each in submissions:
        own: set[int] = set()
        for path in sorted(each.files):
            for body in bodies(each.files[path], wanted):
                own.update(winnowed(hashes(tokens(body))).tolist())
        kept.append((each.name, own - common))
    often: dict[int, int] = {}
    for _, own in kept:
        for each in own:
            often[each] = often.get(each, 0) + 1
    most = max(MANY, MANY_SHARE * len(kept))
    usual = {each for each, count in often.items() if count > most}
    rare = [(name, own - usual) for name, own in kept]
    rare = [(name, own) for name, own in rare if len(own) >= ENOUGH]
    found = []
    for k, (one, a) in enumerate(rare):
        for two, b in rare[:k]:
            share = len(a & b) / min(len(a), len(b))
            if share >= SHARE:
                found.append((two, one, round(share, 3)))
    return sorted(found, key=lambda pair: (-pair[2], pair[0], pair[1]))


def bodies(text: str, wanted: set[str] | None) -> list[str]:
    """The bodies of functions, by their indentation: Python 2 and broken files have them too."""
    # Strings first: a docstring may hold anything, at any depth.
    text = _TOKENS.sub(lambda m: "''" if m["string"] else "" if m["comment"] else m[0], text)
    lines = text.expandtabs().split("\n")
    found = []
    k = 0
    while k < len(lines):
        start = re.match(r"( *)def\s+(\w+)", lines[k])
        k += 1
        if not start or (wanted is not None and start[2] not in wanted):
            continue
        body = [lines[k - 1].partition("):")[2]]
        while k < len(lines) and (
            not lines[k].strip()
            or len(lines[k]) - len(lines[k].lstrip()) > len(start[1])
            or lines[k].strip()[0] in ")]}"
        ):
            body.append(lines[k])
            k += 1
        found.append("\n".join(body))
    return found


def tokens(text: str) -> np.ndarray:
    """A number for each token: names and literals one each, what NumPy and Python call so kept."""
    return np.array([_number(m) for m in _TOKENS.finditer(text) if not m["comment"]], np.uint64)


def _number(match: re.Match[str]) -> int:
    if match["name"]:
        word = match["name"]
        return zlib.crc32(word.encode()) if word in _vocabulary() else 1
    return 2 if match["string"] or match["number"] else zlib.crc32(match[0].encode())


@cache
def _vocabulary() -> frozenset[str]:
    """Names that are not the writer's own choice."""
    return frozenset(keyword.kwlist) | frozenset(dir(np)) | frozenset(dir(np.ndarray)) | {"range"}


def hashes(numbers: np.ndarray) -> np.ndarray:
    """A hash of each run of tokens."""
    count = len(numbers) - RUN + 1
    if count <= 0:
        return np.zeros(0, np.uint64)
    found = np.zeros(count, np.uint64)
    with np.errstate(over="ignore"):
        for k in range(RUN):
            found = found * np.uint64(0x100000001B3) + numbers[k : k + count]
        found ^= found >> np.uint64(29)  # the low bits of a product know little of the high ones
        found *= np.uint64(0xBF58476D1CE4E5B9)
    return found ^ (found >> np.uint64(32))


def winnowed(found: np.ndarray) -> np.ndarray:
    """The least hash of each window."""
    if len(found) <= WINDOW:
        return found[:1] if len(found) == 0 else np.array([found.min()], np.uint64)
    return np.unique(np.lib.stride_tricks.sliding_window_view(found, WINDOW).min(axis=1))
