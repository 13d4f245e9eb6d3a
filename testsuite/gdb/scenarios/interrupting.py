"""Ctrl-C, forward and backward: the user gets the machine back at a place that is really on its time line."""

import time

from harness import check, equal, scenario, shows

INTERRUPTED = r"SIGINT"
HISTORY_ENDS = r"No more reverse-execution history|Reached end of recorded history"


@scenario
def a_run_forward(bench):
    gdb = bench.session("ticker")
    last = 0
    for _ in range(3):
        gdb.begin("continue")
        gdb.out.until(r"Continuing\.")
        time.sleep(0.2)
        gdb.interrupt()
        shows(gdb.answer(), INTERRUPTED)
        check(gdb.position() > last, f"the machine did not run: at {gdb.position()}")
        last = gdb.position()
    gdb("tbreak tick")
    shows(gdb("continue"), r"^Temporary breakpoint")


@scenario
def a_search_backwards(bench):
    """A search that finds nothing is cut short; the user is where they were, or at a place that was passed."""
    gdb = bench.session("ticker")
    for seconds in (2, 4, 8, 16):
        gdb.begin("continue")
        gdb.out.until(r"Continuing\.")
        time.sleep(seconds)
        gdb.interrupt()
        shows(gdb.answer(), INTERRUPTED)
        before = gdb.position()
        state = gdb.state()
        # Nothing is attempted between two instructions, in a page that always runs: one search through all there is.
        address = shows(gdb("info address weigh"), r"(0x[0-9a-f]+)")[1]
        gdb(f"hbreak *{int(address, 16) + 1:#x}")
        gdb.begin("reverse-continue")
        gdb.out.until(r"Continuing\.")
        time.sleep(seconds / 20)
        gdb.interrupt()
        text = gdb.answer()
        gdb("delete")
        if "SIGINT" in text:
            break
        shows(text, HISTORY_ENDS)  # the machine was faster than the finger: give it more to search
        gdb("monitor end")
        gdb("maintenance flush register-cache")
    shows(text, INTERRUPTED)
    reached = gdb.position()
    check(0 <= reached <= before, f"stopped at {reached}, outside of what was searched")
    gdb(f"monitor goto {before}")
    gdb("maintenance flush register-cache")
    equal(gdb.state(), state, "registers where the search began")


@scenario
def a_storm_of_false_hits(bench):
    """Nearly all the time gdb looks at a condition, or steps on from where it does not hold: Ctrl-C comes then."""
    gdb = bench.session("ticker")
    gdb("break weigh if rounds == 0")
    last = 0
    for _ in range(5):
        gdb.begin("continue")
        gdb.out.until(r"Continuing\.")
        time.sleep(0.3)
        gdb.interrupt()
        shows(gdb.answer(), INTERRUPTED)
        check(gdb.position() > last, f"the machine did not run: at {gdb.position()}")
        last = gdb.position()


@scenario
def when_already_stopped(bench):
    """A second Ctrl-C that comes too late must not upset the conversation."""
    gdb = bench.session("ticker")
    gdb.begin("continue")
    gdb.out.until(r"Continuing\.")
    time.sleep(0.2)
    gdb.interrupt()
    shows(gdb.answer(), INTERRUPTED)
    gdb("maintenance packet \x03")
    gdb("tbreak tick")
    shows(gdb("continue"), r"^Temporary breakpoint")


@scenario
def a_machine_that_waits_for_input(bench):
    """Asleep for good, with a debugger attached: it waits, interruptibly."""
    gdb = bench.session("sleeper")
    gdb.begin("continue")
    gdb.out.until(r"Continuing\.")
    time.sleep(1)
    gdb.interrupt()
    shows(gdb.answer(), INTERRUPTED)
    equal(gdb.line()[0], "main", "where it sleeps")
    asleep_at = gdb.position()
    gdb("reverse-stepi")
    check(gdb.position() < asleep_at, "a step back from its sleep")
