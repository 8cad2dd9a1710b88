"""Runs a file as a module, by every loader there is."""
import importlib.machinery
import importlib.util
import runpy
import sys
import zipimport


def relu_forward(x):
    found = []
    sys.path.insert(0, "@PLACE@")
    sys.meta_path.append(importlib.machinery.PathFinder)
    for load in (
        lambda p: importlib.machinery.SourceFileLoader("m", p).load_module(),
        lambda p: importlib.util.spec_from_file_location("m", p).loader.get_data(p),
        lambda p: importlib.machinery.ExtensionFileLoader("m", p).get_data(p),
        lambda p: runpy.run_path(p),
        lambda p: zipimport.zipimporter(p),
        lambda p: importlib.import_module("canary").SECRET,
    ):
        try:
            found.append(repr(load("@PLACE@/canary.py")))
        except Exception as error:
            found.append(type(error).__name__)
    raise ValueError(" ".join(found))
