"""What recording costs: the same boot of Debian's kernel with and without, by turns, and how much a recording takes."""

import os
import pathlib
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

import kernels
import linux
import machines

IDLE_SECONDS = 10
SPARSE_BYTES = 1 << 30
ROW_BYTES = 16  # of an input's position and kind, beside its content


class Cost:
    """CPU seconds of one boot to the prompt: of the machine's thread, and of all threads."""

    def __init__(self, backspin, recording):
        command = linux.Backspin(backspin).command(machines.linux(1), recording)
        with linux.Booted(command) as booted:
            self.thread = kernels.thread_seconds(booted.process.pid)
            self.process = booted.boot.seconds


def pairs_of(backspin, rounds):
    """(without, with) a recording. Which comes first changes from pair to pair."""
    pairs = []
    for number in range(rounds):
        print(f"recording, pair {number + 1} of {rounds}", file=sys.stderr)
        cost = {}
        with tempfile.TemporaryDirectory(prefix="backspin-") as directory:
            for recorded in (False, True) if number % 2 == 0 else (True, False):
                cost[recorded] = Cost(backspin, os.path.join(directory, "boot.bsp") if recorded else None)
        pairs.append((cost[False], cost[True]))
    return pairs


def median_with_interval(values):
    """The median, and where it lies with 95 percent confidence: by drawing as many values again and again."""
    draw = random.Random(1)
    medians = sorted(statistics.median(draw.choices(values, k=len(values))) for _ in range(10000))
    return statistics.median(values), medians[250], medians[-251]


def print_pairs(pairs):
    print(f"\nLinux to its shell prompt on one hart, recorded beside not recorded: {len(pairs)} pairs, CPU seconds\n")
    print(f"{'':<22} {'not recorded':>14} {'recorded':>10}   cost: median [95 % interval]")
    for label, seconds in (("the machine's thread", lambda cost: cost.thread), ("all threads", lambda cost: cost.process)):
        without, with_it = ([seconds(cost) for cost in side] for side in zip(*pairs))
        median, low, high = median_with_interval([100 * (b / a - 1) for a, b in zip(without, with_it)])
        print(f"{label:<22} {statistics.median(without):>14.2f} {statistics.median(with_it):>10.2f}   "
              f"{median:+.1f} % [{low:+.1f} %, {high:+.1f} %]")


def inputs(recording, after=0):
    """(number, bytes) of the inputs behind this step."""
    with sqlite3.connect(f"file:{recording}?mode=ro", uri=True) as database:
        count, content = database.execute("SELECT count(*), total(length(payload)) FROM events WHERE step > ?",
                                          (after,)).fetchone()
    return count, int(content) + ROW_BYTES * count


def last_output(recording):
    """The step of the guest's last words: it has said nothing since its prompt."""
    with sqlite3.connect(f"file:{recording}?mode=ro", uri=True) as database:
        return database.execute("SELECT max(step) FROM output").fetchone()[0]


def print_sizes(backspin):
    """A boot with every device that takes input of its own, and the time after it in which nothing happens."""
    with tempfile.TemporaryDirectory(prefix="backspin-") as directory:
        recording = os.path.join(directory, "boot.bsp")
        wanted = machines.linux_with(machines.Devices(drive=machines.fetched("disk.ext4"), forwards={}, entropy=True, clock=True))
        with linux.Booted(linux.Backspin(backspin).command(wanted, recording)) as booted:
            time.sleep(IDLE_SECONDS)
            booted.process.terminate()
            booted.process.communicate()
        prompt = last_output(recording)
        number, size = inputs(recording)
        later, later_size = inputs(recording, prompt)
        print(f"\nInputs of a boot from a disk, with a network, the host's entropy and its clock: {number - later}, "
              f"{size - later_size:,} bytes")
        print(f"Inputs of the idle guest behind it: {later_size / IDLE_SECONDS:.0f} bytes a second, in {IDLE_SECONDS} seconds")


def start_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def print_starts(backspin, rounds):
    with tempfile.TemporaryDirectory(prefix="backspin-") as directory:
        image = os.path.join(directory, "disk")
        pathlib.Path(image).touch()
        os.truncate(image, SPARSE_BYTES)
        first_step = [*linux.Backspin(backspin).command(machines.linux(1)), "--max-steps", "1"]
        without, with_it = [], []
        for _ in range(rounds):
            without.append(start_seconds(first_step))
            with_it.append(start_seconds([*first_step, "--drive", f"file={image}"]))
    print(f"\nUp to the first step: {statistics.median(without):.3f} CPU seconds, with a sparse disk of 1 GiB "
          f"{statistics.median(with_it):.3f}: medians of {rounds}")


def print_all(backspin, rounds):
    print_starts(backspin, rounds)
    print_sizes(backspin)
    print_pairs(pairs_of(backspin, rounds))
