"""The parts of the benchmark of going back: each gives a title and its figures."""

import json
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import time

import figures
import kernels
import linux
import machines
import reverse_qemu
from figures import Figure
from going_back import Session, argument_is, symbols, thread_seconds

ARGUMENT, PC = 10, 32  # registers, as the protocol counts them
EPOCH = 1 << 22  # steps, of the program's own epochs
TRAINS, TRAIN = 5, 1000
MEMORY_BUDGET = 64 << 20


class Bench:
    """What is measured, and how often. `peer`: QEMU's path, if it is to be measured."""

    def __init__(self, directory, scratch, rounds, quick, jobs, peer):
        self.program = str(directory / "cli" / "backspin")
        self.compute = str(directory / "testsuite" / "firmware" / ("compute_quick.elf" if quick else "compute.elf"))
        self.long_history = str(directory / "testsuite" / "bench" / "long_history")
        self.scratch, self.rounds, self.quick, self.peer = scratch, rounds, quick, peer
        self.job_words, self.jobs = self.jobs_of(jobs)
        self.places = 20 if quick else 200
        self.random = random.Random(1)

    def jobs_of(self, jobs):
        """Backspin's words for it, and how many it will have: without --jobs it searches with one."""
        listed = "--jobs" in subprocess.run([self.program, "run", "--help"], stdout=subprocess.PIPE, check=True, text=True).stdout
        if jobs is not None:
            return ["--jobs", str(jobs)], jobs
        return [], os.cpu_count() if listed else 1

    def run_compute(self, *words, jobs=True):
        return [self.program, "run", "--gdb", ":0", "--console", "none", *words, *(self.job_words if jobs else []), self.compute]

    def linux(self, *words):
        return linux.Backspin(self.program, ["--gdb", ":0", *words, *self.job_words]).command(machines.linux(1))

    def replay(self, recording, *words):
        return [self.program, "replay", "--gdb", ":0", "--console", "none", *words, recording]


def walls(costs):
    return [cost.wall for cost in costs]


def timed(name, costs, unit, **more):
    """What it took in wall time, and in CPU time of all the server's threads."""
    return Figure(name, walls(costs), unit, cpu=[cost.process for cost in costs], **more)


def ratio(name, costs, plain, **more):
    """The same in plain runs."""
    return Figure(name, ratios(costs, plain, lambda cost: cost.wall), cpu=ratios(costs, plain, lambda cost: cost.process), **more)


def ratios(costs, plain, measure):
    base = statistics.median(map(measure, plain))
    return [measure(cost) / base for cost in costs]


# ---- what every session is asked --------------------------------------------------------------------


def steps_back(bench, session, end, peer):
    """The first step back at random places, trains of them, and steps forward again."""
    seeks, first, next_ones, forward = [], [], [], []
    for number in range(bench.places):
        seeks.append(session.goto(bench.random.randrange(end)))
        first.append(session.move("bs"))
        if number < TRAINS:
            next_ones += [session.move("bs") for _ in range(TRAIN)]
            forward += [session.move("vCont;s:1") for _ in range(TRAIN // 2)]
    nothing = [session.cost(lambda: session.client.ask("qC")) for _ in range(TRAIN)]
    place = f"; at instruction {peer['place']}" if "place" in peer else ""
    idle = statistics.median(cost.thread for cost in nothing)
    moves = [max(0.0, cost.thread - idle) for cost in next_ones]
    return [
        timed("go to a random place", seeks, "ms"),
        timed("first step back, median", first, "ms", goal=10, peer=peer.get("step back", peer.get("record", "")),
              note=f"round trips over loopback, of {len(first)} places" +
              (f"; QEMU's is of one step back, and each takes as long{place}" if peer else "")),
        timed("first step back, 99 %", first, "ms", goal=50, share=0.99),
        Figure("next step back, median", moves, "us", goal=20,
               note="CPU time of the server's thread, less what a packet takes it that does nothing"),
        Figure("next step back, 99 %", moves, "ms", goal=2, share=0.99),
        timed("next step back, round trip", next_ones, "us"),
        timed("step forward after it, round trip", forward, "us"),
        timed("a packet that does nothing", nothing, "us"),
    ]


def ends(session, rounds, where):
    to_start, to_end = [], []
    for _ in range(rounds):
        to_end.append(session.goto("end"))
        to_start.append(session.goto("start"))
    return [timed(f"go to the end, {where}", to_end, "ms", goal=50), timed(f"go to the start, {where}", to_start, "ms", goal=50)]


def hits_nearby(bench, session, end):
    """Back to a breakpoint some thousand steps before, at random places. What it holds at is found by going there."""
    costs = []
    for _ in range(bench.places // 4):
        place = bench.random.randrange(20_000, end)
        session.goto(place - 10_000)
        address = session.register(PC)
        session.goto(place)
        with session.breakpoint(address):
            costs.append(session.back("break"))
        if not place - 10_000 <= session.position() < place:
            raise kernels.Failed(f"back from {place}: at {session.position()}, where its breakpoint does not hold")
    return costs


def plain_run(session, begin, rounds):
    """Costs of going from there to the end with nothing armed."""
    costs = []
    for _ in range(rounds):
        session.goto(begin)
        costs.append(session.forward())
    return costs


def nearby(bench, session, end, plain, steps):
    epochs = steps / EPOCH
    costs = hits_nearby(bench, session, end)
    in_epochs = ratio("back to a hit nearby, in epochs' runs", costs, plain, goal=2)
    in_epochs.values = [value * epochs for value in in_epochs.values]
    in_epochs.cpu = [value * epochs for value in in_epochs.cpu]
    in_epochs.note = f"an epoch of {EPOCH:,} steps runs in {1e3 * statistics.median(walls(plain)) / epochs:.2f} ms"
    return [in_epochs, timed("back to a hit nearby", costs, "ms")]


# ---- ten billion steps ------------------------------------------------------------------------------


class Compute:
    """The session of the long computation, at its end, and what is asked of it."""

    def __init__(self, bench, session, symbol):
        self.bench, self.session = bench, session
        self.end = session.end()
        self.address = {name: symbol[name] for name in ("visit", "alone", "in_round", "hot")}
        self.seldom = 128  # its place in each of those pages

    def last_write(self, page, share):
        """From the end back to the last write of the page's seldom written variable, after this share of all steps."""
        self.session.goto("end")
        with self.session.watch(self.address[page] + self.seldom):
            cost = self.session.back()
        expect_at(self.session, self.end, share, page)
        return cost

    def condition(self, rounds_of_guest, share, backward):
        """To the one visit of that round, over the visits of all others."""
        self.session.goto("end" if backward else self.start_of_tail)
        with self.session.breakpoint(self.address["visit"], argument_is(rounds_of_guest)):
            cost = self.session.cost(lambda: self.judge(rounds_of_guest, "bc" if backward else "vCont;c"))
        expect_at(self.session, self.end, share, "visit")
        return cost

    def judge(self, wanted, packet):
        """Moves until the condition holds, as a client does that is asked now and then."""
        self.judged = 0
        while "break" in (said := self.session.client.move(packet)):
            if self.session.register(ARGUMENT) == wanted:
                return
            self.judged += 1
            if packet != "bc":
                self.session.client.move("vCont;s:1")
        raise kernels.Failed(f"the condition of a breakpoint never held: {said}")

    start_of_tail = 0
    judged = 0  # stops of the last search with a condition at which it did not hold


def expect_at(session, end, share, what):
    at = session.position()
    if abs(at - share * end) > 0.001 * end:
        raise kernels.Failed(f"{what}: found at {at} of {end}, not after {share} of the way")


def searches(bench, compute):
    """{name: Costs} of each search, by turns, so that none finds what it knows already."""
    costs = {name: [] for name in ("alone", "in_round", "hot", "plain", "back", "forward")}
    rounds = 20_000 if bench.quick else 10_100_000  # as in compute.c
    session = compute.session
    for number in range(bench.rounds):
        print(f"reverse: searches, round {number + 1} of {bench.rounds}", file=sys.stderr)
        costs["alone"].append(compute.last_write("alone", 0.5))
        costs["in_round"].append(compute.last_write("in_round", 0.9))
        compute.start_of_tail = session.position()
        costs["plain"] += plain_run(session, compute.start_of_tail, 1)
        costs["hot"].append(compute.last_write("hot", 0.9))
        costs["back"].append(compute.condition(rounds * 9 // 10, 0.9, True))
        costs["forward"].append(compute.condition(rounds - 1, 1.0, False))
    return costs


def search_figures(bench, costs, off, opened, peer, judged):
    plain = costs["plain"]
    by_jobs = [value * bench.jobs for value in ratios(costs["in_round"], plain, lambda cost: cost.wall)]
    hot_speed = [1 / value for value in ratios(costs["hot"], plain, lambda cost: cost.process)]
    return [
        timed("last write, page of its own", costs["alone"], "ms", goal=100, peer=peer.get("alone", ""),
              note="half of all steps before the end"),
        timed("  the same in a file just opened", opened, "ms"),
        timed("  the same in it without the index", off, "ms"),
        timed("last write, page of every round", costs["in_round"], "s"),
        Figure("  in plain runs of the stretch by jobs", by_jobs, goal=1.5,
               note=f"a tenth of all steps; wall time; jobs: {bench.jobs}"),
        timed("last write, hot page", costs["hot"], "s"),
        Figure("  speed as a share of plain", hot_speed, goal=0.3, at_least=True,
               note="CPU time of all threads; every sixteenth step writes to the page"),
        timed("plain run of that stretch", plain, "s"),
        ratio("condition, back, in plain runs", costs["back"], plain, goal=3, peer="asks gdb at each hit",
              note=f"false a million times in the stretch; of these the client has judged {judged}"),
        ratio("condition, forward, in plain runs", costs["forward"], plain, goal=3, peer="asks gdb at each hit"),
    ]


def recorded(bench):
    recording = bench.scratch / "compute.bsp"
    subprocess.run([bench.program, "record", "--console", "none", "-o", recording, bench.compute], check=True)
    return recording


def opened_files(bench, recording, symbol):
    """Of sessions that know nothing yet: (figures of going to the ends, Costs of a search with the index, without it)."""
    to_end, to_start, with_index, without = [], [], [], []
    for _ in range(bench.rounds):
        with Session(bench.replay(recording, *bench.job_words)) as session:
            to_end.append(session.goto("end"))
            to_start.append(session.goto("start"))
        with Session(bench.replay(recording, *bench.job_words)) as session:
            with_index.append(Compute(bench, session, symbol).last_write("alone", 0.5))
    with Session(bench.replay(recording, "--access-index", "off", *bench.job_words)) as session:
        without.append(Compute(bench, session, symbol).last_write("alone", 0.5))
    found = [timed("go to the end, file just opened", to_end, "ms", goal=50),
             timed("go to the start, then", to_start, "ms", goal=50)]
    return found, with_index, without


def compute_peer(bench, symbol):
    if not bench.peer or bench.quick:
        return {}
    return reverse_qemu.figures(bench.peer, ["-m", 128, "-bios", "none", "-serial", "none", "-kernel", bench.compute],
                                bench.scratch / "qemu-compute", None, {"step back": None, "alone": f"2,{symbol['alone'] + 128:x},8"})


def measure_compute(bench):
    symbol = symbols(bench.compute)
    peer = compute_peer(bench, symbol)
    recording = recorded(bench)
    files, opened, off = opened_files(bench, recording, symbol)
    with Session(bench.run_compute()) as session:
        session.forward()
        compute = Compute(bench, session, symbol)
        found = steps_back(bench, session, compute.end, peer) + ends(session, 20, "live") + files
        costs = searches(bench, compute)
        found += nearby(bench, session, compute.end, costs["plain"], compute.end - compute.start_of_tail)
    return (f"A computation of {compute.end:,} steps" + (f" (QEMU records it in {peer['record']})" if peer else ""),
            found + search_figures(bench, costs, off, opened, peer, compute.judged))


# ---- the boot of Linux ------------------------------------------------------------------------------

VARIABLE = "saved_command_line"  # written early in the boot, on a page with others


def symbol_of_kernel(name):
    with open(machines.fetched("System.map"), encoding="ascii") as lines:
        return next(int(line.split()[0], 16) for line in lines if line.split()[2] == name)


def boot(session):
    """To the shell's prompt."""
    session.client.send("vCont;c")
    said = b""
    while linux.PROMPT not in said:
        more = os.read(session.process.stdout.fileno(), 1 << 16)
        if not more:
            raise kernels.Failed(f"Linux ended before its prompt:\n{said[-500:].decode(errors='replace')}")
        said += more
    session.client.interrupt()
    session.client.answer()


def boot_peer(bench):
    if not bench.peer:
        return {}
    words = ["-m", 256, "-serial", "stdio", *machines.linux(1).images()]
    return reverse_qemu.figures(bench.peer, words, bench.scratch / "qemu-boot", linux.PROMPT,
                                {"step back": None, "variable": f"2,{symbol_of_kernel(VARIABLE):x},8"})


def measure_boot(bench):
    peer = boot_peer(bench)
    variable = symbol_of_kernel(VARIABLE)
    with Session(bench.linux(), console=True) as session:
        boot(session)
        end = session.end()
        found = steps_back(bench, session, end, peer) + ends(session, 20, "live")
        begin = end - (1 << 28)
        plain = plain_run(session, begin, 1 if bench.quick else bench.rounds)
        found += nearby(bench, session, end, plain, end - begin)
        with_index = last_writes(session, variable, bench.rounds)
    with Session(bench.linux("--access-index", "off"), console=True) as session:
        boot(session)
        without = last_writes(session, variable, 1)
    found += [timed(f"last write of {VARIABLE}", with_index, "ms", peer=peer.get("variable", "")),
              timed("  the same without the index", without, "ms")]
    return (f"Linux booted to its shell prompt, {end:,} steps" + (f" (QEMU records it in {peer['record']})" if peer else ""), found)


def last_writes(session, address, rounds):
    costs = []
    for number in range(rounds):
        session.goto("end")
        if number:  # another search in between, for none to find what it knows already
            with session.watch(0):
                session.cost(lambda: session.client.move("bs"))
            session.goto("end")
        with session.watch(address):
            costs.append(session.back())
    return costs


# ---- forward ----------------------------------------------------------------------------------------


def seconds_to_prompt(bench, debugged):
    """CPU seconds of the machine's thread to Linux's prompt: with all that a session keeps and a recording, or nothing."""
    if debugged:
        with Session(bench.linux("--save", str(bench.scratch / "forward.bsp"), "--force"), console=True) as session:
            session.client.send("vCont;c")
            return seconds_when_said(session.process)
    with subprocess.Popen(linux.Backspin(bench.program).command(machines.linux(1)), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            return seconds_when_said(process)
        finally:
            process.kill()


def seconds_when_said(process):
    said = b""
    while linux.PROMPT not in said:
        more = os.read(process.stdout.fileno(), 1 << 16)
        if not more:
            raise kernels.Failed("Linux ended before its prompt")
        said += more
    return thread_seconds(process.pid)


def seconds_of_compute(bench, debugged):
    """The same of the long computation to its end. The plain run has one thread that ever does anything."""
    if debugged:
        with Session(bench.run_compute("--save", str(bench.scratch / "forward.bsp"), "--force")) as session:
            return session.forward("").thread
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([bench.program, "run", "--console", "none", bench.compute], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def speed_pairs(bench, seconds):
    """Speed with everything, as a share of speed without. Which comes first changes from pair to pair."""
    shares = []
    for number in range(bench.rounds):
        print(f"reverse: forward, pair {number + 1} of {bench.rounds}", file=sys.stderr)
        took = {}
        for debugged in (False, True) if number % 2 == 0 else (True, False):
            took[debugged] = seconds(bench, debugged)
        shares.append(took[False] / took[True])
    return shares


def measure_forward(bench):
    return ("Forward speed with snapshots, index and recording, as a share of that with none of them", [
        Figure("Linux to its prompt", speed_pairs(bench, seconds_to_prompt), "", goal=0.95, at_least=True,
               note="CPU time of the machine's thread, of runs by turns"),
        Figure("the computation", speed_pairs(bench, seconds_of_compute), "", goal=0.95, at_least=True)])


# ---- memory -----------------------------------------------------------------------------------------


def measure_memory(bench):
    """Histories of more and more epochs, each of them so short that a day's are over in seconds."""
    sizes = (1_000, 10_000) if bench.quick else (10_000, 100_000, 1_000_000)
    found = []
    for epochs in sizes:
        print(f"reverse: a history of {epochs:,} epochs", file=sys.stderr)
        said = subprocess.run([bench.long_history, bench.compute, str(epochs), "1000", str(MEMORY_BUDGET), str(bench.scratch)],
                              stdout=subprocess.PIPE, check=True, text=True)
        got = json.loads(said.stdout)
        mib = {name: [got[f"{name}_bytes"] / (1 << 20)] for name in ("resident", "snapshot", "index", "spilled")}
        found += [Figure(f"{epochs:>9,} epochs: snapshots in memory", mib["snapshot"], "MiB", goal=MEMORY_BUDGET >> 20),
                  Figure("  access index", mib["index"], "MiB", goal=256),
                  Figure("  resident in all", mib["resident"], "MiB"),
                  Figure("  spilled to the disk", mib["spilled"], "MiB"),
                  Figure("  steps run again, median", [got["reach_median_epochs"]], "epochs"),
                  Figure("  steps run again, worst", [got["reach_worst_epochs"]], "epochs"),
                  Figure(f"  go to {got['places']} places, median", [got["seek_median_ms"] / 1e3], "ms"),
                  Figure("  the same, 99 %", [got["seek_p99_ms"] / 1e3], "ms")]
    return "A history of very many short epochs: every place asked for was what it had been", found


MEASURE = {"compute": measure_compute, "boot": measure_boot, "forward": measure_forward, "memory": measure_memory}
