#!/usr/bin/env python3
"""Runs scenarios with debug adapters: run.py --list, or run.py --backspin PROGRAM --firmware DIRECTORY [NAME...]

The adapters are those that testsuite/clients/fetch has fetched.
"""

import argparse
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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--backspin")
    parser.add_argument("--firmware")
    parser.add_argument("--gdb", default=CLIENTS / "gdb-16" / "gdb-16")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    names = {name.removeprefix("scenarios."): function for name, function in harness.scenarios.items()}
    if options.list:
        print("\n".join(names))
        return 0
    if not options.backspin or not options.firmware:
        parser.error("--backspin and --firmware say what to test")
    wanted = {name: function for name, function in names.items() if not options.names or name in options.names}
    if not wanted:
        parser.error(f"no scenario is called {' '.join(options.names)}; see --list")
    backspin, firmware = (pathlib.Path(path).resolve() for path in (options.backspin, options.firmware))
    return harness.run(wanted, lambda: Bench(backspin, firmware, options.gdb))


sys.exit(main())
