"""The commands that `backspin gdbinit` gives to GDB."""

from harness import check, equal, lacks, line_of, scenario, shows


def session(bench, program, *options):
    code, text, _ = bench.run("gdbinit")
    equal(code, 0, "exit code of gdbinit")
    gdb = bench.session(program, *options)
    equal(gdb(f"source {bench.file('backspin.gdb', text)}"), "", "what sourcing says")
    return gdb


def variable(gdb):
    return gdb.number("$_position")


@scenario
def are_the_same_as_files(bench):
    """Installed, they are a folder; printed, one file."""
    gdb = bench.session("calls")
    folder = __file__.split("testsuite")[0]
    equal(gdb(f"source {folder}share/backspin/gdb/backspin.py"), "", "what sourcing says")
    shows(gdb("when"), r"^position 0 of 0, ")
    shows(gdb("help last"), r"^Usage: last EXPRESSION$")


@scenario
def explain_themselves(bench):
    gdb = session(bench, "calls")
    text = gdb("backspin")
    for command in ("when", "goto", "bookmark", "bookmarks", "last", "writes", "reverse-line", "info harts"):
        shows(text, command)
        shows(gdb(f"help {command}"), rf"Usage: {command}")
    for command in ("goto", "last", "writes"):
        shows(gdb(command), rf"^{command} wants ")


@scenario
def without_a_machine(bench):
    code, text, _ = bench.run("gdbinit")
    gdb = bench.debugger("calls")
    gdb(f"source {bench.file('backspin.gdb', text)}")
    for command in ("when", "goto 1", "bookmark", "bookmarks", "last result", "writes result", "reverse-line", "info harts"):
        shows(gdb(command), r"there is no machine: connect to one with 'target remote'")
    equal(gdb.value("$_position"), "void", "the position")


@scenario
def when_and_goto(bench):
    gdb = session(bench, "calls")
    gdb("tbreak count_down")
    gdb("continue")
    there, state = gdb.position(), gdb.state()
    equal(variable(gdb), there, "$_position at a stop")
    shows(gdb("when"), rf"^position {there} of {there}, time 0\.\d+ s, live$")
    shows(gdb("goto start"), r"^position 0 of ")
    equal(variable(gdb), 0, "$_position after goto")
    shows(gdb(f"goto {there}"), rf"^position {there} of {there}.*\n#0 +count_down \(")
    equal(gdb.state(), state, "registers after coming back")
    gdb("goto -7")
    equal((gdb.position(), variable(gdb)), (there - 7, there - 7), "position after goto -7")
    equal(gdb("goto nowhere").rstrip(".\n"), "there is no bookmark 'nowhere'; there are none", "what goto says of nowhere")
    equal(gdb.position(), there - 7, "position after goto nowhere")
    gdb("monitor goto 5")
    equal(variable(gdb), 5, "$_position, which the prompt keeps true")


@scenario
def bookmarks(bench):
    gdb = session(bench, "calls")
    shows(gdb("bookmarks"), "^no bookmarks$")
    gdb("stepi 10")
    shows(gdb("bookmark ten"), "^ten is position 10$")
    gdb("stepi 10")
    shows(gdb("bookmark ten"), "there is a bookmark 'ten' already")
    shows(gdb("bookmarks"), r"^ +10  ten$")
    gdb("goto ten")
    equal(gdb.position(), 10, "position after goto ten")
    shows(gdb("complete goto t"), "^goto ten$")


@scenario
def goto_keeps_watchpoints_true(bench):
    """A watchpoint compares with what is there now, not with what was where it came from."""
    gdb = session(bench, "watch")
    gdb("continue")
    gdb("watch counter")
    gdb("goto start")
    shows(gdb("continue"), r"Old value = 0\nNew value = 1\n")


@scenario
def last_of_a_variable(bench):
    gdb = session(bench, "watch")
    gdb("break power_off")
    gdb("continue")
    line = line_of("watch", "store: counter")
    for after in (10, 9, 8):
        text = gdb("last counter")
        at = int(shows(text, rf"^counter: {after - 1} -> {after}, at position (\d+)$")[1])
        shows(text, rf"main \(\) at watch\.c:{line}$")
        equal((gdb.position(), gdb.number("counter")), (at, after - 1), "position and value")
        gdb("stepi")
        equal(gdb.number("counter"), after, "value after the instruction")
        gdb("reverse-stepi")
    shows(gdb("info breakpoints"), r"^1 +breakpoint +keep y ")
    gdb("last watched.whole")
    before = gdb.position()
    gdb("goto 20")
    shows(gdb("last counter"), "^counter has not changed before, in this history$")
    equal(gdb.position(), 20, "position where there was none")
    gdb(f"goto {before}")
    shows(gdb("last watched.bytes[3]"), r"^watched\.bytes\[3\]: ")


@scenario
def last_of_what_is_no_variable(bench):
    gdb = session(bench, "watch")
    gdb("tbreak power_off")
    gdb("continue")
    shows(gdb("last counter * 2 + watched.after"), r"^counter \* 2 \+ watched\.after: 19 -> 21, at position \d+$")
    gdb("tbreak store_unaligned")
    gdb("reverse-continue")
    shows(gdb("last $sp"), r"^\$sp: 0x[0-9a-f]+ -> 0x[0-9a-f]+, at position \d+$")
    shows(gdb("frame"), r"main \(\) at watch\.c:\d+")
    gdb("goto end")
    here = gdb.position()
    text = gdb("last (long) $sp / 16 + 1")
    at = int(shows(text, r"^\(long\) \$sp / 16 \+ 1: (?!not there)\d+ -> \d+, at position (\d+)$")[1])
    check(at < here, "a place before")
    before = gdb.number("(long) $sp / 16 + 1")
    gdb("stepi")
    check(gdb.number("(long) $sp / 16 + 1") != before, "the instruction there changes it")
    shows(gdb("last 5"), "^5 has not changed before, in this history$")
    shows(gdb("last no_such_thing"), 'No symbol "no_such_thing"')


@scenario
def writes(bench):
    gdb = session(bench, "watch")
    gdb("tbreak power_off")
    gdb("continue")
    here = gdb.position()
    line = line_of("watch", "store: counter")
    text = gdb("writes counter")
    equal([int(shows(answer, r"0x(\w+) -> ")[1], 16) for answer in text.splitlines()[1:]], list(range(10)), "values before")
    first = int(shows(text, rf"^ *(\d+) .* hart 0  0x[0-9a-f]+ main\+0x[0-9a-f]+  0x0 -> 0x1  watch\.c:{line}$")[1])
    equal(gdb.position(), here, "position")
    equal(gdb(f"writes counter -- {first} {first + 1}").count("\n"), 1, "writes of that one step")
    shows(gdb("writes 3"), "^3 is not in memory")


def undone(gdb, command, steps):
    """Goes forward by a command, then back by reverse-line: it comes by the same places."""
    places = [(gdb.position(), *gdb.line())]
    for _ in range(steps):
        gdb(command)
        places.append((gdb.position(), *gdb.line()))
    while len(places) > 1:
        places.pop()
        gdb("reverse-line")
        equal((gdb.position(), *gdb.line()), places[-1], f"back to after {len(places) - 1} times {command}")


@scenario
def reverse_line_undoes_next(bench):
    gdb = session(bench, "calls")
    gdb(f"break calls.c:{line_of('calls', 'main: start')}")
    gdb("continue")
    undone(gdb, "next", 7)
    gdb("tbreak apply_all")
    gdb("continue")
    undone(gdb, "next", 9)
    gdb("tbreak factorial if n == 3")
    gdb("goto start")
    gdb("delete 1")
    gdb("continue")
    undone(gdb, "next", 1)


@scenario
def reverse_line_undoes_next_over_interrupts(bench):
    gdb = session(bench, "ticker")
    gdb("tbreak main")
    gdb("continue")
    undone(gdb, "next", 6)


@scenario
def reverse_line_over_a_loop_in_one_line(bench):
    """Which is why there is such a command: a line with 200 rounds is a matter of a few packets."""
    gdb = session(bench, "calls")
    gdb(f"tbreak calls.c:{line_of('calls', 'count_down: return')}")
    gdb("continue")
    shows(gdb("reverse-line"), rf"count_down \(n=.*\) at calls\.c:{line_of('calls', 'count_down: loop')}$")
    equal(gdb.number("n"), 200, "n, before all rounds")


@scenario
def reverse_line_leaves_a_function(bench):
    gdb = session(bench, "calls")
    gdb("tbreak *add_three")
    gdb("continue")
    shows(gdb("reverse-line"), rf"^#0 +main \(\) at calls\.c:{line_of('calls', 'main: add_three')}$")


@scenario
def reverse_line_stops_at_breakpoints(bench):
    gdb = session(bench, "calls")
    gdb(f"tbreak calls.c:{line_of('calls', 'main: apply_all')}")
    gdb("continue")
    gdb(f"break calls.c:{line_of('calls', 'add_three: return')}")
    text = gdb("reverse-line")
    shows(text, r"^Breakpoint 2\n#0 .*add_three \(n=.*\) at calls\.c:\d+$")
    gdb("delete")
    gdb("goto start")
    shows(gdb("reverse-line"), "there is no line here; reverse-stepi goes back")


@scenario
def info_harts(bench):
    gdb = session(bench, "harts", "--harts", "3")
    gdb("tbreak main")
    gdb("continue")
    gdb("thread 2")
    text = gdb("info harts")
    equal([shows(line, r"hart(\d)")[1] for line in text.splitlines()[1:]], ["0", "1", "2"], "harts")
    shows(text, r"^\* hart1  M     0x[0-9a-f]+ ")
    equal(gdb.number("$_thread"), 2, "the selected thread")


@scenario
def the_prompt_shows_the_position(bench):
    gdb = session(bench, "calls")
    gdb("stepi 3")
    shows(gdb("show backspin-prompt"), "The prompt shows the position: off")
    gdb.send("set backspin-prompt on\n")
    gdb.out.until(r"\(gdb 3\) ")
    gdb.send("stepi 4\n")
    gdb.out.until(r"\(gdb 7\) ")
    gdb.send("goto 2\n")
    gdb.out.until(r"\(gdb 2\) ")
    gdb.send("set backspin-prompt off\n")
    gdb.answer()
    equal(gdb.position(), 2, "position, with the prompt as it was")
