"""Debian's kernel under LLDB. It has symbols and no line or frame information, as in debugging.py: steps are instructions."""

from harness import check, equal, scenario, shows
from machines import PATIENCE, linux

FORWARD, BACK = "process continue --forward", "process continue --reverse"


def function(lldb):
    """The function that the selected hart is in."""
    return shows(lldb("frame info"), r"^frame #0: 0x[0-9a-f]+ \S+?`(\w+)")[1]


def place(lldb):
    return lldb.position(), lldb.number("$pc"), lldb.number("$satp")


def stops_at(lldb, command, breakpoint, name):
    shows(lldb(command, PATIENCE), rf"name = 'hart0', stop reason = breakpoint {breakpoint}\.1$")
    equal(function(lldb), name, "the function")


@scenario
def lldb_steps_in_the_kernel(bench):
    """To functions, instruction by instruction, and out of one into its caller."""
    lldb = bench.debug_with_lldb(linux(1))
    shows(lldb("breakpoint set -n start_kernel"), r"^Breakpoint 1: where = vmlinux\.symbols`start_kernel")
    stops_at(lldb, "continue", 1, "start_kernel")
    check(lldb.number("$satp") != 0, "the kernel has page tables")
    shows(lldb("memory region $pc"), r"\) r\wx")
    before, pc = lldb.position(), lldb.number("$pc")
    for step in range(1, 6):
        shows(lldb("thread step-inst"), r"stop reason = instruction step into$")
        equal(lldb.position(), before + step, "the position after a step")
    check(pc < lldb.number("$pc") < pc + 32, "five instructions further")
    lldb("breakpoint set -n __sbi_ecall")
    stops_at(lldb, "continue", 2, "__sbi_ecall")
    caller = lldb.number("$ra")
    lldb(f"breakpoint set -a {caller:#x}")
    shows(lldb("continue", PATIENCE), r"stop reason = breakpoint 3\.1$")
    equal(lldb.number("$pc"), caller, "behind the call of the firmware, in the caller")


@scenario
def lldb_finishes_a_function_of_the_kernel(bench):
    """From 21 on: older ones do not find the callers of RISC-V's functions without frame information."""
    lldb = bench.debug_with_lldb(linux(1))
    lldb("breakpoint set -n riscv_cpuinfo_starting")
    stops_at(lldb, "continue", 1, "riscv_cpuinfo_starting")
    lldb("breakpoint set -n sbi_get_mvendorid")
    stops_at(lldb, "continue", 2, "sbi_get_mvendorid")
    before = lldb.position()
    caller = lldb.number("$ra")
    shows(lldb("bt"), rf"frame #1: {caller:#x} \S+?`riscv_cpuinfo_starting \+ \d+$")
    shows(lldb("thread step-out", PATIENCE), r"stop reason = step out$")
    equal((lldb.number("$pc"), function(lldb)), (caller, "riscv_cpuinfo_starting"), "behind calls of the firmware, in the caller")
    after = place(lldb)
    check(after[0] > before, "the position behind the call")
    stops_at(lldb, BACK, 2, "sbi_get_mvendorid")
    equal(lldb.position(), before, "back at the function's first instruction")


@scenario
def lldb_goes_back_in_the_kernel(bench):
    """From 21 on: back to each place that it came by, and to power-on."""
    lldb = bench.debug_with_lldb(linux(1))
    lldb("breakpoint set -n start_kernel")
    stops_at(lldb, "continue", 1, "start_kernel")
    start, registers = place(lldb), lldb("register read")
    lldb("breakpoint set -n __sbi_ecall")
    calls = []
    for _ in range(3):
        stops_at(lldb, FORWARD, 2, "__sbi_ecall")
        calls.append((place(lldb), lldb("register read")))
    for wanted in calls[-2::-1]:
        stops_at(lldb, BACK, 2, "__sbi_ecall")
        equal((place(lldb), lldb("register read")), wanted, "a call, met again on the way back")
    stops_at(lldb, BACK, 1, "start_kernel")
    equal((place(lldb), lldb("register read")), (start, registers), "start_kernel again")
    # Before it the firmware and the kernel's first instructions, at physical addresses.
    lldb("breakpoint delete 2")
    shows(lldb(BACK, PATIENCE), r"stop reason = history boundary$")
    equal(place(lldb), (0, 0x1000, 0), "power-on")
    stops_at(lldb, FORWARD, 1, "start_kernel")
    equal((place(lldb), lldb("register read")), (start, registers), "start_kernel once more")
