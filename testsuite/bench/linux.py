"""Boots Debian's kernel to its shell prompt in an emulator, and measures what that costs."""

import dataclasses
import json
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import kernels

TESTSUITE = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTSUITE / "guests"), str(TESTSUITE / "gdb")]

import machines  # noqa: E402

PROMPT = machines.Shell.PROMPT.encode()
MONITOR = re.compile(rb"instruction count = (\d+)\s")


@dataclasses.dataclass
class Boot:
    seconds: float  # of CPU time, of all the emulator's threads
    peak: int  # bytes of resident memory, at most


class Booted:
    """An emulator whose guest has come to its prompt; it ends with the `with` block."""

    def __init__(self, command):
        self.command = command

    def __enter__(self):
        # A pipe on which somebody might still type: the emulator goes on as at a terminal.
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        clock = kernels.cpu_clock_of(self.process.pid)
        try:
            self.read_to_prompt()
            self.boot = Boot(time.clock_gettime(clock), self.peak_bytes())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def read_to_prompt(self):
        said = b""
        while PROMPT not in said:
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            if not more:
                raise kernels.Failed(f"{' '.join(map(str, self.command))}: ended before the prompt:\n"
                                     f"{said[-500:].decode(errors='replace')}")
            said += more

    def peak_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)[1]) << 10


class Backspin(machines.Backspin):
    def instructions(self, wanted):
        """Steps to the prompt, as the recording of one more boot says."""
        with tempfile.TemporaryDirectory(prefix="backspin-") as directory:
            recording = os.path.join(directory, "boot.bsp")
            with Booted(self.command(wanted, recording)) as booted:
                booted.process.send_signal(signal.SIGTERM)
                booted.process.communicate()
            said = subprocess.run([self.program, "info", "--json", recording], stdout=subprocess.PIPE, check=True)
            return json.loads(said.stdout)["end"]["step"]


class Qemu(machines.Qemu):
    def instructions(self, wanted):
        """What QEMU counts when it records one more boot. With several harts it cannot, and this is nothing."""
        if wanted.harts > 1:
            return None
        with tempfile.TemporaryDirectory(prefix="backspin-") as directory:
            monitor = os.path.join(directory, "monitor")
            counting = ["-icount", f"rr=record,rrfile={directory}/replay", "-monitor", f"unix:{monitor},server=on,wait=off"]
            with Booted(self.command(wanted) + counting), socket.socket(socket.AF_UNIX) as connection:
                connection.connect(monitor)
                connection.sendall(b"stop\ninfo replay\n")
                said = b""
                while not (count := MONITOR.search(said)):
                    more = connection.recv(1 << 16)
                    if not more:
                        raise kernels.Failed("QEMU's monitor ended without a count of instructions")
                    said += more
                return int(count[1])


def run(emulator, wanted, records=False):
    """One boot to the prompt."""
    with tempfile.TemporaryDirectory(prefix="backspin-") as directory:
        recording = os.path.join(directory, "boot.bsp") if records else None
        with Booted(emulator.command(wanted, recording)) as booted:
            return booted.boot


def machine(harts=1, megabytes=256):
    return dataclasses.replace(machines.linux(harts), megabytes=megabytes)


# ---- what `run` prints

RAM_SIZES = (256, 4 << 10, 16 << 10)  # MiB


def ways_to_boot(backspin, qemu):
    """By label: what boots, and whether it is recorded. Steps of a nanosecond are as long as QEMU's instructions, so
    that what the guest does for a certain time takes as many; by default they are ten times as long."""
    ways = {"backspin --ns-per-step 1": (Backspin(backspin, ["--ns-per-step", "1"]), False),
            "backspin": (Backspin(backspin), False),
            "backspin --save": (Backspin(backspin), True)}
    return {"qemu -icount shift=0": (Qemu(qemu, icount=True), False), **ways} if qemu else ways


def print_boots(backspin, qemu, harts, rounds):
    """CPU seconds to the prompt of each way to boot, by turns."""
    wanted = machine(harts)
    ways = ways_to_boot(backspin, qemu)
    seconds = {label: [] for label in ways}
    for number in range(rounds):
        for label in sorted(ways, reverse=number % 2 == 1):
            print(f"boot on {harts} hart(s), round {number + 1} of {rounds}: {label}", file=sys.stderr)
            emulator, records = ways[label]
            seconds[label].append(run(emulator, wanted, records).seconds)
    print(f"\nLinux to its shell prompt on {harts} hart(s): CPU seconds as min / median / max of {rounds} rounds\n")
    print(f"{'':<26} {'instructions':>13}  {'seconds':>20}" + ("  of QEMU's" if qemu else ""))
    base = statistics.median(next(iter(seconds.values())))
    for label, (emulator, _) in ways.items():
        times = seconds[label]
        middle = statistics.median(times)
        instructions = emulator.instructions(wanted)
        counted = "not counted" if instructions is None else f"{instructions:,}"
        print(f"{label:<26} {counted:>13}  {min(times):>6.2f} {middle:>6.2f} {max(times):>6.2f}" +
              (f"  {middle / base:>9.2f}" if qemu else ""))


def print_memory(backspin, qemu):
    """What much RAM costs that the guest does not use. (It does use some of it: for a description of each page.)"""
    emulators = {"backspin": Backspin(backspin), **({"qemu -icount": Qemu(qemu, icount=True)} if qemu else {})}
    print("\nPeak of the emulator's resident memory up to Linux's shell prompt, in MiB\n")
    print(f"{'RAM':<10}" + "".join(f"  {name:>12}" for name in emulators))
    for megabytes in RAM_SIZES:
        print(f"{megabytes:>6} MiB", end="")
        for name, emulator in emulators.items():
            print(f"  {run(emulator, machine(1, megabytes)).peak >> 20:>12,}", end="", flush=True)
        print()
