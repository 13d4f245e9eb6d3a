#!/usr/bin/env python3
"""Every test that docs/determinism.md names exists: named_tests.py SOURCES

A name is code in the text: Suite.Name is looked for in the C++ tests, guests.name and e2e.module.name among the scenarios.
"""

import pathlib
import re
import subprocess
import sys

NAME = re.compile(r"`((?:guests|e2e)(?:\.\w+)+|[A-Z]\w*\.[A-Z]\w*)`")
CPP_TEST = re.compile(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", re.M)
SLICES = re.compile(r"^backspin_slices_test\((\d+) ", re.M)


def scenarios(runner):
    return subprocess.run([sys.executable, "-B", runner, "--list"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()


def existing(testsuite):
    names = {f"{suite}.{name}" for path in testsuite.glob("*/*_test.cpp") for suite, name in CPP_TEST.findall(path.read_text())}
    names |= {f"guests.{name}" for name in scenarios(testsuite / "guests" / "run.py")}
    names |= {f"e2e.{name}" for name in scenarios(testsuite / "gdb" / "run.py")}
    build_file = (testsuite / "guests" / "CMakeLists.txt").read_text()
    return names | {f"guests.slices_on_{harts}_harts" for harts in SLICES.findall(build_file)}


def main():
    root = pathlib.Path(sys.argv[1])
    named = set(NAME.findall((root / "docs" / "determinism.md").read_text()))
    missing = sorted(named - existing(root / "testsuite"))
    for name in missing:
        print(f"docs/determinism.md names {name}, and there is no such test")
    print(f"{len(named)} tests are named")
    return 1 if missing or not named else 0


sys.exit(main())
