"""Another future: what would have happened, had something been different in the past."""

import json

from harness import check, equal, lacks, line_of, scenario, shows
from scenarios.network import Peer

HISTORY_ENDS = r"No more reverse-execution history|Reached end of recorded history"


@scenario
def a_variable_changed_in_the_past(bench):
    """Back to where the value is used, a branch, the write, another end; and the first end is as it was."""
    gdb = bench.session("watch")
    gdb("tbreak power_off")
    gdb("continue")
    end, state, seen = gdb.position(), gdb.state(), gdb.number("seen")
    gdb(f"break watch.c:{line_of('watch', 'load: double')}")
    gdb("reverse-continue")
    there = gdb.position()
    shows(gdb("set variable $a0 = 1"), r"the past cannot be changed: .*'monitor branch' begins another future")
    gdb("maintenance flush register-cache")
    shows(gdb("monitor branch fix"), rf"^branch fix begins at position {there}:")
    equal(gdb.position(), there, "a branch moves nothing")
    gdb("set variable watched.whole = 0x1234")
    equal(gdb.number("watched.whole"), 0x1234, "what was written")
    gdb("next")
    equal(gdb.number("seen"), 0x1234, "what the program then read")
    gdb("delete")
    gdb("tbreak power_off")
    shows(gdb("continue"), r"^Temporary breakpoint \d+, power_off")
    other_end, other_state = gdb.position(), gdb.state()
    gdb("reverse-stepi 20")
    shows(gdb("monitor branches"), rf"^  +0 main +from position 0 to {end}, live$")
    shows(gdb("monitor branches"), rf"^\* +1 fix +from position {there} of main to {other_end}, live$")

    shows(gdb("monitor switch main"), rf"^position {there} of {end}, .* in the past, branch main$")
    gdb("maintenance flush register-cache")
    gdb("tbreak power_off")
    gdb("continue")
    equal((gdb.position(), gdb.state()), (end, state), "the end of main")
    equal(gdb.number("seen"), seen, "what the program read in main")
    gdb("monitor switch 1")
    gdb("maintenance flush register-cache")
    equal(gdb.position(), other_end - 20, "where the branch was left")
    gdb("tbreak power_off")
    gdb("continue")
    equal((gdb.position(), gdb.state()), (other_end, other_state), "the end of the branch")


@scenario
def searches_stay_in_their_future(bench):
    """A watchpoint finds the write of its own branch, and the past that both share."""
    gdb = bench.session("watch")
    gdb(f"break watch.c:{line_of('watch', 'load: double')}")
    gdb("continue")
    there = gdb.position()
    gdb("tbreak power_off")
    gdb("delete 1")
    gdb("continue")
    gdb(f"monitor goto {there}")
    gdb("maintenance flush register-cache")
    gdb("monitor bookmark before")
    gdb("monitor branch")
    gdb("set variable watched.whole = 5")
    gdb("tbreak power_off")
    gdb("continue")
    gdb("monitor bookmark after")
    whole = gdb.value("/x (long)&watched.whole") + ":8"
    shows(gdb(f"monitor writes {whole}"), rf"^ +{there} .* debugger +0x6666666666666666 -> 0x5$")
    shows(gdb(f"monitor last-write {whole}"), r"-> 0x0$")
    shows(gdb(f"watch *(long *) {whole[:-2]}"), r"[Ww]atchpoint")
    gdb("reverse-continue")
    shows(gdb("reverse-continue"), r"(Old|New) value = 5\b")
    gdb("delete")
    gdb("monitor switch main")
    lacks(gdb(f"monitor writes {whole}"), r"debugger")
    shows(gdb("monitor goto after"), r"after is in branch branch-1: 'monitor switch branch-1' goes there first")
    shows(gdb("monitor goto before"), rf"^position {there} of ")
    shows(gdb("monitor bookmark"), rf"{there}  before  in main")


@scenario
def refuses_in_words(bench):
    gdb = bench.session("calls")
    gdb("stepi 10")
    shows(gdb("monitor branch 7up"), r"begins with a letter")
    shows(gdb("monitor branch main"), r"there is a branch 'main' already")
    shows(gdb("monitor switch nowhere"), r"there is no branch 'nowhere': 'monitor branches' lists them")
    shows(gdb("monitor branches"), r"^\* +0 main +from position 0 to 10, live$")
    shows(gdb("monitor help"), r"^branch \[NAME\] +begin another future here")


@scenario
def are_saved_and_replayed(bench):
    """Both futures are in the recording: verified, listed, and there for a debugger."""
    for how in ("monitor save", "--save"):
        recording = bench.directory / f"branches-{how.strip('-').replace(' ', '-')}.bsp"
        options = ("--save", str(recording)) if how == "--save" else ()
        machine = bench.machine("watch", *options)
        gdb = bench.debugger("watch")
        gdb.attach(machine)
        gdb(f"break watch.c:{line_of('watch', 'load: double')}")
        gdb("continue")
        there = gdb.position()
        gdb("delete")
        gdb("tbreak power_off")
        gdb("continue")
        end = gdb.position()
        gdb(f"monitor goto {there}")
        gdb("maintenance flush register-cache")
        gdb("monitor branch fix")
        gdb("set variable watched.whole = 0x1234")
        gdb("tbreak power_off")
        gdb("continue")
        gdb("monitor bookmark fixed")
        other_end, state = gdb.position(), gdb.state()
        if how == "monitor save":
            shows(gdb(f"monitor save {recording}"), r"saved")
            equal(gdb.position(), other_end, "saving moves nothing")
        gdb("kill")
        machine.wait()

        facts = json.loads(bench.run("verify", recording, "--json")[1])
        equal((facts["verified"], [branch["name"] for branch in facts["branches"]]), (True, ["fix"]), how)
        info = json.loads(bench.run("info", recording, "--json")[1])
        equal([(b["name"], b["parent"], b["fork"]) for b in info["branches"]], [("fix", 0, there)], "info")
        shows(bench.run("events", recording, "--branch", "fix")[1], rf"^ +{there} .* write ")
        lacks(bench.run("events", recording)[1], r" write ")
        shows(bench.run("query", "last-change a0", recording, "--branch", "1", "--at", "fixed")[1], r"\d")
        equal(bench.run("query", "value seen at fixed", recording)[0], 125, "a bookmark of another future")
        equal(bench.run("snapshot", recording, "--branch", "fix", "--at", "end", "--name", "stored")[0], 0, "snapshot")
        equal(bench.run("verify", recording)[0], 0, "verify with a snapshot in the branch")
        code, _, said = bench.run("replay", recording, "--branch", "fix")
        equal(code, 0, f"a replay of the branch: {said}")
        shows(said, r"this is branch fix")
        equal(bench.run("replay", recording, "--branch", "none")[0], 125, "no such branch")
        replay = bench.replay(recording)
        gdb = bench.debugger("watch")
        gdb.attach(replay)
        gdb("continue")
        equal(gdb.position(), end, "the end of main")
        gdb("monitor switch fix")
        gdb("maintenance flush register-cache")
        equal(gdb.position(), there, "where the branch begins")
        gdb("continue")
        equal((gdb.position(), gdb.state()), (other_end, state), "the end of the branch")
        gdb("monitor goto fixed")
        equal(gdb.position(), other_end, "the bookmark")


@scenario
def makes_a_recording_live(bench):
    """A finished recording never goes live, but a branch of it does, and is saved with it."""
    recording = bench.record("watch")
    replay = bench.replay(recording)
    gdb = bench.debugger("watch")
    gdb.attach(replay)
    gdb(f"break watch.c:{line_of('watch', 'load: double')}")
    gdb("continue")
    shows(gdb("set variable $a0 = 1"), r"this is a recording: .*'monitor branch' begins another future")
    gdb("maintenance flush register-cache")
    gdb("monitor branch what-if")
    gdb("set variable watched.whole = 0x1234")
    gdb("next")
    equal(gdb.number("seen"), 0x1234, "what the program then read")
    gdb("delete")
    shows(gdb("continue"), HISTORY_ENDS)
    end = gdb.position()
    both = bench.directory / "both.bsp"
    shows(gdb(f"monitor save {both}"), r"saved")
    gdb("kill")
    facts = json.loads(bench.run("verify", both, "--json")[1])
    equal((facts["verified"], facts["branches"][0]["steps"]), (True, end), "what was saved")


@scenario
def has_no_network(bench):
    """The other computer has given its answer already; in the branch nothing reaches it, and none comes."""
    peer = Peer()
    gdb = bench.session("netcard", "--net", f"socket,connect={peer.port}")
    gdb("break ask_for_an_address")
    gdb("continue")
    gdb("delete")
    there = gdb.position()
    gdb("continue")
    end, state = gdb.position(), gdb.state()
    gdb(f"monitor goto {there}")
    shows(gdb("monitor branch alone"), r"^its network is not connected: other computers do not go back in time$")
    shows(gdb("continue"), HISTORY_ENDS)
    check(gdb.position() != end, "another end, without the answer")
    equal([frame[12:14] for frame in peer.frames], [b"\x08\x06", b"\x08\x00"], "what went out, in main")
    gdb("monitor switch main")
    shows(gdb("continue"), HISTORY_ENDS)
    equal((gdb.position(), gdb.state()), (end, state), "the end of main")


@scenario
def other_input(bench):
    """What is typed goes to the current branch, and the recording knows which."""
    recording = bench.directory / "typed.bsp"
    machine = bench.machine("echo", "--save", str(recording), console="stdio")
    gdb = bench.debugger("echo")
    gdb.attach(machine)
    gdb("break uart_get")
    gdb("continue")
    there = gdb.position()
    gdb("delete")
    machine.send("one\x04")
    shows(gdb("continue"), HISTORY_ENDS)
    shows(machine.out.until("ONE"), "ONE")
    gdb(f"monitor goto {there}")
    gdb("monitor branch other")
    machine.send("others\x04")
    shows(gdb("continue"), HISTORY_ENDS)
    shows(machine.out.until("OTHERS"), "OTHERS")
    gdb("kill")
    machine.wait()
    equal(bench.run("verify", recording)[0], 0, "both are verified")
    shows(bench.run("replay", recording, "--branch", "other")[1], r"^\?OTHERS$")
    shows(bench.run("replay", recording)[1], r"^\?ONE$")
