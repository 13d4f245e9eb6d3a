"""Breakpoints, in both directions."""

from harness import equal, lacks, scenario, shows


@scenario
def forward_and_back(bench):
    gdb = bench.session("calls")
    gdb("break factorial")
    for argument in (5, 4, 3, 2, 1):
        shows(gdb("continue"), rf"^Breakpoint 1, factorial \(n=(n@entry=)?{argument}\)")
    for argument in (2, 3, 4, 5):
        shows(gdb("reverse-continue"), rf"^Breakpoint 1, factorial \(n=(n@entry=)?{argument}\)")
    shows(gdb("reverse-continue"), r"No more reverse-execution history|Reached end of recorded history")


@scenario
def all_kinds(bench):
    gdb = bench.session("calls")
    gdb("tbreak main")
    shows(gdb("continue"), r"^Temporary breakpoint 1, main")
    gdb("hbreak add_three")
    shows(gdb("continue"), r"^Breakpoint 2, add_three \(n=")
    gdb("delete")
    gdb("break twice if n > 1000")
    gdb("break count_down")
    shows(gdb("continue"), r"^Breakpoint 4, count_down")
    gdb("tbreak factorial if n == 3")
    shows(gdb("reverse-continue"), r"^Temporary breakpoint 5, factorial \(n=")
    equal(gdb.number("$a0"), 3, "the condition")


@scenario
def ignored_and_disabled(bench):
    gdb = bench.session("calls")
    gdb("break factorial")
    gdb("ignore 1 3")
    shows(gdb("continue"), r"^Breakpoint 1, factorial")
    equal(gdb.number("$a0"), 2, "the call that was not ignored")
    gdb("disable 1")
    gdb("break count_down")
    shows(gdb("continue"), r"^Breakpoint 2, count_down")


@scenario
def on_the_preceding_instruction(bench):
    """Running backwards from right after an instruction with a breakpoint stops at it, at once."""
    gdb = bench.session("calls")
    gdb("break add_three")
    gdb("continue")
    for _ in range(5):
        at, address = gdb.position(), gdb.number("$pc")
        gdb("delete")
        gdb("stepi")
        equal(gdb.position(), at + 1, "position after stepi")
        gdb(f"break *{address}")
        shows(gdb("reverse-continue"), r"^Breakpoint \d+, ")
        equal((gdb.position(), gdb.number("$pc")), (at, address), "where reverse-continue stopped")
        gdb("delete")
        gdb("stepi")


@scenario
def reverse_stepi_reports_one(bench):
    gdb = bench.session("calls")
    gdb("break add_three")
    gdb("continue")
    at = gdb.position()
    gdb("stepi")
    gdb("reverse-stepi")
    equal(gdb.position(), at, "position after reverse-stepi")
    shows(gdb("info breakpoints"), r"breakpoint already hit")


@scenario
def on_a_function_called_often(bench):
    """The same stops at the same positions in both directions, with a breakpoint of another kind at the end."""
    gdb = bench.session("watch")
    gdb("break nothing_happens")
    seen = []
    text = gdb("continue")
    gdb("tbreak power_off")
    while "nothing_happens" in text:
        seen.append((gdb.position(), gdb.value("watched.whole")))
        text = gdb("continue")
    shows(text, r"^Temporary breakpoint 2, power_off ")
    equal(len(seen), 11, "calls of nothing_happens")
    back = []
    for _ in seen:
        shows(gdb("reverse-continue"), r"^Breakpoint 1, nothing_happens \(\)")
        back.append((gdb.position(), gdb.value("watched.whole")))
    equal(back, seen[::-1], "stops going back")


@scenario
def watching_does_not_disturb(bench):
    """A breakpoint that never holds leaves the program's behaviour alone."""
    gdb = bench.session("calls")
    gdb("break fatal_trap")
    text = gdb("continue")
    lacks(text, r"^Breakpoint 1,")
    equal(gdb.number("result") > 0, True, "the program's result")
