"""Questions about a history: `backspin query` and gdb's monitor, which leave everything as it is."""

import json

from harness import check, equal, line_of, scenario, shows

# Every store to the watched bytes in watch.c: the comment on its line, and the value behind it.
STORES = [("byte", 0x11000000), ("half", 0x2222_11000000), ("word", 0x2222_33333333), ("double", 0x4444444444444444),
          ("same value", 0x4444444444444444), ("unaligned", 0x4444_5555_5555_4444), ("amo", 0x4444_5556_5555_4444),
          ("sc", 0x6666666666666666)]


def asked(bench, question, recording, *options, code=0):
    got, out, err = bench.run("query", "--json", *options, question, recording)
    equal(got, code, f"exit code of {question} ({err})")
    return [json.loads(line) for line in out.splitlines()]


def source_lines(bench, addresses):
    """The lines of watch.c that these addresses belong to, as gdb knows them."""
    gdb = bench.debugger("watch")
    found = [shows(gdb(f"info line *{address:#x}"), r"^Line (\d+) of")[1] for address in addresses]
    return [int(line) for line in found]


def watched_bytes(bench):
    gdb = bench.debugger("watch")
    return int(shows(gdb("print/x (unsigned long) &watched.whole"), r"= (0x[0-9a-f]+)$")[1], 16)


@scenario
def all_writes_with_old_and_new_values(bench):
    path = bench.record("watch")
    target = f"{watched_bytes(bench):#x}"
    writes = asked(bench, f"writes {target}", path)
    by_main = writes[1:1 + len(STORES)]  # the first is the start-up code's, which clears .bss
    equal([write["after"] for write in by_main], [value for _, value in STORES], "values")
    equal([write["before"] for write in writes[1:]], [write["after"] for write in writes[:-1]], "what each finds")
    equal(source_lines(bench, [write["pc"] for write in by_main]),
          [line_of("watch", f"store: {comment}") for comment, _ in STORES], "lines")
    equal([write["by"] for write in writes], ["hart 0"] * len(writes), "who")

    equal(asked(bench, f"first-write {target}", path), writes[:1], "the first")
    equal(asked(bench, f"last-write {target}", path), writes[-1:], "the last")
    step = writes[4]["step"]
    equal(asked(bench, f"last-write {target} {step}", path), writes[3:4], "the last before a step")
    equal(asked(bench, f"writes {target} {step} {step + 1}", path), writes[4:5], "in a stretch")
    equal(asked(bench, f"writes {target}", path, "--limit", "2"), writes[:2], "no more than asked for")


@scenario
def calls_values_and_registers(bench):
    path = bench.record("watch")
    target = f"{watched_bytes(bench):#x}"
    calls = asked(bench, "calls store_unaligned", path)
    equal([(call["symbol"], call["arguments"][1]) for call in calls], [("store_unaligned", 0x55555555)], "the call")
    equal(asked(bench, "executed store_unaligned", path)[0]["step"], calls[0]["step"], "its first instruction")

    write = asked(bench, f"last-write {target} {calls[0]['step'] + 20}", path)[0]
    values = [asked(bench, f"value {target} {write['step'] + after}", path)[0]["after"] for after in (0, 1)]
    equal(values, [write["before"], write["after"]], "values around the write")
    since = asked(bench, "bisect counter >= 1", path)
    first = asked(bench, "first-write counter 1000", path)[0]
    equal((since[0]["step"], since[0]["after"]), (first["step"] + 1, first["after"]), "since when")

    change = asked(bench, f"last-change a1 {calls[0]['step']}", path)[0]
    equal(change["after"], 0x55555555, "what the register was given")
    check(change["step"] < calls[0]["step"], "before the call")


@scenario
def what_cannot_be_answered(bench):
    path = bench.record("watch")
    equal(asked(bench, "writes 0x80100000", path, code=1), [], "writes to where nobody writes")
    for question, complaint in (("writes nobody", "no symbol 'nobody' is known"), ("writes", "writes wants: "),
                                ("who did it", "is no question; there are:"), ("value 0x10", "nothing is mapped there"),
                                ("last-change q7", "there is no register 'q7'"), ("writes 0x80100000:0", "a length is"),
                                ("value watched never-set", "there is no bookmark 'never-set'"),
                                ("bisect counter >= 1000000", "stayed so")):
        code, _, err = bench.run("query", question, path)
        equal(code, 125, f"exit code of {question}")
        shows(err, f"backspin: .*{complaint}")


@scenario
def the_session_stays_where_it_is(bench):
    gdb = bench.session("watch")
    gdb("break store_conditional")
    gdb("continue")
    position, line = gdb.position(), gdb.line()
    text = gdb(f"monitor last-write {watched_bytes(bench):#x}")
    shows(text, r"hart 0  0x[0-9a-f]+ main\+0x[0-9a-f]+  0x4444555555554444 -> 0x4444555655554444$")
    shows(gdb("monitor calls store_unaligned"), r"store_unaligned\(.*0x55555555.*\)  from 0x[0-9a-f]+ main")
    shows(gdb("monitor writes nobody"), r"no symbol 'nobody' is known here")
    shows(gdb("monitor last-write 0x80100000"), r"^never, in this history$")
    shows(gdb("monitor help"), r"^last-write TARGET \[BEFORE\] +who wrote there last, and what$")
    equal((gdb.position(), gdb.line()), (position, line), "where the session is")
    gdb("delete")
    gdb("break store_unaligned")
    gdb("reverse-continue")
    check(gdb.position() < position, "going back goes on as ever")
