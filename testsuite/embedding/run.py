#!/usr/bin/env python3
"""Drives the Cortex-M0 board with the real gdb: run.py --list, or run.py --board PROGRAM --firmware FOLDER [--gdb GDB] [NAME...]"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "gdb"))

import harness  # noqa: E402  (found through the line above)
from harness import check, equal, scenario, shows  # noqa: E402

SOURCE = HERE / "firmware" / "meter.c"


def line_of(comment):
    """The number of the line of meter.c that ends with this comment."""
    return harness.line_of(SOURCE.stem, comment, SOURCE.parent)


class Board(harness.Machine):
    def end_of_output(self):
        """What the UART sent, once the board has ended."""
        self.wait()
        return self.out.text


def board(bench, *words):
    return bench.keep(Board(bench, words or [f"{bench.firmware}/meter.bin"]))


def session(bench, *words):
    gdb = bench.debugger("meter")
    gdb.attach(board(bench, *words))
    return gdb


def stop_at(gdb, place, command="continue"):
    gdb(f"tbreak {place}")
    shows(gdb(command), r"^Temporary breakpoint \d+, ")


def to_crash(gdb):
    gdb("break HardFault_Handler")
    shows(gdb("continue"), r"^Breakpoint \d+, HardFault_Handler \(\)")
    return gdb.position(), gdb.state()


@scenario
def finds_who_overwrote_the_pointer(bench):
    """A call through an overwritten pointer: from the fault back to the store that did it, and forward again."""
    gdb = session(bench)
    crash = to_crash(gdb)
    frames = gdb("backtrace")
    shows(frames, r"^#1 +<signal handler called>$")
    shows(frames, r"^#3 +0x[0-9a-f]+ in tell \(")
    shows(frames, r"^#4 +0x[0-9a-f]+ in main \(\)")
    pointer = gdb.number("(unsigned)meter.alarm")
    gdb("watch -location meter.alarm")
    text = gdb("reverse-continue")
    shows(text, r"^Hardware watchpoint 2: -location meter\.alarm$")
    shows(text, r"^New value = .* <report>$")
    equal(gdb.line(), ("note", line_of("the culprit")), "who wrote it")
    equal((gdb.number("meter.count"), gdb.number("sample")), (8, pointer), "its index and value")
    check(gdb.position() < crash[0], "the culprit comes before the crash")
    # Before that, the start-up code wrote it.
    text = gdb("reverse-continue")
    shows(text, r"^Old value = .* <report>$")
    equal(gdb.line()[0], "Reset_Handler", "who wrote it first")
    shows(gdb("continue"), r"^New value = .* <report>$")
    shows(gdb("continue"), rf"^New value = .* 0x{pointer:x}$")
    shows(gdb("continue"), r"^Breakpoint 1, HardFault_Handler \(\)")
    equal((gdb.position(), gdb.state()), crash, "the crash, come to again")


@scenario
def steps_lines_over_ticks_both_ways(bench):
    """`next` and `reverse-next` visit the same places in the same states, and never the tick's handler."""
    gdb = session(bench)
    stop_at(gdb, f"meter.c:{line_of('settles')}")
    places = []
    for _ in range(12):
        places.append((gdb.position(), gdb.line(), gdb.state(), gdb.number("ticks")))
        gdb("next")
    ticks = gdb.number("ticks")
    check(ticks > places[0][3] + 4, f"too few ticks on the way: {ticks}")
    check(all(line[0] != "SysTick_Handler" for _, line, _, _ in places), "stepping stopped in the handler")
    for before in reversed(places):
        gdb("reverse-next")
        here = (gdb.position(), gdb.line(), gdb.state(), gdb.number("ticks"))
        equal(here[1:], before[1:], f"the state after reverse-next at {here[0]}, where next was at {before[0]}")


@scenario
def steps_instructions_over_ticks_both_ways(bench):
    gdb = session(bench)
    stop_at(gdb, f"meter.c:{line_of('settling')}")
    gdb("delete")
    start = gdb.number("ticks")
    # From the tick after the next back to right before the next, and over it.
    for command in ("continue", "continue", "reverse-continue"):
        stop_at(gdb, "SysTick_Handler", command)
    tick = gdb.position()
    gdb("reverse-stepi 8")
    equal(gdb.line()[0], "settle", "where the tick interrupted")
    places = []
    for _ in range(16):
        places.append((gdb.position(), gdb.state()))
        gdb("stepi")
    check(places[0][0] < tick < gdb.position(), "the steps cross the tick")
    equal(gdb.number("ticks"), start + 1, "ticks after it")
    for place in reversed(places):
        gdb("reverse-stepi")
        equal((gdb.position(), gdb.state()), place, f"after {place[0]}, the place and its registers")
    equal(gdb.number("ticks"), start, "ticks before it")


@scenario
def finishes_functions_and_handlers_both_ways(bench):
    gdb = session(bench)
    stop_at(gdb, "settle")
    value = gdb.number("value")
    entry = gdb.position()
    shows(gdb("finish"), r"^Value returned is \$\d+ = \d+$")
    equal(gdb.line()[0], "main", "where it returned to")
    gdb("reverse-step")
    equal(gdb.line()[0], "settle", "back into it, from behind")
    gdb("reverse-finish")
    equal(gdb.line(), ("main", line_of("settles")), "before the call")
    gdb("stepi")
    equal((gdb.position(), gdb.number("value")), (entry, value), "its entry, come to again")
    # A handler is a frame like others: its caller is whoever was interrupted.
    stop_at(gdb, "SysTick_Handler")
    frames = gdb("backtrace")
    shows(frames, r"^#0 +SysTick_Handler \(\)")
    shows(frames, r"^#1 +<signal handler called>$")
    shows(frames, r"^#2 +.*settle \(")
    shows(frames, r"^#3 +.*in main \(\)")
    equal(gdb.number("$xpsr & 0x3f"), 15, "the exception's number")


@scenario
def asks_conditions_where_they_are_hit(bench):
    gdb = session(bench)
    gdb("break SysTick_Handler if ticks == 20")
    shows(gdb("continue"), r"^Breakpoint 1, SysTick_Handler")
    equal(gdb.number("ticks"), 20, "ticks")
    at = gdb.position()
    gdb("tbreak HardFault_Handler")
    gdb("continue")
    shows(gdb("reverse-continue"), r"^Breakpoint 1, SysTick_Handler")
    equal(gdb.position(), at, "the same place from behind")


@scenario
def writes_at_the_frontier_only(bench):
    gdb = session(bench)
    stop_at(gdb, f"meter.c:{line_of('settles')}")
    gdb("set var ticks = 1000")
    equal(gdb.number("ticks"), 1000, "ticks")
    gdb("set var $r4 = 77")
    equal(gdb.number("$r4"), 77, "r4")
    stop_at(gdb, "SysTick_Handler")
    equal(gdb.number("ticks"), 1000, "the write is history")
    gdb("reverse-stepi 20")
    shows(gdb("set var ticks = 5"), r"^Cannot access memory at address 0x2000")
    shows(gdb("set var $r4 = 5"), r"past|frontier")
    equal(gdb.number("ticks"), 1000, "ticks, in the past")


@scenario
def sees_devices_without_touching_them(bench):
    gdb = session(bench, f"{bench.firmware}/meter.bin", "--type", "x")
    stop_at(gdb, "UARTRX0_Handler")
    for _ in range(2):  # reading DATA would take the byte out of the buffer
        equal(gdb.number("*(unsigned*)0x40004000"), ord("x"), "DATA")
        equal(gdb.number("*(unsigned*)0x40004004"), 2, "STATE")
    counts = gdb.number("*(unsigned*)0xe000e018")
    position = gdb.position()
    gdb("stepi")
    equal(counts - gdb.number("*(unsigned*)0xe000e018"), gdb.position() - position, "clocks that SYST_CVR counted")
    text = gdb("info threads")
    shows(text, r'"cortex-m0" \(handler of exception 16\)')


@scenario
def replays_what_was_typed(bench):
    """A recording of a run with input, replayed by another process: the same bytes at the same positions."""
    recording = f"{bench.directory}/meter.bsr"
    live = board(bench, f"{bench.firmware}/meter.bin", "--type", "world", "--record", recording)
    gdb = bench.debugger("meter")
    gdb.attach(live)
    gdb("watch typed")
    typed = []
    for _ in "world":
        shows(gdb("continue"), r"^Hardware watchpoint 1: typed$")
        equal(gdb.line()[0], "UARTRX0_Handler", "who takes what arrived")
        typed.append((gdb.position(), chr(gdb.number("typed"))))
    equal("".join(character for _, character in typed), "world", "what arrived")
    gdb("delete")
    crash = to_crash(gdb)
    gdb("detach")
    shows(live.end_of_output(), r"\Ameter\n(low|high)\n\Z")

    gdb = session(bench, "--replay", recording)
    equal(to_crash(gdb), crash, "the crash in the replay")
    gdb("delete")
    shows(gdb("continue"), r"No more reverse-execution history|Reached end of recorded history")
    gdb("watch typed")
    for place in reversed(typed):
        shows(gdb("reverse-continue"), rf"^Old value = {ord(place[1])}$")
        gdb("stepi")
        equal((gdb.position(), chr(gdb.number("typed"))), place, "what arrived where")
        gdb("reverse-stepi")
    shows(gdb("reverse-continue"), r"No more reverse-execution history|Reached end of recorded history")
    equal(gdb.position(), 0, "the beginning")
    shows(gdb("set var typed = 1"), r"read-only|recording|not|[Cc]annot")


sys.exit(harness.main(__doc__, program="board", modules=False))
