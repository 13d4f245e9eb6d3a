"""Both ends of history, and that power-off does not end a session."""

from harness import check, equal, lacks, line_of, scenario, shows

HISTORY_ENDS = r"No more reverse-execution history|Reached end of recorded history"


@scenario
def the_beginning(bench):
    gdb = bench.session("calls")
    for command in ("reverse-continue", "reverse-stepi", "reverse-continue"):
        shows(gdb(command), HISTORY_ENDS)
        equal(gdb.position(), 0, "position at the beginning")
    gdb("stepi 3")
    shows(gdb("reverse-stepi 10"), HISTORY_ENDS)
    equal(gdb.position(), 0, "position at the beginning")


@scenario
def power_off_keeps_the_session(bench):
    gdb = bench.session("calls")
    for _ in range(3):
        text = gdb("continue")
        shows(text, HISTORY_ENDS)
        lacks(text, r"exited|Remote connection closed|warning")
    end = gdb.position()
    shows(gdb("stepi"), HISTORY_ENDS)
    equal(gdb.position(), end, "position at the end")
    shows(gdb("backtrace"), r"#0 +power_off ")
    gdb("reverse-stepi")
    equal(gdb.position(), end - 1, "one step back from the end")
    gdb("break factorial")
    shows(gdb("reverse-continue"), r"^Breakpoint 1, factorial")
    gdb("delete")
    shows(gdb("continue"), HISTORY_ENDS)
    equal(gdb.position(), end, "the same end")


@scenario
def power_off_exit_ends_the_machine(bench):
    machine = bench.machine("calls", "--power-off", "exit")
    gdb = bench.debugger("calls")
    gdb.attach(machine)
    gdb("continue")
    equal(machine.wait(), 0, "exit code")


@scenario
def of_a_live_machine_is_where_it_goes_on(bench):
    """From the past, running forward stops at the frontier; from there the machine is live again."""
    gdb = bench.session("ticker")
    gdb("break tick")
    gdb("continue")
    gdb("continue")
    gdb("delete")
    frontier = gdb.position()
    gdb("reverse-stepi 200")
    gdb("monitor step-interrupts on")
    shows(gdb("continue"), HISTORY_ENDS)
    equal(gdb.position(), frontier, "the frontier")
    gdb("stepi")
    equal(gdb.position(), frontier + 1, "one live step")
    gdb("tbreak tick")
    shows(gdb("continue"), r"^Temporary breakpoint \d+, tick")


@scenario
def goes_anywhere(bench):
    gdb = bench.session("calls")
    gdb("tbreak count_down")
    gdb("continue")
    there, state = gdb.position(), gdb.state()
    for position in (0, there // 2, 1, there):
        gdb(f"monitor goto {position}")
        equal(gdb.position(), position, "position after goto")
    gdb("maintenance flush register-cache")
    equal(gdb.state(), state, "registers after coming back")
    equal(gdb.line()[0], "count_down", "function after coming back")


@scenario
def a_console_line_is_a_place(bench):
    """Live, and in the recording of it."""
    recording = bench.directory / "shown.bsp"
    machine = bench.machine("echo", "--save", str(recording), console="stdio")
    gdb = bench.debugger("echo")
    gdb.attach(machine)
    gdb("break uart_put")
    gdb("continue")
    first = gdb.position()
    gdb("delete")
    machine.send("one\ntwo\x04")
    shows(gdb("continue"), HISTORY_ENDS)
    gdb("monitor goto line:?")
    there = gdb.position()
    check(there >= first, "where the question mark is printed")
    gdb("monitor goto line:TWO")
    second = gdb.position()
    check(second > there, "a later line")
    shows(gdb("monitor goto line:never"), "no console of this history shows a line with 'never'")
    equal(gdb.position(), second, "position after a line that is not there")
    gdb("kill")
    machine.wait()
    again = bench.debugger("echo")
    again.attach(bench.replay(recording))
    again("monitor goto line:TWO")
    equal(again.position(), second, "the same line of the recording")


@scenario
def a_breakpoint_at_the_end(bench):
    """gdb 13 steps off a breakpoint first, and after an end of history within that step it resumed nothing any more."""
    gdb = bench.session("calls")
    shows(gdb("continue"), HISTORY_ENDS)
    end = gdb.position()
    gdb("break *$pc")
    for command in ("continue", "continue", "stepi", "next"):
        text = gdb(command)
        shows(text, r"^Program stopped")
        shows(text, r"^the end of history: there is nothing left to step$")
        equal(gdb.position(), end, f"position after {command}")
    gdb("delete")
    shows(gdb("continue"), HISTORY_ENDS)
    gdb("break power_off")
    shows(gdb("reverse-continue"), r"^Breakpoint 2, power_off ")
    # The very step that switches the machine off.
    gdb("monitor end")
    gdb("maintenance flush register-cache")
    gdb("reverse-stepi")
    gdb("break *$pc")
    shows(gdb("continue"), HISTORY_ENDS)
    equal(gdb.position(), end, "position after the last step")
    gdb("reverse-stepi")
    equal(gdb.position(), end - 1, "position one step back")


@scenario
def helps(bench):
    gdb = bench.session("calls")
    text = gdb("monitor help")
    for command in ("when", "goto", "step-interrupts"):
        shows(text, command)
    shows(gdb("monitor help goto"), r"^goto PLACE$[\s\S]*flush register-cache")
    shows(gdb("monitor no-such-command"), r"help")
    shows(gdb("monitor gtoo 5"), r"did you mean goto\?")
    shows(gdb("monitor wh"), r"^position 0 of 0")
    shows(gdb("monitor goto nowhere"), r"\w")
    equal(gdb.position(), 0, "position after nonsense")


@scenario
def the_same_crash_every_time(bench):
    """Back to a breakpoint and forward to the end, again and again: one and the same end."""
    gdb = bench.session("calls")
    gdb("continue")
    end, state = gdb.position(), gdb.state()
    line = line_of("calls", "add_three: return")
    gdb(f"break calls.c:{line}")
    for _ in range(3):
        shows(gdb("reverse-continue"), rf"^Breakpoint 1, add_three \(n=.*\) at calls\.c:{line}$")
        shows(gdb("reverse-continue"), rf"^Breakpoint 1, add_three|{HISTORY_ENDS}")
        gdb("disable 1")
        shows(gdb("continue"), HISTORY_ENDS)
        equal((gdb.position(), gdb.state()), (end, state), "the end")
        gdb("enable 1")
