"""What every LLDB does: attach, breakpoints, steps, watchpoints, harts, Ctrl-C, leaving and coming back."""

import os
import subprocess

from harness import Process, check, equal, lacks, line_of, scenario, shows

TWO = ("--harts", "2", "--quantum", "30")
ENDS = r"stop reason = (history boundary|signal SIGTRAP)"  # from LLDB 21 on, and before


@scenario
def finds_the_machine_without_a_program(bench):
    lldb = bench.lldb_to(bench.machine("calls"))
    shows(lldb("target list"), r"arch=riscv64-")
    equal(lldb.number("$pc"), 0x1000, "pc at power-on")
    equal(lldb.number("$misa") >> 62, 2, "the width that a CSR tells")
    shows(lldb("memory region 0x80000000"), r"\[0x0000000080000000-0x0000000088000000\) rwx ram")
    shows(lldb("memory region 0"), r"\[0x0000000000000000-0x0000000000001000\) ---")
    shows(lldb("memory region 0x1000"), r"\[0x0000000000001000-0x0000000000010000\) r-x rom")
    shows(lldb("memory read -c 4 0x1000"), r"^0x00001000: 97 02 00 00")


@scenario
def breakpoints(bench):
    """By name, by line, and with a condition, which LLDB judges."""
    lldb = bench.lldb_session("calls")
    shows(lldb("breakpoint set -n factorial -c 'n == 2'"), r"^Breakpoint 1: where = calls\.elf`factorial")
    shows(lldb("continue"), r"stop reason = breakpoint 1\.1\n")
    equal(lldb.number("n"), 2, "the argument")
    line = line_of("calls", "count_down: loop")
    lldb(f"breakpoint set -f calls.c -l {line}")
    lldb("breakpoint delete 1")
    shows(lldb("continue"), r"stop reason = breakpoint 2\.1\n")
    equal(lldb.line(), ("count_down", line), "the line")


@scenario
def steps(bench):
    lldb = bench.lldb_session("calls")
    lldb(f"breakpoint set -f calls.c -l {line_of('calls', 'main: start')}")
    lldb("continue")
    lldb("breakpoint delete 1")
    shows(lldb("thread step-over"), r"stop reason = step over")
    equal(lldb.line(), ("main", line_of("calls", "main: factorial")), "step over")
    shows(lldb("thread step-in"), r"stop reason = step in")
    equal(lldb.line()[0], "factorial", "step in")
    before, position = lldb.number("$pc"), lldb.position()
    shows(lldb("thread step-inst"), r"stop reason = instruction step into")
    check(lldb.number("$pc") != before, "pc after an instruction")
    equal(lldb.position(), position + 1, "position after an instruction")


@scenario
def steps_do_not_enter_interrupts(bench):
    """The line is weighed while the timer ticks a thousand times a second of the guest."""
    lldb = bench.lldb_session("ticker")
    lldb("breakpoint set -n weigh")
    lldb("continue")
    lldb("breakpoint delete 1")
    seen = set()
    for _ in range(60):
        lldb("thread step-over")
        seen.add(lldb.line()[0])
    check(seen <= {"weigh", "main"}, f"stepping went through {sorted(seen)}")


@scenario
def watchpoints(bench):
    """Old and new value, behind the store, which LLDB wants; reads, too."""
    lldb = bench.lldb_session("watch")
    lldb("breakpoint set -n main")
    lldb("continue")
    shows(lldb("watchpoint set variable counter"), r"^Watchpoint created: Watchpoint 1: addr = 0x[0-9a-f]+ size = 8")
    for value in range(3):
        text = lldb("continue")
        shows(text, rf"^Watchpoint 1 hit:\nold value: {value}\nnew value: {value + 1}$")
        shows(text, r"stop reason = watchpoint 1$")
        equal(lldb.line()[1], line_of("watch", "store: counter"), "the line")
    lldb("watchpoint delete 1")
    lldb("watchpoint set variable -w read counter")
    shows(lldb("continue"), r"stop reason = watchpoint 2$")
    equal(lldb.number("counter"), 3, "the value that was read")


@scenario
def registers_and_memory_can_be_written(bench):
    lldb = bench.lldb_session("calls")
    lldb("breakpoint set -n add_three")
    lldb("continue")
    lldb("register write a0 40")
    equal(lldb.number("$a0"), 40, "a register that was written")
    lldb("thread step-inst")
    equal(lldb.number("$a0"), 43, "what the function makes of it")
    lacks(lldb("memory write 0x80100000 0x12 0x34"), r"error")
    shows(lldb("memory read -c 2 0x80100000"), r": 12 34")


@scenario
def the_past_cannot_be_written(bench):
    lldb = bench.lldb_session("calls")
    lldb("breakpoint set -n add_three")
    lldb("continue")
    lldb("process plugin packet monitor goto 3")
    shows(lldb("memory write 0x80100000 0x12"), r"error: .*the past cannot be changed")
    shows(lldb("register write a1 1"), r"error: Failed to write register 'a1'")
    shows(lldb("memory read -c 1 0x80100000"), r": 00")


@scenario
def harts_are_threads(bench):
    """A stop is told of the right one, and each has registers of its own."""
    lldb = bench.lldb_session("harts", *TWO)
    lldb("breakpoint set -n contribute")
    seen = set()
    for _ in range(8):
        shows(lldb("continue"), r"name = 'hart\d', stop reason = breakpoint 1\.1$")
        equal(lldb.number("$a0"), lldb.hart(), "who contributes")
        equal(lldb.number("$mhartid"), lldb.hart(), "its number")
        seen.add(lldb.hart())
    equal(seen, {0, 1}, "who was seen")
    equal(len(shows(lldb("thread list"), r"(?s).*").group().split("thread #")) - 1, 2, "threads")
    there = lldb.hart()
    lldb(f"thread select {2 - there}")
    equal(lldb.number("$mhartid"), 1 - there, "the other's number")


@scenario
def a_watchpoint_tells_the_right_hart(bench):
    lldb = bench.lldb_session("harts", *TWO)
    lldb("breakpoint set -n contribute")
    lldb("continue")
    lldb("breakpoint delete 1")
    lldb("watchpoint set variable total")
    for _ in range(6):
        found = shows(lldb("continue"), r"^old value: (\d+)\nnew value: (\d+)$")
        equal(int(found[2]) - int(found[1]), lldb.hart() + 1, "what was added, by whom")


@scenario
def is_interrupted(bench):
    lldb = bench.lldb_session("ticker")
    last = 0
    for _ in range(2):
        shows(lldb.run_for(0.3, "continue"), r"stop reason = signal SIG(STOP|INT)")
        check(lldb.position() > last, "the machine did not run")
        last = lldb.position()
    lldb("breakpoint set -n tick")
    shows(lldb("continue"), r"stop reason = breakpoint 1\.1")


@scenario
def comes_to_the_end(bench):
    """The machine switches itself off: the program is still there to be looked at."""
    lldb = bench.lldb_session("watch")
    shows(lldb("continue"), ENDS)
    equal(lldb.number("counter"), 10, "a variable at the end")
    shows(lldb("continue"), ENDS)


@scenario
def leaves_and_comes_back(bench):
    machine = bench.machine("calls")
    lldb = bench.lldb_to(machine, "calls")
    lldb("breakpoint set -n add_three")
    lldb("continue")
    position = lldb.position()
    lldb("process detach")  # of which it says something or nothing; the next one gets in only after it
    again = bench.lldb_to(machine, "calls")
    equal(again.position(), position, "where the machine stands")
    equal(again.line()[0], "add_three", "the function")
    shows(again("continue"), ENDS)  # the breakpoint has gone with its client


@scenario
def of_32_bits(bench):
    lldb = bench.lldb_session("calls32")
    shows(lldb("target list"), r"arch=riscv32-")
    lldb("breakpoint set -n add_three")
    shows(lldb("continue"), r"add_three\(n=4\)")
    shows(lldb("register read misa"), r"misa = 0x4[0-9a-f]{7}$")
    lldb("register write a1 0xffffffff")
    equal(lldb.number("$a1"), 0xffffffff, "a register that was written")
    lldb("thread step-inst")
    equal(lldb.number("$a0"), 7, "what the instruction makes of its argument")
    shows(lldb("memory region 0xfffffff0"), r"\[0x0000000088000000-0x0000000100000000\) ---")


def in_batch(bench, script, *words):
    """(exit code, all that was printed) of `backspin debug` with this LLDB and a script of its commands."""
    temporary = bench.directory / "temporary"
    temporary.mkdir(exist_ok=True)
    process = Process([bench.backspin, "debug", "--debugger", bench.lldb, "--batch", bench.file("batch.lldb", script), *words],
                      stdin=subprocess.DEVNULL, cwd=bench.directory,
                      environment={**bench.gdb_environment(), "TMPDIR": str(temporary)})
    bench.started.append(process)
    code = process.wait()
    equal(os.listdir(temporary), [], "what was left in the temporary folder")
    return code, process.out.text + process.err.text


@scenario
def in_one_terminal(bench):
    """`backspin debug` starts LLDB, tells it the symbols and our commands, and ends with it."""
    code, text = in_batch(bench, "breakpoint set -n factorial\ncontinue\nbt\nwhen\n", bench.elf("calls"))
    equal(code, 0, f"exit code, with {text}")
    shows(text, r"^\* thread #1, name = 'hart0', stop reason = breakpoint 1\.1$")
    shows(text, r"frame #0: 0x[0-9a-f]+ calls\.elf`factorial\(n=5\) at calls\.c:\d+")
    shows(text, r"position 48 of 48\b")


@scenario
def in_one_terminal_with_a_recording(bench):
    """The symbols are those of the image that is in it."""
    code, text = in_batch(bench, "breakpoint set -n count_down\ncontinue\nframe info\n", bench.record("calls"))
    equal(code, 0, f"exit code, with {text}")
    shows(text, r"frame #0: 0x[0-9a-f]+ calls\.elf`count_down\(n=200\) at calls\.c:\d+")


@scenario
def in_one_terminal_a_script_that_errs(bench):
    """LLDB ends at the first command that fails, and says so."""
    code, text = in_batch(bench, "no-such-command\nbreakpoint set -n factorial\n", bench.elf("calls"))
    shows(text, r"error: .*no-such-command")
    lacks(text, r"Breakpoint 1")
    equal(code, 1, "exit code")
