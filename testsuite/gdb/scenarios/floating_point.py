"""Floating-point registers: shown in both widths, set at the frontier, undone by going back."""

from harness import check, equal, line_of, scenario, shows


def at(bench, program, comment):
    gdb = bench.session(program)
    gdb(f"break floats.c:{line_of('floats', comment)}")
    shows(gdb("continue"), r"^Breakpoint 1, ")
    return gdb


def arguments_and_results(bench, program):
    gdb = at(bench, program, "divide: return")
    equal((gdb.value("$fa0.double"), gdb.value("$fa1.double")), ("5", "2"), "the arguments")
    shows(gdb("info registers fa0"), r"^fa0 +\{float = \S+, double = 5\}\t\(raw 0x4014000000000000\)$")
    shows(gdb("finish"), r"^Value returned is \$\d+ = 2\.5$")
    gdb("reverse-stepi")
    shows(gdb("info symbol $pc"), r"^divide \+ |^divide in")
    gdb("stepi")
    gdb("delete")
    gdb(f"break floats.c:{line_of('floats', 'divide_single: return')}")
    shows(gdb("continue"), r"^Breakpoint 2, ")
    equal((gdb.value("$fa0.float"), gdb.value("$fa1.float")), ("1", "3"), "the arguments in single precision")
    shows(gdb("info registers fa1"), r"\(raw 0xffffffff40400000\)$")


@scenario
def arguments_and_results_rv64(bench):
    arguments_and_results(bench, "floats")


@scenario
def arguments_and_results_rv32(bench):
    """The registers are wider than all others."""
    arguments_and_results(bench, "floats32")


@scenario
def flags_come_and_go(bench):
    """Exact, inexact, by zero: the flags gather going forward, and are taken back going backward."""
    gdb = bench.session("floats")
    seen = []
    for comment in ("main: exact", "main: inexact", "main: by zero", "main: of infinity"):
        gdb(f"tbreak floats.c:{line_of('floats', comment)}")
        gdb("continue")
        seen.append(gdb.number("$fflags"))
    equal(seen, [0, 0, 1, 9], "the flags before each division")
    shows(gdb("info registers fcsr"), r"^fcsr +0x9\tNV:0 DZ:1 OF:0 UF:0 NX:1 FRM:0 \[RNE")
    gdb("watch $fflags")
    for wanted in (9, 1, 0):
        equal(gdb.number("$fflags"), wanted, "the flags, going back")
        gdb("reverse-continue")


@scenario
def registers_are_set_at_the_frontier(bench):
    gdb = at(bench, "floats", "divide: return")
    there = gdb.position()
    gdb("set variable $fa0.double = 42.5")
    equal(gdb.position(), there + 1, "a write is one step")
    gdb("set variable $frm = 1")
    equal(gdb.number("$fcsr"), 0x20, "fcsr shows the rounding mode")
    shows(gdb("finish"), r"^Value returned is \$\d+ = 21\.25$")
    equal(gdb.value("$fa0.double"), "21.25", "the register")
    gdb(f"monitor goto {there}")
    gdb("maintenance flush register-cache")
    equal((gdb.value("$fa0.double"), gdb.number("$frm")), ("5", 0), "before the writes")
    shows(gdb("set variable $fa0.double = 1"), r"(?i)cannot|could not|refused|past|failed")
    gdb("maintenance flush register-cache")
    equal(gdb.value("$fa0.double"), "5", "in the past nothing is written")


@scenario
def calling_a_function_by_hand(bench):
    """gdb puts arguments into registers and everything back behind them, status included."""
    gdb = at(bench, "floats", "divide: return")
    gdb("delete")
    gdb("finish")
    state = gdb("info registers float")
    equal(gdb.value("divide_single(1.0f, 8.0f)"), "0.125", "the result of a call by hand")
    equal(gdb("info registers float"), state, "the registers behind it")
    gdb("continue")
    check(gdb("info symbol $pc").startswith("power_off"), "the program went on to its end")
