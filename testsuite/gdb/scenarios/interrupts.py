"""Stepping through a main loop that a tick of 1,000 times a second cuts into: the user stays in the main loop."""

from harness import check, equal, line_of, scenario, shows

LOOP = ["main loop: first line", "main loop: call", "main loop: array", "main loop: busy", "main loop: last line"]


def loop_lines():
    first = line_of("ticker", LOOP[0])
    return range(first - 1, line_of("ticker", LOOP[-1]) + 1)


def after_some_ticks(bench):
    """A session right after the fourth tick began, and the positions at which the first three did."""
    gdb = bench.session("ticker")
    gdb("break tick")
    entries = []
    for _ in range(4):
        shows(gdb("continue"), r"^Breakpoint 1, tick \(\)")
        entries.append(gdb.position())
    gdb("delete")
    return gdb, entries[:3]


def goto(gdb, position):
    gdb(f"monitor goto {position}")
    gdb("maintenance flush register-cache")
    equal(gdb.position(), position, "position after goto")


def leave_calls(gdb):
    while gdb.line()[0] != "main":
        gdb("finish" if gdb.line()[0] == "weigh" else "stepi")


@scenario
def next_stays_in_the_main_loop(bench):
    gdb, entries = after_some_ticks(bench)
    for entry in entries:
        goto(gdb, entry - 2500)
        leave_calls(gdb)
        ticks = gdb.number("ticks")
        places = set()
        while gdb.position() < entry + 1500:
            gdb("next")
            places.add(gdb.line())
        equal(gdb.number("ticks"), ticks + 1, "the tick was taken meanwhile")
        check({place[0] for place in places} == {"main"} and {place[1] for place in places} <= set(loop_lines()),
              f"next left the main loop: {places}")


@scenario
def reverse_next_stays_in_the_main_loop(bench):
    gdb, entries = after_some_ticks(bench)
    for entry in entries[1:]:
        goto(gdb, entry + 2500)
        leave_calls(gdb)
        ticks = gdb.number("ticks")
        places = set()
        while gdb.position() > entry - 1500:
            gdb("reverse-next")
            places.add(gdb.line())
        equal(gdb.number("ticks"), ticks - 1, "the tick was undone meanwhile")
        check({place[0] for place in places} == {"main"} and {place[1] for place in places} <= set(loop_lines()),
              f"reverse-next left the main loop: {places}")


@scenario
def stepi_crosses_as_one_move(bench):
    """Forward and back over the same tick: the same instructions of the main loop, and none of the handler."""
    gdb, entries = after_some_ticks(bench)
    goto(gdb, entries[0] - 150)
    forward = [(gdb.position(), gdb.number("$pc"))]
    while gdb.position() < entries[0] + 200:
        gdb("stepi")
        forward.append((gdb.position(), gdb.number("$pc")))
        check(gdb.line()[0] in ("main", "weigh"), f"stepi went into {gdb.line()}")
    moves = [there[0] - here[0] for here, there in zip(forward, forward[1:])]
    equal(sorted(set(moves))[0], 1, "the shortest move")
    equal(sum(move > 1 for move in moves), 1, "moves over the interrupt")
    back = [forward[-1]]
    while len(back) < len(forward):
        gdb("reverse-stepi")
        back.append((gdb.position(), gdb.number("$pc")))
    equal(back, forward[::-1], "the same moves backwards")


@scenario
def step_interrupts_on_shows_the_handler(bench):
    gdb, entries = after_some_ticks(bench)
    gdb("monitor step-interrupts on")
    goto(gdb, entries[0] - 150)
    functions = []
    while gdb.position() < entries[0]:
        at = gdb.position()
        gdb("stepi")
        check(1 <= gdb.position() - at <= 2, f"one stepi moved from {at} to {gdb.position()}")
        functions.append(shows(gdb("info symbol $pc"), r"^(\w+)")[1])
    check("trap_entry" in functions and functions[-1] == "tick", f"the handler does not show: {functions}")
    gdb("reverse-stepi")
    check(shows(gdb("info symbol $pc"), r"^(\w+)")[1] == "handle_trap", "back in the handler")
    gdb("monitor step-interrupts off")


@scenario
def a_breakpoint_inside_still_hits(bench):
    gdb, entries = after_some_ticks(bench)
    goto(gdb, entries[1] - 400)
    leave_calls(gdb)
    gdb("break tick")
    text = ""
    while "Breakpoint" not in text:
        check(gdb.position() <= entries[1], "the breakpoint in the handler was missed")
        text = gdb("next")
    shows(text, r"^Breakpoint \d+, tick \(\)")
    equal(gdb.position(), entries[1], "position of the hit")
    shows(gdb("backtrace"), r"(?s)#0 +tick.*handle_trap.*<signal handler called>.*(main|weigh) \(")


@scenario
def a_watchpoint_inside_still_hits(bench):
    gdb, entries = after_some_ticks(bench)
    goto(gdb, entries[1] + 400)
    leave_calls(gdb)
    gdb("watch -location ticks")
    text = ""
    while "watchpoint" not in text:
        check(gdb.position() > entries[1] - 1000, "the watchpoint in the handler was missed")
        text = gdb("reverse-next")
    shows(text, r"^Old value = 2\nNew value = 1$")
    equal(gdb.line()[0], "handle_trap", "who counts the ticks")
