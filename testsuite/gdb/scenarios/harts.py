"""Several harts are threads: who is where, who hit what, and one of them stepped while the others go on."""

from harness import check, equal, line_of, scenario, shows

TWO = ("--harts", "2", "--quantum", "30")


def threads(gdb):
    """What `info threads` says of each: [(selected, description, function)]."""
    rows = []
    for row in gdb("info threads").splitlines():
        if "Thread" in row:
            found = shows(row, r'^([* ]) \d+ +Thread \d+ ("hart\d" \(.*?\)) +(?:0x[0-9a-f]+ in )?(\S+) \(')
            rows.append((found[1] == "*", found[2], found[3]))
    return rows


def at_work(bench):
    """Both harts have begun; the first of them is about to contribute."""
    gdb = bench.session("harts", *TWO)
    gdb("break contribute")
    gdb("continue 8")
    gdb("delete")
    return gdb


def hart(gdb):
    return int(shows(gdb("thread"), r"Current thread is (\d+)")[1]) - 1


def hits(gdb, command, times):
    """Who stopped where in so many moves: [(hart, position)]."""
    seen = []
    for _ in range(times):
        gdb(command)
        seen.append((hart(gdb), gdb.position()))
    return seen


@scenario
def are_threads(bench):
    gdb = bench.session("harts", *TWO)
    equal(len(threads(gdb)), 2, "threads before the first instruction")
    gdb("tbreak main")
    gdb("continue")
    equal(threads(gdb), [(True, '"hart0" (M-mode)', "main"),
                         (False, '"hart1" (M-mode, waiting for an interrupt)', "park")], "threads at main")
    gdb("tbreak other_hart")
    shows(gdb("continue"), r'^Thread 2 "hart1" hit Temporary breakpoint \d+, other_hart \(hart=(hart@entry=)?1\)')
    equal(threads(gdb)[1], (True, '"hart1" (M-mode)', "other_hart"), "the other hart, started")
    equal(gdb.number("$mhartid"), 1, "the selected hart's own register")
    gdb("thread 1")
    equal(gdb.number("$mhartid"), 0, "the other's")
    shows(gdb("thread apply all print $mhartid"), r"(?s)Thread 2 .*= 1\n.*Thread 1 .*= 0\n")


@scenario
def breakpoints_tell_the_right_one(bench):
    """Forward, and the same places in the other order backward."""
    gdb = at_work(bench)
    gdb("break contribute")
    forward = hits(gdb, "continue", 12)
    equal({who for who, _ in forward}, {0, 1}, "who came by")
    for who, _ in forward[-2::-1]:
        gdb("reverse-continue")
        equal(hart(gdb), who, "who came by, going back")
        equal(gdb.number("$a0"), who, "its argument")
    equal(gdb.position(), forward[0][1], "the first of the places")


@scenario
def watchpoints_tell_the_right_one(bench):
    """Each adds its own number plus one to the total."""
    gdb = at_work(bench)
    gdb("watch total")
    before, seen = gdb.number("total"), set()
    for _ in range(8):
        shows(gdb("continue"), r'^Thread \d "hart\d" hit Hardware watchpoint')
        now = gdb.number("total")
        equal(now - before, hart(gdb) + 1, "what was added, by whom")
        seen.add(hart(gdb))
        before = now
    equal(seen, {0, 1}, "who added")
    for _ in range(7):
        gdb("reverse-continue")
        now = gdb.number("total")
        equal(before - now, hart(gdb) + 1, "what was taken back, from whom")
        before = now


@scenario
def one_is_stepped_the_others_go_on(bench):
    """stepi on a hart: it makes one attempt, however long that takes; the same way back."""
    gdb = at_work(bench)
    there = gdb.position()
    gdb("continue")  # a frontier far away: what is stepped is the past
    for number in (1, 2):
        gdb(f"monitor goto {there}")
        gdb("maintenance flush register-cache")
        gdb(f"thread {number}")
        forward = [(gdb.position(), gdb.number("$pc"))]
        retired = gdb.number("$minstret")
        for _ in range(70):
            gdb("stepi")
            equal(hart(gdb), number - 1, "the selected hart after stepi")
            forward.append((gdb.position(), gdb.number("$pc")))
        equal(gdb.number("$minstret"), retired + 70, "instructions of this hart")
        moves = {there[0] - here[0] for here, there in zip(forward, forward[1:])}
        check(1 in moves and max(moves) > 20, f"in turns of 30 steps: {moves}")
        back = [forward[-1]]
        for _ in range(69):
            gdb("reverse-stepi")
            equal(hart(gdb), number - 1, "the selected hart after reverse-stepi")
            back.append((gdb.position(), gdb.number("$pc")))
        equal(back, forward[:0:-1], "the same moves backwards")


@scenario
def next_and_reverse_next_on_the_second(bench):
    gdb = bench.session("harts", *TWO)
    gdb("break other_hart")
    gdb("continue")
    gdb("delete")
    while gdb.line() != ("work", line_of("harts", "work: call")):
        gdb("step")
    for comment in ("work: loop", "work: call") * 3:
        gdb("next")
        equal((hart(gdb), gdb.line()), (1, ("work", line_of("harts", comment))), "next over a call")
    gdb("step")
    equal(gdb.line(), ("contribute", line_of("harts", "contribute: own")), "step into it")
    shows(gdb("backtrace"), r"(?s)#0 +contribute \(hart=.*1\).*#1 .* work \(hart=.*1\).*#2 .* other_hart")
    shows(gdb("reverse-finish"), r"(?s)Run back to call of .*work \(hart=")
    gdb("reverse-next")  # to the beginning of the line or, for newer versions, of the one before
    seen = [gdb.line()]
    for _ in range(3):
        gdb("reverse-next")
        equal(hart(gdb), 1, "the selected hart after reverse-next")
        seen.append(gdb.line())
    lines = {("work", line_of("harts", comment)) for comment in ("work: call", "work: loop")}
    check(set(seen) == lines and all(here != there for here, there in zip(seen, seen[1:])),
          f"back over the calls before: {seen}")


@scenario
def another_ones_breakpoint_ends_a_step(bench):
    """Hart 1 is stepped over a call that takes several turns; meanwhile hart 0 comes to its breakpoint."""
    gdb = at_work(bench)
    gdb("break contribute if hart == 0")
    gdb("thread 2")
    text = ""
    while "Breakpoint" not in text:
        text = gdb("stepi")
    shows(text, r'^Thread 1 "hart0" hit Breakpoint \d+, contribute \(hart=(hart@entry=)?0\)')
    equal(hart(gdb), 0, "the selected hart")


@scenario
def the_ends_of_history_keep_the_selected_one(bench):
    gdb = at_work(bench)
    gdb("thread 2")
    for command in ("reverse-continue", "reverse-stepi"):
        shows(gdb(command), r"No more reverse-execution history|Reached end of recorded history")
        equal((hart(gdb), gdb.position()), (1, 0), f"after {command}")
    gdb("monitor end")
    gdb("maintenance flush register-cache")
    gdb("reverse-stepi")
    gdb("monitor step-interrupts on")
    text = ""
    while "history" not in text:
        text = gdb("stepi")
    equal(hart(gdb), 1, "after stepi")


@scenario
def the_selected_one_goes_back(bench):
    """gdb does not say which hart is to go back: whatever else the user looked at, it is the one that they selected."""
    gdb = at_work(bench)
    gdb("break contribute if hart == 1")
    gdb("continue")
    gdb("delete")
    equal(hart(gdb), 1, "whose breakpoint")

    def goes_back(number, *commands):
        """After these commands a step back of the hart is one of its instructions."""
        for command in commands:
            gdb(command)
        gdb("reverse-stepi")
        equal(hart(gdb), number, f"who went back after {commands}")
        retired = gdb.number("$minstret")
        gdb("stepi")
        equal(gdb.number("$minstret"), retired + 1, f"instructions after {commands}")

    goes_back(1, "info threads")
    goes_back(0, "thread 1")
    goes_back(1, "info threads", "thread 2")
    goes_back(1, "thread apply all print $pc")
    goes_back(0, "info threads", "thread 1", "info threads")
    goes_back(1, "thread 2", "backtrace")
    gdb("delete")
    # Another one's false condition on the way is judged by gdb itself, and does not change who goes back.
    gdb("break contribute if hart == 7")
    for _ in range(40):
        gdb("reverse-stepi")
        equal(hart(gdb), 1, "who goes back over the other's breakpoint")


@scenario
def a_recording_knows_them_too(bench):
    recording = bench.record("harts", *TWO)
    gdb = bench.debugger("harts")
    gdb.attach(bench.replay(recording))
    shows(gdb("continue"), r"No more reverse-execution history|Reached end of recorded history")
    equal(gdb.number("total"), 120, "the total at the end")
    gdb("break contribute if hart == 1")
    shows(gdb("reverse-continue"), r'^Thread 2 "hart1" hit Breakpoint 1, contribute')
    equal(gdb.number("rounds[1]"), 39, "rounds before the last")
