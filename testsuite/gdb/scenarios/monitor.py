"""`monitor` commands at gdb's own prompt: traps that stop, one hart that stops, what the machine is made of."""

from harness import check, equal, scenario, shows

HISTORY_ENDS = r"No more reverse-execution history|Reached end of recorded history"


@scenario
def catches_traps_both_ways(bench):
    gdb = bench.session("traps")
    shows(gdb("monitor catch trap illegal-instruction"), r"^catch 1: trap illegal-instruction$")
    gdb("break main")
    gdb("continue")
    gdb("delete")
    text = gdb("continue")
    shows(text, r"^caught illegal-instruction of hart 0: the next step takes it$")
    place, at = gdb.number("$pc"), gdb.position()
    gdb("stepi")
    equal(gdb.position(), at + 1, "position after the trap")
    equal((gdb.number("$mcause"), gdb.number("$mepc")), (2, place), "the trap")
    gdb("monitor catch delete all")
    gdb("continue")
    gdb("monitor catch trap 2")
    found = []
    while "history" not in (text := gdb("reverse-continue")):
        shows(text, r"^caught illegal-instruction of hart 0: the step before here took it$")
        found.append((gdb.number("$mepc"), gdb.position()))
    check((place, at + 1) in found, f"{(place, at + 1)} is among what going back comes to: {found}")


@scenario
def one_hart_stops(bench):
    gdb = bench.session("harts", "--harts", "2", "--quantum", "30")
    gdb("break contribute")
    harts = set()
    for _ in range(6):
        gdb("continue")
        harts.add(gdb.number("$mhartid"))
    equal(harts, {0, 1}, "who came by")
    shows(gdb("monitor stop-hart 1"), r"hart 1 only")
    places = []
    for _ in range(3):
        shows(gdb("continue"), r"hit Breakpoint 1, contribute")
        equal(gdb.number("$mhartid"), 1, "who stops")
        places.append(gdb.position())
    for place in reversed(places[:-1]):
        shows(gdb("reverse-continue"), r"hit Breakpoint 1, contribute")
        equal((gdb.position(), gdb.number("$mhartid")), (place, 1), "the same places backward")
    gdb("monitor stop-hart all")
    seen = set()
    for _ in range(4):
        gdb("reverse-continue")
        seen.add(gdb.number("$mhartid"))
    check(0 in seen, "the other hart's stops are back")


@scenario
def tells_what_there_is(bench):
    gdb = bench.session("calls")
    gdb("break factorial")
    gdb("continue")
    shows(gdb("monitor info harts"), r"^\* 0  M mode  pc 0x[0-9a-f]+ factorial")
    shows(gdb("monitor info csr mstatus"), r"^0x300 mstatus +0x[0-9a-f]{16}  .*MPP=")
    shows(gdb("monitor info mtree"), r"^0x0000000080000000-0x0000000087ffffff  RAM, 128 MiB$")
    shows(gdb("monitor info devices uart"), r"\w")
    shows(gdb("monitor info tlb"), r"^hart 0: bare")
    shows(gdb("monitor info recording"), r"^history: positions 0 to \d+, live$")
    shows(gdb("monitor disassemble"), r"^=> 0x[0-9a-f]+ factorial")
    shows(gdb("monitor phys on"), r"physical")
    equal(gdb.number("*(unsigned short*)$pc"), gdb.number("*(unsigned short*)$pc"), "physical memory")
    shows(gdb("monitor reset halt"), r"^position 0 of")
    shows(gdb("monitor cont"), r"type continue")
    shows(gdb("monitor speed 4000"), r"^$")


@scenario
def shows_the_guests_console(bench):
    code, out, _ = bench.run("run", bench.elf("traps"))
    equal(code, 0, "exit code")
    first = next(filter(None, out.splitlines()))
    gdb = bench.session("traps")
    check(first not in gdb("continue"), "nothing is shown that was not asked for")
    shows(gdb("monitor console on"), r"^what the guest prints is shown here$")
    gdb("monitor start")
    gdb("maintenance flush register-cache")
    again = gdb("continue")
    shows(again, HISTORY_ENDS)
    printed = out.replace("\r", "").strip()
    check(printed in again, f"what the guest prints, {printed!r}, is in:\n{again}")
    gdb("monitor console off")
    gdb("monitor start")
    gdb("maintenance flush register-cache")
    check(first not in gdb("continue"), "nothing is shown any more")
