#!/usr/bin/env python3
"""Runs a preemptive system: run.py --list, or run.py --backspin PROGRAM --programs FOLDER [--gdb GDB] [NAME...]

FOLDER holds what testsuite/rtos/build made. Without a NAME all scenarios run.
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "gdb"))

import harness  # noqa: E402  (found through the line above)
from harness import check, equal, scenario, shows  # noqa: E402


def line_of(comment):
    """The number of the line of workers.c that ends with this comment."""
    return harness.line_of("workers", comment, HERE)


def place_of(comment):
    """Where gdb finds it, whatever file it looks at."""
    return f"workers.c:{line_of(comment)}"


def checksum():
    """What the consumer should have added up, in whatever order the items came."""
    total = 0
    for value in (1, 2):
        for _ in range(400):
            value = (value * 1664525 + 1013904223) % 2**32
            total = (total + (value ^ value >> 16)) % 2**32
    return total


def works(bench, program, bits):
    recording = bench.directory / "run.bsp"
    code, out, err = bench.run("record", "-o", recording, "--timeout", "100", bench.elf(program))
    wanted = (f"FreeRTOS V9.0.0 on RV{bits}\n"
              f"queue: 800 items, checksum {checksum():08x}\n"
              "time slices: both computed, 0 wrong\n"
              "priorities: 1, 4, 1\n"
              "timer: 20 expiries in 100 ticks\n")
    equal((code, out.replace("\r", ""), err), (0, wanted, ""), "the run")
    code, again, err = bench.run("replay", recording)
    equal((code, again), (0, out), "the replay")
    shows(err, r"all \d+ digests are equal")


@scenario
def works_on_rv64(bench):
    works(bench, "rtos", 64)


@scenario
def works_on_rv32(bench):
    works(bench, "rtos32", 32)


def task(gdb):
    """The name of the task that the kernel holds for the running one."""
    return shows(gdb.value("(char*)pxCurrentTCB->pcTaskName"), r'"(.*)"')[1]


def back_across_a_switch(bench, program):
    """From the consumer, which has just got an item, to the producer that was running before it: and on again."""
    gdb = bench.session(program)
    gdb(f"tbreak {place_of('consumed')}")
    gdb("continue")
    equal(task(gdb), "consumer", "who consumes")
    consumed, registers = gdb.position(), gdb.state()

    gdb("break task_trap")
    gdb("reverse-continue")
    name = task(gdb)
    check(name.startswith("producer"), f"a producer gave way, not {name}")
    gdb("reverse-stepi")
    shows(gdb("x/i $pc"), r"ecall")
    shows(gdb("backtrace"), r"\bproduce \(")
    gdb("stepi")
    shows(gdb("x/i $pc"), r"<task_trap>")
    gdb("delete")
    gdb(f"tbreak {place_of('consumed')}")
    gdb("continue")
    equal((gdb.position(), gdb.state()), (consumed, registers), "the consumer once more")


@scenario
def back_across_a_switch_rv64(bench):
    back_across_a_switch(bench, "rtos")


@scenario
def back_across_a_switch_rv32(bench):
    back_across_a_switch(bench, "rtos32")


@scenario
def back_across_a_time_slice(bench):
    """The tick takes the hart from one task that computes and gives it to the other."""
    gdb = bench.session("rtos")
    gdb(f"tbreak {place_of('crunched')} if rounds[0] > 5 && rounds[1] > 5")
    gdb("continue")
    name = task(gdb)
    check(name.startswith("cruncher"), f"a cruncher crunches, not {name}")
    gdb(f"tbreak {place_of('crunched')} if block[0] != {gdb.number('block[0]')}")  # its own number
    gdb("continue")
    other = task(gdb)
    check(other.startswith("cruncher") and other != name, f"the other cruncher follows {name}, not {other}")

    gdb("break task_trap if (long)$mcause < 0")
    gdb("reverse-continue")
    equal(task(gdb), name, "who was running when the tick came")
    here = gdb.position()
    gdb("delete")
    gdb(f"break {place_of('crunched')}")
    gdb("reverse-continue")
    equal(task(gdb), name, "who has crunched before")
    check(gdb.position() < here, "it was before")


@scenario
def next_stays_in_its_task(bench):
    """`next` and `reverse-next` over lines during which the other task has the hart for a while."""
    gdb = bench.session("rtos")
    gdb(f"tbreak {place_of('crunch')} if rounds[0] > 5 && rounds[1] > 5")
    gdb("continue")
    name, other = task(gdb), 1 - gdb.number("block[0]")  # its own number
    before = gdb.number(f"rounds[{other}]")
    places = []
    while gdb.number(f"rounds[{other}]") == before:
        places.append((gdb.position(), gdb.line()))
        check(len(places) < 100, "the other task never had the hart")
        gdb("next")
        equal(task(gdb), name, "the task after next")
    for place in reversed(places[-2:]):
        gdb("reverse-next")
        equal(task(gdb), name, "the task after reverse-next")
        equal((gdb.position(), gdb.line()), place, "the place before next")


def to_the_kernels_own_trap(gdb):
    """Behind a producer's first item, and back to where the kernel, called by it, gives way to the consumer by a trap."""
    gdb(f"tbreak {place_of('consumed')}")
    gdb("continue")
    gdb("tbreak produce")
    gdb("reverse-continue")
    name = task(gdb)
    gdb(f"tbreak {place_of('produce')}")
    gdb("continue")
    before = gdb.position(), gdb.line()
    gdb("break task_trap if (long)$mcause > 0")
    gdb("continue")
    equal(task(gdb), name, "who gives way")
    return before


@scenario
def back_by_lines_over_the_kernel(bench):
    """A line that calls the kernel, which gives the hart to another task and gets it back: forward, and back in both ways."""
    gdb = bench.session("rtos")
    gdb(f"source {HERE.parents[1]}/share/backspin/gdb/backspin.py")
    gdb(f"tbreak {place_of('produce')}")
    gdb("continue")
    name, before = task(gdb), (gdb.position(), gdb.line())
    checksum = gdb.value("checksum")
    gdb("next")
    equal((task(gdb), gdb.line()[0]), (name, "produce"), "the task and function after next")
    check(gdb.value("checksum") != checksum, "the consumer had the hart meanwhile")
    after = gdb.position()
    for command in ("reverse-line", "reverse-next"):
        gdb(command)
        equal((task(gdb), gdb.value("checksum")), (name, checksum), f"the task and the checksum after {command}")
        equal((gdb.position(), gdb.line()), before, f"the place after {command}")
        gdb("next")
        equal(gdb.position(), after, "the place after next, again")


@scenario
def back_by_lines_in_the_kernel(bench):
    """Over a function that the kernel calls, out of both by reverse-finish, and over the trap by which it gives way."""
    gdb = bench.session("rtos")
    gdb(f"source {HERE.parents[1]}/share/backspin/gdb/backspin.py")
    (began, line) = to_the_kernels_own_trap(gdb)
    # Out of the trap's handler to the kernel's line that made it, and to the lines before it.
    handler = gdb.position()
    gdb("delete")
    gdb("next")
    equal(gdb.line()[0], "handle_task_trap", "the handler's function")
    gdb("reverse-next")
    where = gdb.line()
    equal((where[0], gdb.position()), ("xQueueGenericSend", handler - 1), "the kernel's line before the trap")
    shows(gdb("x/i $pc"), r"\tecall")
    lines = [where]
    while len(lines) < 4:
        gdb("reverse-line")
        lines.append(gdb.line())
    equal({function for function, _ in lines}, {"xQueueGenericSend"}, "reverse-line stays in the function")
    equal(len({number for _, number in lines}), len(lines), "each time it is another line")
    check(began < gdb.position() < handler, "they are before the trap, and behind the call")

    gdb(f"goto {began}")
    gdb("tbreak prvCopyDataToQueue")
    gdb("continue")
    gdb("stepi 5")
    gdb("reverse-finish")
    call = gdb.position(), gdb.line()
    equal(call[1][0], "xQueueGenericSend", "where the copying was called")
    gdb("next")
    gdb("reverse-line")
    equal(gdb.line(), call[1], "back over the copying")
    gdb("reverse-finish")
    equal(gdb.line(), line, "where the kernel was called")
    check(began <= gdb.position() < call[0], "the call is on the producer's line")


@scenario
def who_changed_it(bench):
    gdb = bench.session("rtos")
    gdb(f"tbreak {place_of('crunch')} if checksum != 0")
    gdb("continue")
    last = gdb.value("checksum")
    gdb("watch -location checksum")
    text = gdb("reverse-continue")
    shows(text, rf"Old value = {last}$")
    equal((task(gdb), gdb.line()[1]), ("consumer", line_of("consumed")), "who wrote the checksum")


sys.exit(harness.main(__doc__, folder="programs", modules=False))
