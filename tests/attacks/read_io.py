"""The other doors of the standard library to a file."""
import fileinput
import io
import linecache
import pathlib
import tokenize


def relu_forward(x):
    found = []
    for read in (
        lambda p: io.FileIO(p).read(),
        lambda p: io.open_code(p).read(),
        lambda p: pathlib.Path(p).read_text(),
        lambda p: linecache.getlines(p),
        lambda p: tokenize.open(p).read(),
        lambda p: list(fileinput.input([p])),
    ):
        try:
            found.append(str(read("@PLACE@/canary")))
        except Exception as error:
            found.append(type(error).__name__)
    raise ValueError(" ".join(found))
