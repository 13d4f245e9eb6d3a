"""Watchpoints of all kinds in both directions, with the values and the lines that a person reads."""

from harness import equal, lacks, line_of, scenario, shows

HISTORY_ENDS = r"No more reverse-execution history|Reached end of recorded history"

# What happens to watched.whole, in order: the comment of the line, and the value afterwards.
STORES = [
    ("store: byte", 0x11000000),
    ("store: half", 0x222211000000),
    ("store: word", 0x222233333333),
    ("store: double", 0x4444444444444444),
    ("store: unaligned", 0x4444555555554444),
    ("store: amo", 0x4444555655554444),
    ("store: sc", 0x6666666666666666),
    ("store: last", 0),
]


def old_and_new(text):
    found = shows(text, r"^Old value = (\d+)\nNew value = (\d+)$")
    return int(found[1]), int(found[2])


def history_ends_in(text):
    return "No more reverse-execution history" in text or "Reached end of recorded history" in text


@scenario
def every_kind_of_store(bench):
    """Forward and then back: each store is reported once, with old and new value; back, the user is at its line."""
    gdb = bench.session("watch")
    shows(gdb("watch -location watched.whole"), r"^Hardware watchpoint 1: -location watched\.whole$")
    before = 0
    for _, after in STORES:
        text = gdb("continue")
        shows(text, r"^Hardware watchpoint 1: -location watched\.whole$")
        equal(old_and_new(text), (before, after), "values going forward")
        before = after
    shows(gdb("continue"), HISTORY_ENDS)
    values = [0] + [value for _, value in STORES]
    for number in range(len(STORES), 0, -1):
        text = gdb("reverse-continue")
        equal(old_and_new(text), (values[number], values[number - 1]), "values going back")
        equal(gdb.line()[1], line_of("watch", STORES[number - 1][0]), f"line of '{STORES[number - 1][0]}'")
    shows(gdb("reverse-continue"), HISTORY_ENDS)
    equal(gdb.position(), 0, "position at the beginning")


@scenario
def on_the_preceding_instruction(bench):
    """The watched store is the very instruction before: it is found, and the user is at it."""
    gdb = bench.session("watch")
    gdb("watch -location watched.whole")
    for _ in STORES[:3]:
        gdb("continue")
        at = gdb.position()
        text = gdb("reverse-continue")
        shows(text, r"^Hardware watchpoint 1:")
        equal(gdb.position(), at - 1, "position of the store")
        gdb("continue")
        equal(gdb.position(), at, "position after it, once more")


@scenario
def one_byte_of_a_larger_store(bench):
    gdb = bench.session("watch")
    gdb("watch -location watched.bytes[5]")
    seen = [int(shows(gdb("continue"), r"^New value = (\d+)")[1]) for _ in range(5)]
    equal(seen, [0x22, 0x44, 0x55, 0x66, 0], "values of the byte")
    lacks(gdb("continue"), r"^Hardware watchpoint")


@scenario
def neighbours_do_not_count(bench):
    gdb = bench.session("watch")
    gdb("watch -location watched.before")
    text = gdb("continue")
    equal(old_and_new(text), (0, 1), "the one store to the neighbour before")
    gdb("delete")
    gdb("watch -location watched.after")
    equal(old_and_new(gdb("continue")), (0, 1), "the one store to the neighbour after")
    lacks(gdb("continue"), r"^Hardware watchpoint")


@scenario
def loads(bench):
    gdb = bench.session("watch")
    gdb(f"break {line_of('watch', 'load: double')}")
    gdb("continue")
    shows(gdb("rwatch -location watched.whole"), r"^Hardware read watchpoint 2:")
    for comment in ("load: double", "load: byte"):
        text = gdb("continue")
        shows(text, r"^Hardware read watchpoint 2: -location watched\.whole\n\nValue = 7378697629483820646$")
        equal(gdb.line()[1], line_of("watch", comment), "the line that reads")
    gdb("delete 1")
    shows(gdb("continue"), HISTORY_ENDS)
    for comment in ("load: byte", "load: double"):
        text = gdb("reverse-continue")
        shows(text, r"^Hardware read watchpoint 2:")
        equal(gdb.line()[1], line_of("watch", comment), "the line that reads, backwards")


@scenario
def loads_and_stores(bench):
    """`counter = counter + 1` is one read and one write, in this order and in the opposite one."""
    gdb = bench.session("watch")
    gdb("tbreak main")  # behind the start-up, which writes zeros over all variables
    gdb("continue")
    shows(gdb("awatch counter"), r"^Hardware access \(read/write\) watchpoint 2: counter$")
    line = line_of("watch", "store: counter")
    for value in range(3):
        shows(gdb("continue"), rf"^Hardware access \(read/write\) watchpoint 2: counter\n\nValue = {value}$")
        equal(gdb.line()[1], line, "the line that reads")
        shows(gdb("continue"), rf"watchpoint 2: counter\n\nOld value = {value}\nNew value = {value + 1}$")
    for value in range(2, -1, -1):
        shows(gdb("reverse-continue"), rf"watchpoint 2: counter\n\nOld value = {value + 1}\nNew value = {value}$")
        equal(gdb.line()[1], line, "the line that writes, backwards")
        shows(gdb("reverse-continue"), rf"watchpoint 2: counter\n\nValue = {value}$")


@scenario
def with_a_condition(bench):
    gdb = bench.session("watch")
    gdb("watch counter if counter == 7")
    equal(old_and_new(gdb("continue")), (6, 7), "the change that meets the condition")
    gdb("delete")
    gdb("break power_off")
    gdb("continue")
    gdb("delete")
    gdb("watch counter if counter == 4")
    equal(old_and_new(gdb("reverse-continue")), (5, 4), "the change that meets the condition, backwards")


@scenario
def many_at_once(bench):
    gdb = bench.session("watch")
    for expression in ("watched.before", "watched.after", "counter", "copy[15]", "seen"):
        gdb(f"watch -location {expression}")
    order = []
    text = gdb("continue")
    while not history_ends_in(text):
        order.append(shows(text, r"^Hardware watchpoint (\d):")[1])
        text = gdb("continue")
    equal(order, ["1", "2", "5", "5", "4"] + ["3"] * 10, "order of the watchpoints going forward")
    back = []
    text = gdb("reverse-continue")
    while not history_ends_in(text):
        back.append(shows(text, r"^Hardware watchpoint (\d):")[1])
        text = gdb("reverse-continue")
    equal(back, order[::-1], "order going back")
