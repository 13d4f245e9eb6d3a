"""Runs the benchmark kernels in an emulator and reads what they print."""

import os
import re
import subprocess
from dataclasses import dataclass

BEGIN = re.compile(r"BEGIN (\w+)")
END = re.compile(r"END (\w+) (\d+) ([0-9a-f]{16})")


class Failed(Exception):
    """The kernels did not run to their end."""


@dataclass
class Kernel:
    instructions: int
    checksum: str
    seconds: float  # of CPU time, of all the emulator's threads

    @property
    def mips(self):
        return self.instructions / self.seconds / 1e6


class CpuClock:
    """CPU time that the threads of a process have used. Finer than /proc/PID/stat, and blind to other load."""

    def __init__(self, pid):
        self._tasks = f"/proc/{pid}/task"
        self._nanoseconds = {}  # by thread; those that have ended keep theirs

    def seconds(self):
        for thread in os.listdir(self._tasks):
            try:
                with open(f"{self._tasks}/{thread}/schedstat") as schedstat:
                    self._nanoseconds[thread] = int(schedstat.read().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                pass  # the thread has just ended
        return sum(self._nanoseconds.values()) / 1e9


def run(command):
    """Runs the command to its end and gives its kernels by name, in their order."""
    kernels = {}
    began = {}
    done = False
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        clock = CpuClock(process.pid)
        for raw in process.stdout:
            now = clock.seconds()
            line = raw.decode(errors="replace").strip()
            if match := BEGIN.fullmatch(line):
                began[match[1]] = now
            elif (match := END.fullmatch(line)) and match[1] in began:
                kernels[match[1]] = Kernel(int(match[2]), match[3], now - began[match[1]])
            elif line == "DONE":
                done = True
    if process.returncode != 0 or not done:
        raise Failed(f"{' '.join(map(str, command))}: ended with code {process.returncode}, "
                     f"after {len(kernels)} kernels")
    return kernels


def differences(expected, found, what):
    """Texts about each kernel in which `found` differs from `expected`; `what` takes of a kernel what to compare."""
    return [f"{name}: {what(found[name]) if name in found else 'missing'} instead of {what(expected[name])}"
            for name in expected if name not in found or what(found[name]) != what(expected[name])]
