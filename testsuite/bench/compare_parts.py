"""The parts of `compare`: each runs its works in all ways, by turns, and gives a Comparison."""

import dataclasses
import pathlib
import statistics
import subprocess
import sys
import time

import figures
import jobs
import kernels
import linux
from comparison import Comparison
from contenders import DOES_NOT_COUNT, ICOUNT, MACHINE, QEMU, RECORD, REPLAY, RR, RUN, Bare


class Bench:
    """What is measured, and how often. `quick`: tiny works, to try the comparison itself. `coremark`: its sources, if any."""

    def __init__(self, directory, contenders, rounds, quick, scratch, coremark):
        self.directory, self.contenders, self.rounds, self.quick = directory, contenders, rounds, quick
        self.scratch, self.coremark = scratch, coremark

    def built(self, name):
        return self.directory / "testsuite" / "bench" / f"{name}{'_quick' if self.quick else ''}"

    def elf(self, name):
        path = self.built(name)
        return path.with_name(path.name + ".elf")

    def turns(self, what, ways=None):
        """(number of the round, way), of all or of these."""
        for number in range(self.rounds):
            for way in self.contenders.order(number):
                if ways is not None and way not in ways:
                    continue
                print(f"compare: {what}, round {number + 1} of {self.rounds}: {way}", file=sys.stderr)
                yield number, way


def say_wrong(wrong):
    if wrong:
        raise kernels.Failed("\n".join(f"WRONG {text}" for text in sorted(set(wrong))))


def compared_works(bench, title, what, machine, expected=None):
    """Runs what prints BEGIN and END lines. Checksums are those expected, or else all the same; counts of instructions are
    the same wherever they are counted, if the machine counts them at all."""
    comparison = Comparison(title, bench.contenders.ways, [])
    counted, wrong = None, []
    for _, way in bench.turns(what):
        found = kernels.run(bench.contenders.command(way, machine))
        expected = expected or found
        wrong += [f"{way}: checksum of {text}" for text in kernels.differences(expected, found, lambda kernel: kernel.checksum)]
        if way not in DOES_NOT_COUNT:
            counted = counted or found
            wrong += [f"{way}: instructions of {text}"
                      for text in kernels.differences(counted, found, lambda kernel: kernel.instructions)]
        for name, kernel in found.items():
            comparison.add(way, name, kernel.seconds)
            if way == RECORD:
                comparison.add(MACHINE, name, kernel.thread)
    say_wrong(wrong)
    if not expected:
        raise kernels.Failed(f"{what}: nothing was run")
    comparison.works = list(expected)
    comparison.show_part(RECORD, MACHINE)
    if counted and all(kernel.instructions for kernel in counted.values()):
        comparison.instructions = {name: kernel.instructions for name, kernel in counted.items()}
    return comparison


def aim_at_replay(comparison):
    comparison.aim("replay, times the speed of its recording", REPLAY, RECORD, 1.0)


def measure_kernels(bench):
    comparison = compared_works(bench, "Kernels", "kernels", Bare(bench.elf("kernels")), kernels.run([bench.built("kernels_native")]))
    comparison.aim("geometric mean, times qemu -icount", RECORD, ICOUNT, 3.0)
    comparison.aim("geometric mean, times plain qemu", RECORD, QEMU, 2.0)
    comparison.aim_of_each("the worst kernel, times qemu -icount", RECORD, ICOUNT, 1.0)
    aim_at_replay(comparison)
    return comparison


def measure_programs(bench):
    comparison = compared_works(bench, "Programs", "programs", Bare(bench.elf("programs")), kernels.run([bench.built("programs_native")]))
    comparison.aim_of_each("the worst program, times qemu -icount", RECORD, ICOUNT, 2.5)
    aim_at_replay(comparison)
    return comparison


# ---- CoreMark, of sources that the user has

PORT = pathlib.Path(__file__).parent / "kernels" / "coremark"
COREMARK = ("core_list_join.c", "core_matrix.c", "core_state.c", "core_util.c")


def build_coremark(bench):
    """(ELF file, program for the host)."""
    kernel = PORT.parent
    sources = [*(bench.coremark / name for name in COREMARK), PORT / "port.c", kernel / "main.c"]
    missing = [path.name for path in (bench.coremark / "core_main.c", *sources) if not path.exists()]
    if missing:
        raise kernels.Failed(f"{bench.coremark}: has no {', '.join(missing)}: give --coremark the folder of CoreMark's sources")
    elf, native, size = bench.scratch / "coremark.elf", bench.scratch / "coremark", ["-DQUICK"] if bench.quick else []
    ours = (bench.directory / "testsuite" / "bench" / "kernel_flags").read_text().splitlines()
    board = [kernel / "start.S", kernel / "board.c", "-T", kernel / "kernels.ld"]
    for compiler, platform, program in ((["riscv64-unknown-elf-gcc", *ours], board, elf), (["cc", "-O2"], [kernel / "native.c"], native)):
        command = [*compiler, *size, "-w", "-DPERFORMANCE_RUN=1", "-I", PORT, "-I", kernel, "-I", bench.coremark]
        renamed = bench.scratch / "core_main.o"
        subprocess.run([*command, "-Dmain=coremark_main", "-c", bench.coremark / "core_main.c", "-o", renamed], check=True)
        subprocess.run([*command, *platform, renamed, *sources, "-o", program], check=True)
    return elf, native


def measure_coremark(bench):
    elf, native = build_coremark(bench)
    comparison = compared_works(bench, "CoreMark's own sources", "coremark", Bare(elf), kernels.run([native]))
    comparison.aim("coremark, times qemu -icount", RECORD, ICOUNT, 2.5)
    aim_at_replay(comparison)
    return comparison


# ---- Linux


def seconds_to_prompt(command, way):
    """CPU time of all threads, and of the machine's. A recording is brought to its end, and a replay compares all of it."""
    with linux.Booted(command) as booted:
        thread = kernels.thread_seconds(booted.process.pid)
        if way == RECORD:
            booted.process.terminate()
        if way in (RECORD, REPLAY):
            said, _ = booted.process.communicate()
        if way == REPLAY and booted.process.returncode != 0:
            raise kernels.Failed(f"the replay of the boot ended with code {booted.process.returncode}: {said[-500:].decode(errors='replace')}")
        return booted.boot.seconds, thread


def measure_boot(bench):
    what = "boot to the shell"
    comparison = Comparison("Linux to its shell prompt, one hart", bench.contenders.ways, [what])
    for _, way in bench.turns("boot"):
        seconds, thread = seconds_to_prompt(bench.contenders.command(way, linux.machine()), way)
        comparison.add(way, what, seconds)
        if way == RECORD:
            comparison.add(MACHINE, what, thread)
    comparison.show_part(RECORD, MACHINE)
    comparison.aim("boot, times qemu rr=record", RECORD, RR, 1.5)
    comparison.aim("boot, times plain qemu", RECORD, QEMU, 1.0)
    aim_at_replay(comparison)
    return comparison


def measure_jobs(bench):
    machine = jobs.machine(bench.scratch, jobs.QUICK if bench.quick else jobs.Size())
    comparison = compared_works(bench, "Linux doing jobs in busybox, one hart", "jobs", machine)
    if comparison.works != jobs.NAMES:
        raise kernels.Failed(f"the guest did {comparison.works} instead of {jobs.NAMES}")
    comparison.aim_of_each("the worst job, times qemu -icount", RECORD, ICOUNT, 2.0)
    aim_at_replay(comparison)
    return comparison


# ---- the start

STARTS = 20  # in each round
SHORT = "a bare program"
LONG = "Linux's images"


def seconds_to_first_byte(command):
    """(wall time, CPU time) from before the emulator is started to what its guest's third instruction prints."""
    begin = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        said = process.stdout.read(1)
        wall = time.perf_counter() - begin
        cpu = time.clock_gettime(kernels.cpu_clock_of(process.pid))
        words = process.communicate()[1].decode(errors="replace").strip()
    if said != b"." or process.returncode != 0:
        raise kernels.Failed(f"{' '.join(command)}: printed {said!r}, ended with code {process.returncode}: {words}")
    return wall, cpu


def measure_start(bench):
    """Of a small program, and with a kernel of 30 MB to load. Nothing is recorded, and a replay begins like a run. Other load
    makes a start wait for its turn, which says nothing about it: so the CPU time is judged, and the wall time told."""
    ways = [way for way in bench.contenders.ways if way in (RUN, QEMU)]
    first = bench.directory / "testsuite" / "bench" / "first.elf"
    starts = {SHORT: Bare(first), LONG: dataclasses.replace(linux.machine(), bios=str(first))}
    comparison = Comparison("Start to the first guest instruction", ways, list(starts), short=True)
    walls = {work: [] for work in starts}
    for _, way in bench.turns("start", ways):
        for work, machine in list(starts.items()) * (1 if bench.quick else STARTS):
            wall, cpu = seconds_to_first_byte(bench.contenders.command(way, machine))
            comparison.add(way, work, cpu)
            if way == RUN:
                walls[work].append(1e3 * wall)
    if RUN in ways:
        comparison.goals = [
            figures.Figure(f"start with {work}", comparison.seconds[RUN, work], "ms", goal=20,
                           note=f"wall time {min(walls[work]):.1f} ms at least, median {statistics.median(walls[work]):.1f} ms")
            for work in starts]
    return comparison


MEASURE = {"kernels": measure_kernels, "programs": measure_programs, "coremark": measure_coremark, "boot": measure_boot,
           "jobs": measure_jobs, "start": measure_start}
WITH_GUESTS = ("boot", "jobs", "start")
