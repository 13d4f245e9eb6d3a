"""Watchpoints on memory that no hart writes: a device fills it by itself."""

import re

from harness import equal, lacks, line_of, scenario, shows

HISTORY_ENDS = r"No more reverse-execution history|Reached end of recorded history"


def old_and_new(text):
    found = shows(text, r"^Old value = (\d+)\nNew value = (\d+)$")
    return int(found[1]), int(found[2])


def printed(bench):
    """What the device gives with this seed, as the program without a debugger prints it."""
    _, output, _ = bench.run("run", "--seed", "5", bench.elf("entropy"))
    return [int(word, 16) for word in re.findall(r"^[0-9a-f]{16}\r?$", output, re.MULTILINE)]


@scenario
def a_buffer_that_a_device_fills(bench):
    """Each of the device's writes is told forward and back, with both values, where the program waits for it."""
    values = [0] + printed(bench)
    equal(len(values), 4, "numbers printed")
    gdb = bench.session("entropy", "--seed", "5")
    shows(gdb("watch -location filled"), r"^Hardware watchpoint 1: -location filled$")
    for number in range(1, 4):
        text = gdb("continue")
        shows(text, r"^Hardware watchpoint 1: -location filled$")
        equal(old_and_new(text), (values[number - 1], values[number]), "values going forward")
        equal(gdb.line()[1], line_of("entropy", "wait for the device"), "line where it happens")
    lacks(gdb("continue"), r"^Hardware watchpoint")
    for number in range(3, 0, -1):
        text = gdb("reverse-continue")
        shows(text, r"^Hardware watchpoint 1: -location filled$")
        equal(old_and_new(text), (values[number], values[number - 1]), "values going back")
        equal(gdb.line()[1], line_of("entropy", "wait for the device"), "line where it happens, going back")
    shows(gdb("reverse-continue"), HISTORY_ENDS)
    equal(gdb.position(), 0, "position at the beginning")


@scenario
def a_condition_on_what_a_device_writes(bench):
    """The last of the writes alone, by its value, in both directions."""
    values = printed(bench)
    gdb = bench.session("entropy", "--seed", "5")
    gdb(f"watch -location filled if filled == {values[2]}")
    equal(old_and_new(gdb("continue")), (values[1], values[2]), "values")
    at = gdb.position()
    lacks(gdb("continue"), r"^Hardware watchpoint")
    gdb("delete")
    gdb("watch -location filled")
    equal(old_and_new(gdb("reverse-continue")), (values[2], values[1]), "values going back")
    equal(gdb.position() < at, True, "before it")
