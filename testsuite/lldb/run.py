#!/usr/bin/env python3
"""Runs scenarios with LLDB: run.py --list, or run.py --backspin PROGRAM --firmware DIRECTORY --lldb LLDB NAME...

A NAME is a scenario (forward.steps) or all of a module (reverse); without one, all run. Those of reverse.py want LLDB 21 or
newer.
"""

import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "gdb")]

import forward  # noqa: E402,F401  (its scenarios register themselves)
import harness  # noqa: E402
import reverse  # noqa: E402,F401


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--backspin")
    parser.add_argument("--firmware")
    parser.add_argument("--lldb", default="lldb")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    if options.list:
        print("\n".join(harness.scenarios))
        return 0
    if not options.backspin or not options.firmware:
        parser.error("--backspin and --firmware say what to test")
    wanted = {name: function for name, function in harness.scenarios.items()
              if not options.names or name in options.names or name.split(".")[0] in options.names}
    if not wanted:
        parser.error(f"no scenario is called {' '.join(options.names)}; see --list")
    backspin, firmware = (pathlib.Path(path).resolve() for path in (options.backspin, options.firmware))
    return harness.run(wanted, lambda: harness.Bench(backspin, firmware, "gdb-multiarch", options.lldb))


sys.exit(main())
