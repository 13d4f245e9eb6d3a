"""A debugging session as the benchmark of going back drives it: what a request costs its server, and where it led."""

import dataclasses
import os
import pathlib
import re
import subprocess
import time

import kernels
import rsp
from kernels import thread_seconds

POSITION = re.compile(r"position (\d+) of (\d+)")
PATIENCE = 300  # seconds for a move, which may run through all of a recording


@dataclasses.dataclass
class Cost:
    wall: float  # seconds from the request to its answer, as the client sees them
    thread: float  # CPU seconds of the server's thread that the machine runs on
    process: float  # CPU seconds of all its threads


def wait_until_asleep(pid):
    """The time that a thread has used is complete only when it is off its CPU. It is, soon after it has answered."""
    stat = pathlib.Path(f"/proc/{pid}/task/{pid}/stat")
    for _ in range(1000):
        if stat.read_text().rsplit(")", 1)[1].split()[0] == "S":
            return


class Session:
    """A server with its client; it ends with the `with` block. `console`: whether the guest's output is read."""

    def __init__(self, command, console=False):
        # A pipe on which somebody might still type: the server goes on as at a terminal.
        self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE if console else subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.pid = self.process.pid
        self.client = None

    def __enter__(self):
        try:
            self.clock = kernels.cpu_clock_of(self.pid)
            self.client = rsp.Client(self.listening_port(), PATIENCE)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.client:
            self.client.close()
        self.process.kill()
        self.process.communicate()

    def listening_port(self):
        said = b""
        while not (found := re.search(rb"Listening on port (\d+)", said)):
            more = os.read(self.process.stderr.fileno(), 1 << 12)
            if not more:
                raise kernels.Failed(f"{' '.join(self.process.args)}: {said.decode(errors='replace').strip()}")
            said += more
        return int(found[1])

    # ---- what a request costs

    def measured(self, request):
        """(what the request gives, its Cost)."""
        wait_until_asleep(self.pid)
        thread, process = thread_seconds(self.pid), time.clock_gettime(self.clock)
        begin = time.perf_counter()
        answer = request()
        wall = time.perf_counter() - begin
        wait_until_asleep(self.pid)
        return answer, Cost(wall, thread_seconds(self.pid) - thread, time.clock_gettime(self.clock) - process)

    def cost(self, request):
        return self.measured(request)[1]

    def move(self, packet, wanted=""):
        """Its Cost. Fails unless the stop reply has what is wanted."""
        said, cost = self.measured(lambda: self.client.move(packet))
        if not said.startswith("T") or wanted not in said:
            raise kernels.Failed(f"{packet}: stopped as {said}, not at {wanted or 'a place'}")
        return cost

    def back(self, wanted="watch"):
        return self.move("bc", wanted)

    def forward(self, wanted="replaylog:end"):
        return self.move("vCont;c", wanted)

    # ---- places

    def position(self):
        return int(POSITION.search(self.client.monitor("when"))[1])

    def end(self):
        """The newest position there is."""
        return int(POSITION.search(self.client.monitor("when"))[2])

    def goto(self, place):
        return self.cost(lambda: self.client.monitor(f"goto {place}"))

    def register(self, number):
        """10 is a0, 32 the pc."""
        return int.from_bytes(bytes.fromhex(self.client.ask(f"p{number:x}")), "little")

    def stop_point(self, packet):
        """For a with block: Z of this on entry, z on exit; the condition, behind a semicolon, belongs to Z alone."""
        return StopPoint(self.client, packet)

    def watch(self, address):
        return self.stop_point(f"2,{address:x},8")

    def breakpoint(self, address, condition=None):
        code = f";X{len(condition):x},{condition.hex()}" if condition else ""
        return self.stop_point(f"0,{address:x},4{code}")


class StopPoint:
    def __init__(self, client, packet):
        self.client, self.packet = client, packet

    def __enter__(self):
        self.client.do("Z" + self.packet)

    def __exit__(self, kind, *_):
        if kind is None:
            self.client.do("z" + self.packet.split(";")[0])


def argument_is(value):
    """The bytecode that GDB 13 sends for `if ARGUMENT == VALUE`, of a first argument of 64 bits: register a0, 64 of its bits,
    a constant, 64 of its bits, equal, end. Where the low 8, 16 or 32 bits alone are equal, Backspin leaves it to its
    client to judge, because of a mistake that GDB makes with these widths."""
    return bytes([0x26, 0, 10, 0x2a, 64, 0x24, *value.to_bytes(4, "big"), 0x2a, 64, 0x13, 0x27])


def symbols(elf, nm="riscv64-unknown-elf-nm"):
    """Addresses by name."""
    lines = subprocess.run([nm, elf], stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    return {words[2]: int(words[0], 16) for words in map(str.split, lines) if len(words) == 3}
