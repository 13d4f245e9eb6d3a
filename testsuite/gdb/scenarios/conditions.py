"""Conditions and printing breakpoints: the debuggee judges them itself, however often they do not hold."""

from harness import check, equal, scenario, shows


def packets_of(gdb, command, name):
    """How many packets that begin so the command makes gdb send; and its text."""
    gdb("set debug remote on")
    text = gdb(command)
    gdb("set debug remote off")
    return text.count(f"Sending packet: ${name}")


@scenario
def one_of_a_hundred_thousand(bench):
    """The breakpoint is reached 100,000 times on the way, in both directions; gdb hears of the one that counts."""
    gdb = bench.session("visits")
    gdb("break visit if round == 100000")
    equal(packets_of(gdb, "continue", "vCont;c"), 1, "resumes forward")
    equal(gdb.number("round"), 100000, "the argument")
    there = gdb.position()
    gdb("tbreak visit if round == 200000")
    gdb("continue")
    equal(gdb.number("round"), 200000, "the argument")
    equal(packets_of(gdb, "reverse-continue", "bc"), 1, "resumes backward")
    equal((gdb.position(), gdb.number("round")), (there, 100000), "where reverse-continue stopped")
    equal(packets_of(gdb, "reverse-continue", "bc"), 1, "resumes to the beginning")
    equal(gdb.position(), 0, "the beginning of history")


@scenario
def registers_memory_and_signs(bench):
    gdb = bench.session("visits")
    gdb("break visit if $a0 == 7 || round == 5")
    gdb("continue")
    equal(gdb.number("round"), 5, "the first that holds")
    gdb("continue")
    equal(gdb.number("round"), 7, "the second")
    gdb("reverse-continue")
    equal(gdb.number("round"), 5, "backwards")
    gdb("delete")
    gdb("break visit if balance < 0 && name[0] == 'e'")
    gdb("continue")
    equal(gdb.number("round"), 1002, "the first even visit with a negative balance")
    gdb("delete")
    gdb("break visit if small == 200 && round > 2000")
    gdb("continue")
    equal(gdb.number("round") % 256, 201, "small is the visit before")


@scenario
def what_the_debuggee_cannot_judge_gdb_does(bench):
    """Functions of gdb's own do not translate; memory that is not there cannot be read."""
    gdb = bench.session("visits")
    gdb('break visit if round > 2 && $_streq(name, "odd")')
    gdb("continue")
    equal(gdb.number("round"), 3, "the first odd one")
    gdb("delete")
    gdb("break visit if round == 9 && *(int *) 0x40 == 0")
    shows(gdb("continue"), r"Error in testing condition|Cannot access memory")
    equal(gdb.number("round"), 9, "where it could not be judged")


@scenario
def variables_of_the_session(bench):
    """A condition with a trace state variable is judged by the debuggee. GDB can read it; it assigns none outside of a trace."""
    gdb = bench.session("visits")
    gdb("tvariable $base")
    gdb("break visit if round == 300 && $base == 0")
    equal(packets_of(gdb, "continue", "vCont;c"), 1, "resumes forward")
    equal((gdb.number("round"), gdb.number("$base")), (300, 0), "round and variable")
    gdb("tbreak visit if round == 500")
    gdb("continue")
    equal(packets_of(gdb, "reverse-continue", "bc"), 1, "resumes backward")
    equal(gdb.number("round"), 300, "round, backward")


@scenario
def printing_without_stopping(bench):
    """dprintf by the debuggee: each line once, on the way forward only."""
    gdb = bench.session("visits")
    gdb("set dprintf-style agent")
    gdb('dprintf visit,"round %d of %s\\n",round,name')
    gdb("tbreak 10 if round == 300")
    text = gdb("continue")
    for round, name in ((0, "even"), (1, "odd"), (300, "even")):
        equal(text.count(f"round {round} of {name}\n"), 1, f"lines of round {round}")
    text = gdb("reverse-continue")
    check("round 1" not in text, f"something was printed on the way back:\n{text[:500]}")
    gdb("tbreak 10 if round == 3")
    text = gdb("continue")
    equal(text.count("round 1 of odd\n"), 1, "lines of round 1, the second time forward")
    gdb("tbreak 10 if round == 2000")
    text = gdb("continue") + gdb("continue")  # to the end of history, and on
    equal(text.count(" of even\n") + text.count(" of odd\n"), 1997, "lines, none dropped")
