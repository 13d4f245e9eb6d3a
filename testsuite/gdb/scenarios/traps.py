"""Exceptions: into the handler and out of it, both ways."""

from harness import check, equal, scenario, shows

# As mcause numbers them, in the order in which traps.c takes the first ones.
BREAKPOINT = 3
CAUSES = [11, BREAKPOINT, 2, 2, 2, 5, 7, 1, 8, 2, 2, 7]


@scenario
def each_in_order_and_back(bench):
    gdb = bench.session("traps")
    gdb("break handle_exception")
    forward = []
    for _ in CAUSES:
        shows(gdb("continue"), r"^Breakpoint 1, handle_exception \(")
        forward.append((gdb.number("$mcause"), gdb.position()))
    equal([cause for cause, _ in forward], CAUSES, "causes, forward")
    for place in forward[-2::-1]:
        gdb("reverse-continue")
        equal((gdb.number("$mcause"), gdb.position()), place, "the exception before")


@scenario
def one_instruction_into_it_and_back(bench):
    """An instruction that traps is one attempt: stepi is at the handler's first instruction, reverse-stepi at the culprit. Not so
    an ebreak under a breakpoint of gdb's: that gdb takes for its own, and goes past it without a word to the machine."""
    gdb = bench.session("traps")
    gdb("break handle_exception")
    for cause in CAUSES[:5]:
        gdb("continue")
        if cause == BREAKPOINT:
            continue
        culprit = gdb.number("$mepc")
        handler = gdb.number("$mtvec")
        there = gdb.position()
        gdb(f"break *{culprit:#x}")
        gdb("reverse-continue")
        equal(gdb.number("$pc"), culprit, "the instruction that traps")
        before, position = gdb.state(), gdb.position()
        gdb("stepi")
        equal((gdb.number("$pc"), gdb.number("$mcause")), (handler, cause), "the handler's first instruction")
        equal(gdb.position(), position + 1, "position")
        gdb("reverse-stepi")
        equal(gdb.state(), before, "all registers, before it")
        gdb(f"clear *{culprit:#x}")
        gdb("continue")
        equal(gdb.position(), there, "in the handler once more")


@scenario
def out_of_the_handler_and_back_in(bench):
    """until the handler's end, stepi over its xRET; the same in user mode, which an ecall leaves."""
    gdb = bench.session("traps")
    gdb("break user_ecall")
    gdb("continue")
    equal(gdb.number("$priv"), 0, "user mode")
    gdb("break handle_exception")
    gdb("continue")
    equal((gdb.number("$priv"), gdb.number("$mcause")), (3, 8), "machine mode, for an ecall from user mode")
    at = gdb.position()
    gdb("delete")
    gdb("tbreak expect")
    gdb("continue")
    equal(gdb.number("cause"), 8, "what is expected of it")
    gdb("tbreak handle_exception")
    gdb("reverse-continue")
    equal(gdb.position(), at, "back in the handler")
    gdb("tbreak user_ecall")
    gdb("reverse-continue")
    equal(gdb.number("$priv"), 0, "user mode again")
    check(gdb.position() < at, "it lies before the handler")
