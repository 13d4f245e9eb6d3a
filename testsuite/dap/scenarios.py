"""Editors' buttons over the Debug Adapter Protocol: the adapter of the Eclipse CDT extensions, and GDB 16's own with the
extension that we ship."""

import pathlib

from harness import FIRMWARE_SOURCES, check, equal, line_of, scenario, shows

from adapter import Adapter

SHARE = pathlib.Path(__file__).resolve().parents[2] / "share" / "backspin"
CALLS = FIRMWARE_SOURCES / "calls.c"


def at(comment):
    return line_of("calls", comment)


def cdt(bench, machine, *lines):
    """The adapter of CDT, attached and stopped at a breakpoint. It lets the program go by itself once all is configured."""
    dap = bench.keep(Adapter(bench, ["node", bench.adapter]))
    dap("initialize", adapterID="gdbtarget", linesStartAt1=True, columnsStartAt1=True, pathFormat="path")
    port = machine.target.removeprefix(":")
    attach = dap.begin("attach", program=bench.elf("calls"), gdb="gdb-multiarch",
                       target={"type": "remote", "host": "127.0.0.1", "port": port})
    dap.event("initialized")
    equal(dap.break_at(CALLS, *lines), [True] * len(lines), "whether the breakpoints are known")
    dap("configurationDone")
    dap.response(attach)
    return dap


def gdb_dap(bench, machine, *lines):
    """GDB as its own adapter, with the extension."""
    dap = bench.keep(Adapter(bench, [bench.gdb, "-q", "-nx", "-x", SHARE / "dap" / "backspin-dap.py", "-i", "dap"]))
    features = dap("initialize", adapterID="gdb", linesStartAt1=True, columnsStartAt1=True, pathFormat="path")
    check(features.get("supportsStepBack"), "the editor is not told of the buttons")
    attach = dap.begin("attach", program=bench.elf("calls"), target=machine.target)
    dap.event("initialized")
    dap.break_at(CALLS, *lines)
    dap("configurationDone")
    dap.response(attach)
    return dap


def stopped_at(dap, function, comment):
    """Waits for the breakpoint there, whatever stops GDB tells of on the way."""
    for _ in range(3):
        found = dap.stop()
        if found[1:] == (function, at(comment)):
            return
        dap("continue", threadId=1)
    equal(found[1:], (function, at(comment)), "where it stopped")


@scenario
def cdt_steps_and_goes_back_from_its_console(bench):
    """It has no buttons for going back; its console takes GDB's commands behind a `>`."""
    machine = bench.machine("calls")
    dap = cdt(bench, machine, at("main: factorial"), at("main: end"))
    equal(dap.stop(), ("breakpoint", "main", at("main: factorial")), "the first breakpoint")
    equal(dap.move("next")[1:], ("main", at("main: after factorial")), "next")
    equal(dap.value("result"), "120", "a variable")
    dap.typed(">reverse-next")
    equal(dap.stop()[1:], ("main", at("main: factorial")), "reverse-next")
    equal(dap.move("stepIn")[1], "factorial", "step in")
    equal(dap.move("stepOut")[1:], ("main", at("main: factorial")), "step out")
    equal(dap.move("continue")[1:], ("main", at("main: after factorial")), "the end of what has run so far")
    equal(dap.move("continue"), ("breakpoint", "main", at("main: end")), "the second breakpoint")
    dap.typed(">reverse-continue")
    equal(dap.stop(), ("breakpoint", "main", at("main: factorial")), "reverse-continue")
    dap("disconnect")
    gdb = bench.debugger("calls")
    gdb.attach(machine)
    equal(gdb.line(), ("main", at("main: factorial")), "where the machine stands for the next client")


@scenario
def gdb_has_buttons_for_going_back(bench):
    dap = gdb_dap(bench, bench.machine("calls"), at("main: factorial"), at("main: end"))
    stopped_at(dap, "main", "main: factorial")
    equal(dap.move("next")[1:], ("main", at("main: after factorial")), "next")
    equal(dap.value("result"), "120", "a variable")
    equal(dap.move("stepBack")[1:], ("main", at("main: factorial")), "step back, over the call")
    equal(dap.move("stepIn")[1], "factorial", "step in")
    back = dap.move("stepBack", granularity="instruction")
    check(back[1] in ("main", "factorial"), f"one instruction back: {back}")
    equal(dap.move("continue")[1:], ("main", at("main: after factorial")), "the end of what has run so far")
    equal(dap.move("continue")[1:], ("main", at("main: end")), "the second breakpoint")
    equal(dap.move("reverseContinue")[1:], ("main", at("main: factorial")), "back to the first")
    dap("setBreakpoints", source={"path": str(CALLS)}, breakpoints=[])
    dap.move("reverseContinue")
    shows(dap.typed("monitor when")["result"] or "position 0", r"position 0\b")
    dap("disconnect")


@scenario
def gdb_on_a_recording(bench):
    recording = bench.record("calls")
    dap = gdb_dap(bench, bench.replay(recording), at("main: add_three"))
    stopped_at(dap, "main", "main: add_three")
    equal(dap.move("stepBack")[1:], ("main", at("main: after factorial")), "step back")
    equal(dap.value("result"), "120", "a variable")
    dap("disconnect")
