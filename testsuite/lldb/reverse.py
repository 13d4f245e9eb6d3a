"""What LLDB can from 21 on: `process continue --reverse`, and back with --forward; it has no reverse steps. Older ones do not
find the callers of RISC-V's functions from every instruction, either."""

from harness import check, equal, line_of, scenario, shows

from forward import TWO, in_batch

BACK = "process continue --reverse"
BOUNDARY = r"stop reason = history boundary$"


@scenario
def callers(bench):
    lldb = bench.lldb_session("calls")
    lldb("breakpoint set -n factorial -c 'n == 2'")
    lldb("continue")
    shows(lldb("bt"), r"(?s)frame #0: .*factorial\(n=2\).*frame #3: .*factorial\(n=5\).*frame #4: .*main")
    for value in (3, 4, 5):
        shows(lldb("thread step-out"), r"stop reason = step out")
        equal(lldb.number("n"), value, "the caller's argument")
    lldb("thread step-out")
    equal(lldb.line(), ("main", line_of("calls", "main: factorial")), "the first caller")
    shows(lldb(f"thread until {line_of('calls', 'main: add_three')}"), r"^Process 1 stopped")
    equal(lldb.line(), ("main", line_of("calls", "main: add_three")), "until")


@scenario
def to_breakpoints(bench):
    lldb = bench.lldb_session("calls")
    lldb("breakpoint set -n factorial")
    forward = []
    for _ in range(5):
        shows(lldb("continue"), r"stop reason = breakpoint 1\.1$")
        forward.append((lldb.position(), lldb.number("n")))
    equal([value for _, value in forward], [5, 4, 3, 2, 1], "the arguments forward")
    for place in forward[-2::-1]:
        shows(lldb(BACK), r"stop reason = breakpoint 1\.1$")
        equal((lldb.position(), lldb.number("n")), place, "the same place again")
    shows(lldb(BACK), BOUNDARY)
    shows(lldb("process continue --forward"), r"stop reason = breakpoint 1\.1$")
    equal((lldb.position(), lldb.number("n")), forward[0], "the first place again")


@scenario
def to_conditional_breakpoints(bench):
    lldb = bench.lldb_session("calls")
    lldb("breakpoint set -n power_off")
    lldb("continue")
    lldb("breakpoint delete 1")
    lldb("breakpoint set -n factorial -c 'n == 3'")
    shows(lldb(BACK), r"stop reason = breakpoint 2\.1$")
    equal(lldb.number("n"), 3, "the argument")


@scenario
def to_watched_stores(bench):
    """Each change once, in the other order; forward again from the middle."""
    lldb = bench.lldb_session("watch")
    lldb("breakpoint set -n main")
    lldb("continue")
    lldb("watchpoint set variable counter")
    for value in range(5):
        shows(lldb("continue"), rf"^old value: {value}\nnew value: {value + 1}$")
    for value in range(5, 2, -1):
        text = lldb(BACK)
        shows(text, rf"^old value: {value}\nnew value: {value - 1}$")
        shows(text, r"stop reason = watchpoint 1$")
        equal(lldb.line()[1], line_of("watch", "store: counter"), "the line")
        equal(lldb.number("counter"), value - 1, "the variable")
    for value in (3, 4):
        shows(lldb("process continue --forward"), rf"^old value: {value - 1}\nnew value: {value}$")


@scenario
def to_both_ends(bench):
    lldb = bench.lldb_session("watch")
    for _ in range(2):
        shows(lldb("process continue --forward"), BOUNDARY)
    end = lldb.position()
    for _ in range(2):
        shows(lldb(BACK), BOUNDARY)
        equal(lldb.position(), 0, "position at the beginning")
        equal(lldb.number("$pc"), 0x1000, "pc at the beginning")
    shows(lldb("process continue --forward"), BOUNDARY)
    equal(lldb.position(), end, "position at the end")


@scenario
def steps_go_on_from_the_past(bench):
    """A step after a move back goes forward. One over a call does so only once the direction is set: LLDB 22 runs through the
    call in the direction of the last `continue`."""
    lldb = bench.lldb_session("calls")
    lldb("breakpoint set -n power_off")
    lldb("continue")
    lldb("breakpoint delete 1")
    lldb(f"breakpoint set -f calls.c -l {line_of('calls', 'main: factorial')}")
    lldb(BACK)
    equal(lldb.line(), ("main", line_of("calls", "main: factorial")), "where it went back")
    shows(lldb("thread step-in"), r"stop reason = step in")
    equal(lldb.line()[0], "factorial", "into the call, in the past")
    lldb(f"breakpoint set -f calls.c -l {line_of('calls', 'main: after factorial')}")
    lldb("process continue --forward")
    equal(lldb.line(), ("main", line_of("calls", "main: after factorial")), "behind the call")
    lldb("thread step-over")
    equal(lldb.line(), ("main", line_of("calls", "main: add_three")), "the next line")
    lldb("thread step-over")
    equal(lldb.line(), ("main", line_of("calls", "main: apply_all")), "over a call, in the past")


@scenario
def with_harts(bench):
    lldb = bench.lldb_session("harts", *TWO)
    lldb("breakpoint set -n contribute")
    forward = []
    for _ in range(8):
        lldb("continue")
        forward.append((lldb.hart(), lldb.position()))
    equal({who for who, _ in forward}, {0, 1}, "who came by")
    for place in forward[-2::-1]:
        shows(lldb(BACK), r"stop reason = breakpoint 1\.1$")
        equal((lldb.hart(), lldb.position()), place, "who came by, going back")


@scenario
def is_interrupted(bench):
    """A search that would take long is cut short at a place that is on the time line."""
    lldb = bench.lldb_session("ticker")
    for seconds in (2, 4, 8, 16):
        lldb.run_for(seconds, "process continue --forward")
        before = lldb.position()
        # Nothing is attempted between two instructions, in a page that always runs: one search through all there is.
        address = shows(lldb("image lookup -n weigh -v"), r"range = .0x([0-9a-f]+)-")[1]
        lldb(f"breakpoint set -H -a {int(address, 16) + 1:#x}")
        text = lldb.run_for(seconds / 20, BACK)
        lldb("breakpoint delete -f")
        if "history boundary" not in text:
            break
    shows(text, r"stop reason = signal SIG(STOP|INT)")
    reached = lldb.position()
    check(0 <= reached <= before, f"stopped at {reached}, outside of what was searched")
    lldb.run_for(0.3, "process continue --forward")
    check(lldb.position() > reached, "it goes on from there")


@scenario
def leaves_in_the_past_and_comes_back(bench):
    recording = bench.record("calls")
    machine = bench.replay(recording)
    lldb = bench.lldb_to(machine, "calls")
    lldb("breakpoint set -n add_three")
    lldb("continue")
    lldb("breakpoint set -n factorial")
    lldb(BACK)
    equal(lldb.line()[0], "factorial", "the function")
    position = lldb.position()
    lldb("process detach")
    again = bench.lldb_to(machine, "calls")
    equal(again.position(), position, "where the replay stands")
    shows(again(BACK), BOUNDARY)


@scenario
def of_32_bits(bench):
    lldb = bench.lldb_session("calls32")
    lldb("breakpoint set -n add_three")
    lldb("continue")
    place = lldb.position(), lldb.number("$a0")
    lldb("continue")
    shows(lldb(BACK), r"stop reason = breakpoint 1\.1$")
    equal((lldb.position(), lldb.number("$a0")), place, "the place where it was")
    lldb("breakpoint delete 1")
    lldb("watchpoint set variable result")
    text = lldb(BACK)
    shows(text, r"^old value: \d+\nnew value: \d+$")


@scenario
def in_one_terminal(bench):
    """By our command, in a batch of `backspin debug`."""
    script = "breakpoint set -n factorial\ncontinue\ncontinue\nreverse-continue\nwhen\n"
    code, text = in_batch(bench, script, bench.elf("calls"))
    equal(code, 0, f"exit code, with {text}")
    shows(text, r"position 48 of \d+, .*in the past")
