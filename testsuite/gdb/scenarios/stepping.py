"""step, next, finish, until and their reverse: over calls, recursion, function pointers and loops."""

from harness import check, equal, line_of, scenario, shows

MAIN_LINES = ["main: start", "main: factorial", "main: after factorial", "main: add_three", "main: apply_all",
              "main: after apply_all", "main: count_down", "main: after count_down", "main: end"]


def lines(*comments):
    return [line_of("calls", comment) for comment in comments]


def at_main(bench):
    gdb = bench.session("calls")
    gdb(f"break {line_of('calls', MAIN_LINES[0])}")
    gdb("continue")
    gdb("delete")
    return gdb


def visited(gdb, command, times):
    seen = []
    for _ in range(times):
        gdb(command)
        seen.append(gdb.line())
    return seen


@scenario
def next_and_reverse_next(bench):
    """Over recursion, calls through pointers and a loop in a call; back, the same lines the other way round."""
    gdb = at_main(bench)
    wanted = [("main", line) for line in lines(*MAIN_LINES)]
    equal([gdb.line()] + visited(gdb, "next", len(wanted) - 1), wanted, "lines of next")
    equal(visited(gdb, "reverse-next", len(wanted) - 1), wanted[-2::-1], "lines of reverse-next")


@scenario
def step_into_and_back(bench):
    gdb = at_main(bench)
    gdb("next")
    equal(gdb.line(), ("main", line_of("calls", "main: factorial")), "before the call")
    shows(gdb("step"), r"^factorial \(n=(n@entry=)?5\) at calls\.c:")
    equal(gdb.line()[1], line_of("calls", "factorial: base"), "where step enters")
    shows(gdb("reverse-step"), r"^main \(\) at calls\.c:")
    equal(gdb.line(), ("main", line_of("calls", "main: factorial")), "where reverse-step leaves")
    gdb("next")
    equal(gdb.line(), ("main", line_of("calls", "main: after factorial")), "after the call")
    shows(gdb("reverse-step"), r"factorial \(n=")
    check(gdb.line()[1] > line_of("calls", "factorial: base"), "reverse-step enters a function at its end")


@scenario
def finish_and_reverse_finish(bench):
    gdb = at_main(bench)
    gdb("break factorial if n == 2")
    gdb("continue")
    shows(gdb("backtrace"), r"(?s)#0 .*n=.*#3 +\S+ in factorial \(n=.*#4 +\S+ in main")
    for value in (2, 6, 24, 120):
        gdb("delete")
        shows(gdb("finish"), rf"^Value returned is \$\d+ = {value}$")
    equal(gdb.line()[0], "main", "where the last finish ends")
    gdb("break factorial if n == 2")
    gdb("reverse-continue")
    gdb("delete")
    for _ in range(3):
        gdb("reverse-finish")
        equal(gdb.line()[0], "factorial", "the caller of a recursive call")
    gdb("reverse-finish")
    equal(gdb.line(), ("main", line_of("calls", "main: factorial")), "the first caller")


@scenario
def reverse_next_inside_recursion(bench):
    """It goes over the inner calls as a whole and stays in the frame that the user looks at."""
    gdb = at_main(bench)
    gdb("break factorial if n == 4")
    gdb("continue")
    gdb("delete")
    visited(gdb, "next", 2)
    equal(gdb.line(), ("factorial", line_of("calls", "factorial: return")), "where next went")
    depth = gdb("backtrace").count("factorial (")
    equal(depth, 2, "depth of the recursion")
    gdb("reverse-next")
    equal(gdb.line(), ("factorial", line_of("calls", "factorial: recursion")), "where reverse-next went")
    equal(gdb("backtrace").count("factorial ("), depth, "depth of the recursion")


@scenario
def through_function_pointers(bench):
    gdb = at_main(bench)
    gdb(f"break {line_of('calls', 'apply_all: call')}")
    entered = []
    for _ in range(3):
        gdb("continue")
        gdb("step")
        entered.append(gdb.line()[0])
        gdb("finish")
    equal(entered, ["add_three", "twice", "factorial"], "what the pointers lead to")
    gdb("delete")
    gdb("break twice")
    gdb("reverse-continue")
    gdb("delete")
    gdb("reverse-finish")
    equal(gdb.line(), ("apply_all", line_of("calls", "apply_all: call")), "the call through the pointer")


@scenario
def until_and_advance(bench):
    gdb = at_main(bench)
    gdb(f"until {line_of('calls', 'main: after factorial')}")
    equal(gdb.line(), ("main", line_of("calls", "main: after factorial")), "until LINE")
    gdb("advance count_down")
    equal(gdb.line()[0], "count_down", "advance FUNCTION")
    gdb(f"until {line_of('calls', 'count_down: return')}")
    equal(gdb.line(), ("count_down", line_of("calls", "count_down: return")), "until the end of the loop")


@scenario
def until_and_advance_backwards(bench):
    gdb = at_main(bench)
    gdb(f"advance {line_of('calls', 'main: end')}")
    gdb("set exec-direction reverse")
    gdb(f"until {line_of('calls', 'main: after apply_all')}")
    equal(gdb.line(), ("main", line_of("calls", "main: after apply_all")), "until LINE")
    gdb("advance twice")
    equal(gdb.line()[0], "twice", "advance FUNCTION")
    gdb(f"advance {line_of('calls', 'main: factorial')}")
    equal(gdb.line()[0], "apply_all", "advance ends in the caller, which is reached first")


@scenario
def reverse_next_over_a_loop_in_one_line(bench):
    gdb = at_main(bench)
    gdb("break count_down")
    gdb("continue")
    gdb("delete")
    start = gdb.line()
    gdb(f"advance {line_of('calls', 'count_down: return')}")
    gdb("reverse-next")
    equal(gdb.line(), ("count_down", line_of("calls", "count_down: loop")), "the loop's line")
    gdb("reverse-finish")
    equal(gdb.line(), ("main", line_of("calls", "main: count_down")), "the caller")
    check(start[0] == "count_down", "the function that was entered")


@scenario
def instructions(bench):
    """stepi and nexti, forward and back: each moves by one instruction, or over one call."""
    gdb = at_main(bench)
    here, position = gdb.state(), gdb.position()
    gdb("stepi 40")
    there = gdb.state()
    gdb("reverse-stepi 40")
    equal(gdb.state(), here, "registers after as many back")
    gdb("stepi 40")
    equal(gdb.state(), there, "registers after as many forward again")
    gdb("next 4")
    gdb(f"monitor goto {position}")
    gdb("maintenance flush register-cache")
    for _ in range(12):
        gdb("nexti")
        equal(gdb.line()[0], "main", "nexti stays in main")
    for _ in range(12):
        gdb("reverse-nexti")
        equal(gdb.line()[0], "main", "reverse-nexti stays in main")
    equal(gdb.state(), here, "registers after as many reverse-nexti")


@scenario
def backwards_by_direction(bench):
    """`set exec-direction reverse` turns the plain commands round."""
    gdb = at_main(bench)
    gdb("next")
    gdb("next")
    gdb("set exec-direction reverse")
    gdb("next")
    equal(gdb.line(), ("main", line_of("calls", "main: factorial")), "next, backwards")
    gdb("step")
    equal(gdb.line(), ("main", line_of("calls", "main: start")), "step, backwards")
