#!/usr/bin/env python3
"""Runs end-to-end scenarios: run.py --list, or run.py --backspin PROGRAM --firmware DIRECTORY [--gdb GDB] NAME...

A NAME is a scenario (watch.forward) or all of a module (watch); without one, all run.
"""

import importlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import harness  # noqa: E402  (found through the line above)


def load():
    for path in sorted((harness.HERE / "scenarios").glob("[a-z]*.py")):
        importlib.import_module(f"scenarios.{path.stem}")


load()
sys.exit(harness.main(__doc__))
