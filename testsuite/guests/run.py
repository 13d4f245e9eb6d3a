#!/usr/bin/env python3
"""Runs third-party guests: run.py --list, or run.py (--backspin PROGRAM | --qemu PROGRAM [--icount]) [NAME...]

A NAME is a scenario, as debian_on_one_hart; without one, all run. testsuite/guests/fetch must have been run. With
--qemu it is the scenarios that are tried.
"""

import argparse
import pathlib
import shutil
import sys
import tempfile
import traceback

TESTSUITE = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTSUITE / "guests"), str(TESTSUITE / "gdb")]

import boots  # noqa: E402,F401  (its scenarios register themselves)
import machines  # noqa: E402
from harness import Process, scenarios as known  # noqa: E402


class Bench:
    """Where a scenario works: its emulator, a directory of its own, and what it started."""

    def __init__(self, emulator):
        self.emulator = emulator
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="backspin-"))
        self.recording = self.directory / "run.bsp"
        self.started = []

    def keep(self, process):
        self.started.append(process)
        return process

    def start(self, wanted):
        """The machine, recorded; its console."""
        command = self.emulator.command(wanted, self.recording)
        return machines.Console(self.keep(Process(command, cwd=self.directory)))

    def check_recording(self, console):
        self.emulator.check_recording(self, self.recording, console.seen)

    def close(self):
        for process in self.started:
            process.end()
        shutil.rmtree(self.directory, ignore_errors=True)


def emulator_of(options):
    program = pathlib.Path(options.backspin or options.qemu).resolve()
    return machines.Backspin(str(program)) if options.backspin else machines.Qemu(str(program), options.icount)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--backspin")
    parser.add_argument("--qemu")
    parser.add_argument("--icount", action="store_true", help="QEMU counts instructions: deterministic time")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    names = {name.split(".")[-1]: function for name, function in known.items()}
    if options.list:
        print("\n".join(names))
        return 0
    if bool(options.backspin) == bool(options.qemu):
        parser.error("one of --backspin and --qemu says what to run")
    for name in options.names:
        if name not in names:
            parser.error(f"no scenario is called {name}; see --list")
    if not (machines.GUESTS / "versions").exists():
        sys.exit("guests: they are not there yet; testsuite/guests/fetch gets them")
    failed = 0
    for name in options.names or names:
        bench = Bench(emulator_of(options))
        try:
            names[name](bench)
            print(f"{name}: ok", flush=True)
        except Exception:  # whatever goes wrong is this scenario's failure, and the next one runs
            failed += 1
            print(f"{name}: FAILED\n{traceback.format_exc()}", flush=True)
        finally:
            bench.close()
    return 1 if failed else 0


sys.exit(main())
