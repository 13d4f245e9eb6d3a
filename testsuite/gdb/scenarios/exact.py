"""Stepping back visits exactly the states that stepping forward visited."""

from harness import HERE, check, equal, scenario, shows


@scenario
def a_thousand_steps_back(bench):
    """In a recording of ten million steps with a ticking timer, interrupts shown, around the middle and over a tick."""
    recording = bench.record("digest_load")
    gdb = bench.debugger("digest_load")
    gdb.attach(bench.replay(recording))
    gdb(f"source {HERE / 'visit.py'}")
    gdb("monitor step-interrupts on")
    gdb("monitor goto 5000000")
    gdb("maintenance flush register-cache")
    gdb("break tick")
    gdb("continue")
    tick = gdb.position()
    check(tick > 5_000_000, f"no tick after the middle: {tick}")
    gdb("delete")
    gdb(f"monitor goto {tick - 400}")
    gdb("maintenance flush register-cache")
    text = gdb("visit-states 1000")
    shows(text, r"^visited 1001 states, 0 differ \[\]$")
    check(int(shows(text, r"^pcs in the handler: (\d+)$")[1]) > 10, "the handler was not among the states")
    equal(gdb.position(), tick - 400, "position after all of it")


@scenario
def live_machines_too(bench):
    gdb = bench.session("digest_load")
    gdb(f"source {HERE / 'visit.py'}")
    gdb("monitor step-interrupts on")
    gdb("break tick")
    gdb("continue")
    gdb("delete")
    for _ in range(2):
        shows(gdb("visit-states 200"), r"^visited 201 states, 0 differ \[\]$")
        gdb("stepi 200")
