#!/usr/bin/env python3
"""Runs scenarios with debug adapters: run.py --list, or run.py --backspin PROGRAM --firmware DIRECTORY [NAME...]

The adapters are those that testsuite/clients/fetch has fetched.
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
CLIENTS = HERE.parents[1] / "build" / "clients"
sys.path[:0] = [str(HERE), str(HERE.parent / "gdb")]

import harness  # noqa: E402
import scenarios  # noqa: E402,F401  (they register themselves)


class Bench(harness.Bench):
    adapter = CLIENTS / "cdt-gdb-adapter" / "node_modules" / "cdt-gdb-adapter" / "dist" / "debugTargetAdapter.js"

    def debugger(self, program=None):
        """The system's gdb, beside the one that is an adapter."""
        own, self.gdb = self.gdb, "gdb-multiarch"
        try:
            return super().debugger(program)
        finally:
            self.gdb = own


sys.exit(harness.main(__doc__, clients={"gdb": CLIENTS / "gdb-16" / "gdb-16"}, modules=False, bench=Bench))
