"""Runs the benchmark kernels in an emulator and reads what they print."""

import ctypes
import os
import pathlib
import re
import subprocess
import time
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
    thread: float  # of them, those of the thread that the machine runs on, the program's first; good to some milliseconds

    @property
    def mips(self):
        return self.instructions / self.seconds / 1e6


def cpu_clock_of(pid):
    """The clock that counts the CPU time of a process: of all its threads, those that have ended too. It is finer than
    /proc/PID/stat, blind to other load, and goes on being readable until the process is waited for."""
    clock = ctypes.c_int()
    error = ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(clock))
    if error:
        raise Failed(f"no CPU clock of process {pid}: {os.strerror(error)}")
    return clock.value


def thread_seconds(pid):
    """CPU time of a process's first thread: in Backspin, the one that the machine runs on."""
    return int(pathlib.Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e9


def run(command):
    """Runs the command to its end and gives its kernels by name, in their order."""
    kernels = {}
    began = {}
    done = False
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        clock = cpu_clock_of(process.pid)
        for raw in process.stdout:
            now = time.clock_gettime(clock), thread_seconds(process.pid)
            line = raw.decode(errors="replace").strip()
            if match := BEGIN.fullmatch(line):
                began[match[1]] = now
            elif (match := END.fullmatch(line)) and match[1] in began:
                # Both lines of a tiny kernel may be read at once.
                took = (max(after - before, 1e-9) for before, after in zip(began[match[1]], now))
                kernels[match[1]] = Kernel(int(match[2]), match[3], *took)
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
