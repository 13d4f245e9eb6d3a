#!/usr/bin/env python3
"""Runs end-to-end scenarios: run.py --list, or run.py --backspin PROGRAM --firmware DIRECTORY [--gdb GDB] NAME...

A NAME is a scenario (watch.forward) or all of a module (watch); without one, all run.
"""

import argparse
import importlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import harness  # noqa: E402  (found through the line above)


def load():
    for path in sorted((harness.HERE / "scenarios").glob("[a-z]*.py")):
        importlib.import_module(f"scenarios.{path.stem}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--backspin")
    parser.add_argument("--firmware")
    parser.add_argument("--gdb", default="gdb-multiarch")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    load()
    if options.list:
        print("\n".join(harness.scenarios))
        return 0
    if not options.backspin or not options.firmware:
        parser.error("--backspin and --firmware say what to test")
    wanted = [name for name in harness.scenarios
              if not options.names or name in options.names or name.split(".")[0] in options.names]
    if not wanted:
        parser.error(f"no scenario is called {' '.join(options.names)}; see --list")
    return harness.run({name: harness.scenarios[name] for name in wanted},
                       lambda: harness.Bench(pathlib.Path(options.backspin).resolve(), pathlib.Path(options.firmware).resolve(), options.gdb))


sys.exit(main())
