#!/usr/bin/env python3
"""Runs third-party guests: run.py --list, or run.py (--backspin PROGRAM [--gdb GDB] [--lldb LLDB] | --qemu PROGRAM [--icount])
[NAME...]

A NAME is a scenario, as debian_on_one_hart; without one, all run. testsuite/guests/fetch must have been run. With
--qemu it is the scenarios that are tried; those of debugging.py and with_lldb.py are for Backspin alone.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

TESTSUITE = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTSUITE / "guests"), str(TESTSUITE / "gdb")]

import boots  # noqa: E402,F401  (its scenarios register themselves)
import debugging  # noqa: E402,F401
import devices  # noqa: E402,F401
import harness  # noqa: E402
import machines  # noqa: E402
import with_lldb  # noqa: E402,F401
from harness import Process, check, scenarios as known  # noqa: E402


class Bench:
    """Where a scenario works: its emulator, a directory of its own, and what it started."""

    gdb_environment = harness.Bench.gdb_environment

    def __init__(self, emulator, gdb, lldb):
        self.emulator, self.gdb, self.lldb = emulator, gdb, lldb
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

    def debugged(self, wanted, *options):
        """The machine, waiting for a debugger before its first instruction."""
        self.backspin = self.emulator.program  # as the harness of the other scenarios names it
        self.console_file = self.directory / "console"
        words = [*self.emulator.words(wanted), "--gdb", ":0", "--console", f"file:{self.console_file}", *options]
        self.machine = self.keep(harness.Machine(self, words))
        return self.machine

    def debug(self, wanted, *options):
        """A gdb that knows the kernel's symbols, attached to the machine before its first instruction."""
        machine = self.debugged(wanted, *options)
        gdb = self.keep(harness.Gdb(self))
        gdb("symbol-file " + machines.fetched("vmlinux.symbols"))
        gdb.attach(machine)
        return gdb

    def debug_with_lldb(self, wanted):
        """The same with lldb."""
        machine = self.debugged(wanted)
        lldb = self.keep(harness.Lldb(self))
        lldb("target create " + machines.fetched("vmlinux.symbols"))
        lldb.attach(machine)
        return lldb

    def wait_for_console(self, text):
        """What the machine that is debugged has printed, as soon as it ends with this text."""
        deadline = time.monotonic() + machines.PATIENCE
        while True:
            seen = self.console_file.read_bytes().decode(errors="replace")
            if seen.removesuffix(machines.Console.CURSOR_QUESTION).endswith(text):
                return seen
            check(time.monotonic() < deadline, f"no {text!r} on the console:\n{seen[-2000:]}")
            time.sleep(0.1)

    def end_machine(self):
        self.machine.interrupt()
        self.machine.wait(machines.PATIENCE)

    def check_recording(self, console):
        self.emulator.check_recording(self, self.recording, console.seen)

    def check_recording_elsewhere(self, console):
        """The same where nothing of what was there is: no disk, no socket, no network, another clock and folder."""
        environment = {"PATH": os.environ["PATH"], "TZ": "Pacific/Chatham", "LC_ALL": "C.UTF-8"}
        without_network = ["unshare", "--user", "--net"]
        if subprocess.run([*without_network, "true"], stderr=subprocess.DEVNULL).returncode != 0:
            without_network = []  # this computer does not let its users do that
        with tempfile.TemporaryDirectory(prefix="elsewhere-") as elsewhere:
            recording = pathlib.Path(shutil.move(self.recording, elsewhere))
            shutil.rmtree(self.directory)
            self.emulator.check_recording(self, recording, console.seen, without_network, environment)

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
    parser.add_argument("--gdb", default="gdb-multiarch")
    parser.add_argument("--lldb", default="lldb")
    parser.add_argument("--icount", action="store_true", help="QEMU counts instructions: deterministic time")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    names = {name.split(".")[-1]: function for name, function in known.items()
             if not options.qemu or not (name.startswith(("debugging.", "with_lldb.")) or hasattr(function, "backspin_alone"))}
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
    return harness.run({name: names[name] for name in options.names or names},
                       lambda: Bench(emulator_of(options), options.gdb, options.lldb))


sys.exit(main())
