#!/usr/bin/env python3
"""Runs scenarios with LLDB: run.py --list, or run.py --backspin PROGRAM --firmware DIRECTORY --lldb LLDB NAME...

A NAME is a scenario (forward.steps) or all of a module (reverse); without one, all run. Those of reverse.py want LLDB 21 or
newer.
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "gdb")]

import forward  # noqa: E402,F401  (its scenarios register themselves)
import harness  # noqa: E402
import reverse  # noqa: E402,F401


sys.exit(harness.main(__doc__, clients={"gdb": "gdb-multiarch", "lldb": "lldb"}))
