"""GDB/MI as development environments speak it, forward and back."""

import re
import time

from harness import check, equal, line_of, scenario, shows


def session(bench, program, *options, asynchronous=False):
    mi = bench.machine_interface(program)
    if asynchronous:
        mi("-gdb-set mi-async on", r"\^done")
    machine = bench.machine(program, *options)
    mi(f"-target-select remote {machine.target}", r"\^connected")
    return mi


def stopped(mi, command, words=""):
    """What the stop record of a move says."""
    return mi(command, r"^\*stopped.*" + words)


def line_in(text):
    return int(shows(text, r'\*stopped.*line="(\d+)"')[1])


def position(mi):
    return int(shows(mi('-interpreter-exec console "monitor when"', r"(?s)position.*\^done"), r"position (\d+)")[1])


@scenario
def tells_that_it_can_reverse(bench):
    mi = session(bench, "calls")
    mi("-list-target-features", r'\^done,features=\[.*"reverse"')


@scenario
def steps_both_ways(bench):
    mi = session(bench, "calls")
    mi(f"-break-insert calls.c:{line_of('calls', 'main: factorial')}", r"\^done,bkpt=")
    stopped(mi, "-exec-continue", 'reason="breakpoint-hit"')
    mi("-break-delete", r"\^done")
    before = position(mi)
    equal(line_in(stopped(mi, "-exec-next", 'reason="end-stepping-range"')), line_of("calls", "main: after factorial"), "next")
    equal(line_in(stopped(mi, "-exec-next --reverse", 'reason="end-stepping-range"')), line_of("calls", "main: factorial"),
          "next --reverse")
    equal(position(mi), before, "position")
    shows(stopped(mi, "-exec-step", 'reason="end-stepping-range"'), r'func="factorial",args=\[\{name="n",value="5"\}')
    shows(stopped(mi, "-exec-step --reverse", 'reason="end-stepping-range"'), r'func="main"')
    here = position(mi)
    for _ in range(10):
        stopped(mi, "-exec-step-instruction")
    for _ in range(10):
        stopped(mi, "-exec-step-instruction --reverse")
    equal(position(mi), here, "position after as many instructions back")
    stopped(mi, "-exec-next-instruction")
    stopped(mi, "-exec-next-instruction --reverse")
    equal(position(mi), here, "position after nexti and back")


@scenario
def continues_both_ways(bench):
    """To breakpoints, one of them conditional, to a watched store, and out of functions."""
    mi = session(bench, "calls")
    mi('-break-insert -c "n == 2" factorial', r"\^done,bkpt=")
    shows(stopped(mi, "-exec-continue", 'reason="breakpoint-hit"'), r'name="n",value="2"')
    stopped(mi, "-exec-finish", 'reason="function-finished".*gdb-result-var')
    mi("-break-delete", r"\^done")
    mi("-break-insert add_three", r"\^done")
    stopped(mi, "-exec-continue", 'func="add_three"')
    mi("-break-delete", r"\^done")
    mi("-break-watch result", r"\^done,wpt=")
    text = stopped(mi, "-exec-continue --reverse", 'reason="watchpoint-trigger"')
    shows(text, r'value=\{old="121",new="120"\}')
    equal(line_in(text), line_of("calls", "main: after factorial"), "the line that writes")
    mi("-break-delete", r"\^done")
    mi("-break-insert add_three", r"\^done")
    stopped(mi, "-exec-continue", 'func="add_three"')
    equal(line_in(stopped(mi, "-exec-finish --reverse")), line_of("calls", "main: add_three"), "finish --reverse")


@scenario
def turns_round_by_direction(bench):
    mi = session(bench, "calls")
    mi("-break-insert add_three", r"\^done")
    stopped(mi, "-exec-continue", 'func="add_three"')
    mi("-break-insert factorial", r"\^done")
    mi("-gdb-set exec-direction reverse", r"\^done")
    shows(stopped(mi, "-exec-continue", 'reason="breakpoint-hit"'), r'name="n",value="1"')
    mi("-gdb-set exec-direction forward", r"\^done")
    stopped(mi, "-exec-continue", 'func="add_three"')


@scenario
def comes_to_both_ends(bench):
    """GDB before 14 sends a stop without a reason."""
    mi = session(bench, "calls")
    version = int(re.search(r"GNU gdb.*?(\d+)\.", mi("-gdb-version", r"(?s)GNU gdb.*\^done"))[1])
    ends = r'reason="no-history"' if version >= 14 else r'\*stopped,frame='
    shows(stopped(mi, "-exec-continue"), ends)
    end = position(mi)
    for _ in range(2):
        shows(stopped(mi, "-exec-continue --reverse"), ends)
        equal(position(mi), 0, "position at the beginning")
    shows(stopped(mi, "-exec-continue"), ends)
    equal(position(mi), end, "position at the end")


@scenario
def is_interrupted(bench):
    """As an environment's pause button does, in both directions; pressed once too often, too."""
    mi = session(bench, "ticker", asynchronous=True)
    last = 0
    for _ in range(2):
        mi("-exec-continue", r"\^running")
        time.sleep(0.3)
        stopped(mi, "-exec-interrupt", 'signal-name="SIGINT"')
        check(position(mi) > last, "the machine did not run")
        last = position(mi)
    mi("-exec-interrupt", r"\^done")  # it stands already: nobody answers
    mi("-break-insert tick", r"\^done")
    stopped(mi, "-exec-continue", 'func="tick"')
    stopped(mi, "-exec-continue --reverse", 'func="tick"')


@scenario
def lists_harts(bench):
    mi = session(bench, "harts", "--harts", "2", "--quantum", "30")
    mi("-break-insert contribute", r"\^done")
    seen = set()
    for _ in range(6):
        text = stopped(mi, "-exec-continue", 'reason="breakpoint-hit"')
        thread, argument = shows(text, r'value="(\d)".*thread-id="(\d)"').group(2, 1)
        equal(int(argument), int(thread) - 1, "who contributes")
        seen.add(thread)
    equal(seen, {"1", "2"}, "who was seen")
    text = mi("-thread-info", r"\^done,threads=")
    shows(text, r'id="1",target-id="Thread 1",details="M-mode[^"]*",name="hart0"')
    shows(text, r'id="2",target-id="Thread 2",details="M-mode[^"]*",name="hart1"')


@scenario
def shows_registers_and_memory(bench):
    mi = session(bench, "calls")
    names = shows(mi("-data-list-register-names", r"\^done"), r"register-names=\[(.*)\]")[1].replace('"', "").split(",")
    check({"pc", "mstatus", "fa0"} <= set(names), f"registers: {names}")
    mi(f"-data-list-register-values x {names.index('pc')}", r'value="0x1000"')
    mi("-data-read-memory-bytes 0x1000 4", r'contents="97020000"')


@scenario
def attaches_again(bench):
    machine = bench.machine("calls")
    for attempt in range(2):
        mi = bench.machine_interface("calls")
        mi(f"-target-select remote {machine.target}", r"\^connected")
        equal(position(mi) > 0, attempt > 0, "whether the machine has moved already")
        mi("-break-insert add_three", r"\^done")
        if attempt == 0:
            stopped(mi, "-exec-continue", 'func="add_three"')
        mi("-target-disconnect", r"\^done")
