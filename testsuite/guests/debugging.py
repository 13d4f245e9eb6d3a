"""Debian's kernel under gdb, forward and back. Each scenario gets a Bench with .debug(wanted).

The kernel has symbols and no line or frame information; gdb steps it by instructions. Nothing here knows an address.
"""

import re
import subprocess

from harness import Process, check, equal, scenario, shows
from machines import PATIENCE, Devices, Shell, fetched, linux, linux_with

HISTORY_ENDS = r"No more reverse-execution history|Reached end of recorded history"
SUPERVISOR, MACHINE = 1, 3
INTERRUPT = 1 << 63


def run_to(gdb, place):
    """Forward to the first time that the machine comes to this place; the position."""
    gdb(f"thbreak *{place}")
    text = gdb("continue", PATIENCE)
    if re.search(HISTORY_ENDS, text):  # that was the past: now the machine goes on
        text = gdb("continue", PATIENCE)
    shows(text, r"Temporary breakpoint \d+, ")
    return gdb.position()


def goto(gdb, position):
    gdb(f"monitor goto {position}")
    gdb("maintenance flush register-cache")
    equal(gdb.position(), position, "position after goto")


def unsigned(gdb, expression):
    return int(gdb.value(f"/x {expression}"), 16)


def function(gdb):
    """The function that the hart is in; nothing where there are no symbols."""
    found = gdb("info symbol $pc")
    return "" if found.startswith("No symbol") else found.split()[0]


def place(gdb):
    return gdb.position(), unsigned(gdb, "$pc"), unsigned(gdb, "$satp"), gdb.number("$priv")


def everything(gdb, bench):
    """All registers, and a mebibyte of the kernel's data."""
    path = bench.directory / "memory"
    gdb(f"dump binary memory {path} &init_task ((char *) &init_task + 0x100000)")
    return gdb("info registers all"), path.read_bytes()


def visited(gdb, command, wanted):
    """The places to which the command leads until `wanted` says that it is enough."""
    places = [place(gdb)]
    while not wanted():
        check(len(places) < 300, f"{command} does not lead there: {places[-3:]}")
        gdb(command)
        places.append(place(gdb))
    return places


@scenario
def debian_breaks_at_start_kernel(bench):
    """Forward to it; on, and back to it: the same position, the same state."""
    gdb = bench.debug(linux(1))
    gdb("hbreak start_kernel")
    shows(gdb("continue"), r"^Breakpoint 1, 0x[0-9a-f]+ in start_kernel \(\)")
    there, state = gdb.position(), everything(gdb, bench)
    shows(gdb("info threads"), r'"hart0" \(S-mode\) +0x[0-9a-f]+ in start_kernel \(\)')
    shows(gdb("monitor translate " + gdb.value("/x &start_kernel")),
          r"^0xffffffff8\w+ is at 0x80\w+ \(hart 0, S mode, Sv\d\d\); allowed: .*execute\n  level \d: ")
    shows(gdb("monitor translate 0x1000"), r"^0x1000 is not mapped \(hart 0, S mode, Sv\d\d\): .*not valid")
    check(run_to(gdb, "rest_init") > there, "the kernel went on")
    shows(gdb("reverse-continue"), r"^Breakpoint 1, 0x[0-9a-f]+ in start_kernel \(\)")
    equal((gdb.position(), everything(gdb, bench)), (there, state), "position and state after coming back")
    gdb("stepi 100")
    gdb("reverse-stepi 100")
    equal((gdb.position(), everything(gdb, bench)), (there, state), "position and state after steps there and back")
    shows(gdb("reverse-continue"), HISTORY_ENDS)
    equal(place(gdb), (0, 0x1000, 0, MACHINE), "the beginning")


@scenario
def debian_back_over_the_page_table_switch(bench):
    """From start_kernel back to where the kernel still runs at physical addresses, and the same way forward."""
    gdb = bench.debug(linux(1))
    run_to(gdb, "start_kernel")
    last = unsigned(gdb, "$satp")
    back = visited(gdb, "reverse-stepi", lambda: gdb.number("$satp") == 0)
    satps = [satp for _, _, satp, _ in back]
    check(len(set(satps)) == 3, f"first the trampoline's page tables, then the early ones: {set(satps)}")
    equal((satps[0], back[-1][3]), (last, SUPERVISOR), "before and behind the switch")
    shows(gdb("x/i $pc"), r"csrw\tsatp,")
    check(unsigned(gdb, "$pc") < 1 << 32, "before the switch the hart is at a physical address")
    shows(gdb("monitor translate " + gdb.value("/x &start_kernel")), r"is physical: nothing is translated \(hart 0, S mode\)")
    forward = visited(gdb, "stepi", lambda: gdb.position() == back[0][0])
    # The write to satp takes the ground away: the attempt behind it traps, to the same place in the new address space.
    check(forward[2][1] > 1 << 63 > forward[1][1], f"from a physical address to a virtual one by a trap: {forward[:3]}")
    equal(forward, back[::-1], "the same places forward")


@scenario
def debian_back_out_of_an_interrupt(bench):
    gdb = bench.debug(linux(1))
    inside = run_to(gdb, "do_irq")
    equal(unsigned(gdb, "$scause") & INTERRUPT, INTERRUPT, "an interrupt")
    interrupted = unsigned(gdb, "$sepc")
    run_to(gdb, "do_irq")  # so that the first handler's end is history
    goto(gdb, inside)
    back = visited(gdb, "reverse-stepi", lambda: unsigned(gdb, "$pc") == interrupted)
    equal(back[-2][1], unsigned(gdb, "&handle_exception"), "the handler's first instruction")
    equal({privilege for _, _, _, privilege in back}, {SUPERVISOR}, "privileges on the way")
    before = place(gdb)
    gdb("stepi")
    check(gdb.position() > inside, "a step crosses the whole handler")
    check(function(gdb) != "handle_exception", "a step does not lead into the handler")
    gdb("reverse-stepi")
    equal(place(gdb), before, "back over the whole handler")
    gdb("monitor step-interrupts on")
    gdb("stepi")
    equal(place(gdb), back[-2], "the handler's first instruction, when interrupts are shown")


@scenario
def debian_back_across_an_ecall(bench):
    """From the kernel into OpenSBI in M mode, and back in both directions."""
    gdb = bench.debug(linux(1))
    run_to(gdb, "start_kernel")
    call = shows(gdb("x/60i __sbi_ecall"), r"^ +(0x[0-9a-f]+) <__sbi_ecall\+\d+>:\tecall$")[1]
    gdb(f"hbreak *{call}")
    shows(gdb("continue"), r"^Breakpoint \d+, 0x[0-9a-f]+ in __sbi_ecall \(\)")
    before, registers = place(gdb), gdb.state()
    gdb("stepi")
    firmware = place(gdb)
    equal((firmware[0] - before[0], firmware[3]), (1, MACHINE), "one step, into M mode")
    equal(unsigned(gdb, "$mepc"), before[1], "where the call came from")
    equal(firmware[1], unsigned(gdb, "$mtvec"), "the firmware's trap handler")
    shows(gdb("monitor translate " + hex(firmware[1])), r"is physical: nothing is translated \(hart 0, M mode\)")
    gdb("stepi 50")
    equal(gdb.number("$priv"), MACHINE, "fifty steps later")
    gdb("reverse-stepi 50")
    equal(place(gdb), firmware, "fifty steps back")
    gdb("reverse-stepi")
    equal((place(gdb), gdb.state()), (before, registers), "one step back: the call, not yet made")

    run_to(gdb, f"({call} + 4)")
    after = place(gdb)
    equal(after[2:], before[2:], "address space and privilege behind the call")
    gdb("reverse-stepi")
    equal(gdb.number("$priv"), MACHINE, "one step back from behind the call")
    shows(gdb("x/i $pc"), r"\tmret$")
    gdb("stepi")
    equal(place(gdb), after, "and forward again")
    shows(gdb("reverse-continue"), r"^Breakpoint \d+, 0x[0-9a-f]+ in __sbi_ecall \(\)")
    equal((place(gdb), gdb.state()), (before, registers), "the call again")


@scenario
def debian_over_and_out_of_functions(bench):
    """Over a call that goes into the firmware by a trap, and back before it from inside, before and behind the trap."""
    gdb = bench.debug(linux(1))
    for name in ("riscv_cpuinfo_starting", "sbi_get_mvendorid", "__sbi_ecall"):
        run_to(gdb, name)
    entry = place(gdb)
    run_to(gdb, "__sbi_ecall")  # so that the first call's end is history
    goto(gdb, entry[0])
    gdb("reverse-stepi")
    call = place(gdb)
    shows(gdb("x/i $pc"), r"\tjalr?\t")
    back = unsigned(gdb, "$pc") + 4
    gdb("stepi 5")
    check(function(gdb) == "__sbi_ecall" and gdb.position() > entry[0], "inside the function, before the trap")
    gdb("reverse-finish")
    equal(place(gdb), call, "the call, from before the trap")
    gdb("nexti")
    behind = place(gdb)
    equal((behind[1], behind[3]), (back, SUPERVISOR), "behind the call")
    equal(visited(gdb, "reverse-stepi", lambda: gdb.number("$priv") == MACHINE)[0], behind, "where the way back to the trap begins")
    check(call[0] < gdb.position() < behind[0], "the firmware is between the call and its return")
    gdb("stepi")
    equal((function(gdb), gdb.number("$priv")), ("__sbi_ecall", SUPERVISOR), "behind the trap, inside the function")
    gdb("reverse-finish")
    equal(place(gdb), call, "the call, from behind the trap")
    gdb("nexti")
    equal(place(gdb), behind, "behind the call once more")
    gdb("reverse-finish")
    caller = function(gdb)
    check(caller not in ("", "__sbi_ecall") and gdb.position() < call[0], f"where the caller was called: {caller}")


@scenario
def debian_harts_are_threads(bench):
    """The second hart comes up by a call of the first; a breakpoint there is that hart's, forward and back."""
    gdb = bench.debug(linux(2))
    run_to(gdb, "start_kernel")
    boot = gdb.number("$_thread")
    gdb("hbreak *smp_callin")
    text = gdb("continue", PATIENCE)
    other = gdb.number("$_thread")
    shows(text, rf'^Thread {other} "hart\d" hit Breakpoint \d+, 0x[0-9a-f]+ in smp_callin \(\)')
    equal({boot, other}, {1, 2}, "who starts, and who is started")
    there = place(gdb)
    # Of the step that is next, the other hart's part is one attempt, however far the first one comes meanwhile.
    gdb(f"thread {boot}")
    forward = [place(gdb)[:2]]
    for _ in range(5):
        gdb("stepi")
        equal(gdb.number("$_thread"), boot, "the selected hart")
        forward.append(place(gdb)[:2])
    for wanted in forward[-2:0:-1]:
        gdb("reverse-stepi")
        equal(place(gdb)[:2], wanted, "a step back of the selected hart")
    goto(gdb, there[0] + 1)
    shows(gdb("reverse-continue"), rf'^Thread {other} "hart\d" hit Breakpoint')
    equal(place(gdb), there, "the breakpoint, coming from behind")


@scenario
def debian_debugged_is_debian_all_the_same(bench):
    """A boot that is stopped, stepped and turned back again and again is the one that its recording repeats."""
    gdb = bench.debug(linux(1), "--save", str(bench.recording))
    run_to(gdb, "start_kernel")
    gdb("hbreak *kernel_init")
    shows(gdb("continue", PATIENCE), r"^Breakpoint \d+, ")
    for command in ("reverse-stepi 300", "stepi 100", "monitor goto -1000000", "monitor end"):
        gdb(command)
    gdb("maintenance flush register-cache")
    gdb("hbreak *do_irq")
    gdb("ignore $bpnum 20")
    shows(gdb("continue", PATIENCE), r"^Breakpoint \d+, ")
    gdb("delete")
    gdb("stepi 10")
    gdb.begin("continue")
    console = bench.wait_for_console(Shell.PROMPT)
    gdb.interrupt()
    shows(gdb.answer(PATIENCE), r"SIGINT")
    bench.end_machine()
    replay = bench.keep(Process([bench.emulator.program, "replay", "--console", "stdio", str(bench.recording)],
                                stdin=subprocess.DEVNULL, cwd=bench.directory))
    code = replay.wait(PATIENCE)
    equal(code, 0, f"exit code of the replay ({replay.err.text})")
    shows(replay.err.text, r"digests are equal")
    check(replay.out.text.startswith(console), "the console of the replay")


@scenario
def debian_back_to_the_disks_interrupts(bench):
    """The kernel's handler of virtio interrupts, while it reads its disk: forward to some, and back to each."""
    gdb = bench.debug(linux_with(Devices(drive=fetched("disk.ext4"))))
    gdb("hbreak vring_interrupt")
    met = []
    for _ in range(4):
        shows(gdb("continue", PATIENCE), r"^Breakpoint 1, 0x[0-9a-f]+ in vring_interrupt \(\)")
        met.append((place(gdb), gdb.state()))
    check(all(before[0][0] < after[0][0] for before, after in zip(met, met[1:])), "each is later than the one before")
    gdb("stepi 1000")  # out of the handler's beginning
    for index, (there, registers) in reversed(list(enumerate(met))):
        shows(gdb("reverse-continue", PATIENCE), r"^Breakpoint 1, 0x[0-9a-f]+ in vring_interrupt \(\)")
        equal((place(gdb), gdb.state()), (there, registers), f"interrupt {index}, met again on the way back")
    gdb("delete")
    last = met[-1][0][0]
    goto(gdb, last)
    equal((place(gdb), gdb.state()), met[-1], "the last one, gone to")
