"""The ways to run the same that `compare` measures: Backspin's verbs, with all that going back needs and without, and QEMU's
modes. Each is a command for a machine, which is a bare ELF file or a `machines.Wanted`."""

import dataclasses
import json
import pathlib
import subprocess

import linux
import machines

RECORD, REPLAY, RUN = "record", "replay", "run"
MACHINE = "record: machine"  # no way of its own, but what of record's time is the machine's thread's
QEMU, ICOUNT, RR = "qemu", "qemu -icount", "qemu rr=record"
OURS = (RECORD, REPLAY, RUN)
PEERS = (QEMU, ICOUNT, RR)
MEANING = {
    RECORD: "`backspin record`: recording, snapshots, digests and access index",
    REPLAY: "`backspin replay` of that recording, every digest compared",
    RUN: "`backspin run`: nothing is kept",
    QEMU: "QEMU, plain TCG: counts nothing",
    ICOUNT: "QEMU `-icount shift=0`: counts exactly",
    RR: "QEMU `-icount shift=0,rr=record`: counts and records",
}
DOES_NOT_COUNT = (QEMU,)  # its minstret is the host's time


@dataclasses.dataclass(frozen=True)
class Bare:
    """A program for the bare board."""
    elf: pathlib.Path


class Contenders:
    """`engine`: what Backspin's --engine is given, if anything. `qemu`: its path, if it takes part. `ways`: these only."""

    def __init__(self, backspin, engine, qemu, ways, scratch):
        self.backspin, self.qemu, self.engine = str(backspin), qemu, engine
        self.options = ["--engine", engine] if engine else []
        self.recording, self.rr_log = str(scratch / "run.bsp"), str(scratch / "qemu.rr")
        self.ways = [way for way in (*OURS, *PEERS) if (not ways or way in ways) and (qemu or way in OURS)]

    def order(self, number):
        """Of this round: another comes first in each, and a replay right behind its recording."""
        turn = [way for way in self.ways if way != REPLAY]
        first = number % len(turn)
        turn = turn[first:] + turn[:first]
        if REPLAY in self.ways:
            turn.insert(turn.index(RECORD) + 1, REPLAY)
        return turn

    def command(self, way, machine):
        if way == REPLAY:
            return [self.backspin, "replay", *self.options, "--console", "stdio", self.recording]
        return self.own_command(way, machine) if way in OURS else self.qemu_command(way, machine)

    def own_command(self, way, machine):
        saved = ["--force"] if way == RECORD else []
        if isinstance(machine, Bare):
            saved = ["--save", self.recording, *saved] if way == RECORD else []
            return [self.backspin, "run", *self.options, "--console", "stdio", *saved, str(machine.elf)]
        return linux.Backspin(self.backspin, self.options + saved).command(machine, self.recording if way == RECORD else None)

    def qemu_command(self, way, machine):
        counting = {QEMU: [], ICOUNT: ["-icount", "shift=0"], RR: ["-icount", f"shift=0,rr=record,rrfile={self.rr_log}"]}[way]
        if isinstance(machine, Bare):
            return [self.qemu, "-M", "virt", "-bios", "none", "-display", "none", "-nic", "none", "-monitor", "none",
                    "-serial", "stdio", *counting, "-kernel", str(machine.elf)]
        return machines.Qemu(self.qemu).command(machine) + counting

    def described(self):
        """What takes part, for whoever reads the figures later."""
        said = {"backspin": first_line([self.backspin, "--version"]), "engine": self.engine or "its own choice"}
        return said | ({"qemu": first_line([self.qemu, "--version"])} if self.qemu else {})


def first_line(command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()[0]


def steps_of(backspin, recording):
    said = subprocess.run([backspin, "info", "--json", recording], stdout=subprocess.PIPE, check=True)
    return json.loads(said.stdout)["end"]["step"]
