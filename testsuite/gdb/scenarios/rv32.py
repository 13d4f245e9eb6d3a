"""The same on a machine of 32 bits, which the program's class chooses."""

from harness import equal, lacks, line_of, scenario, shows


@scenario
def shows_registers_of_its_width(bench):
    gdb = bench.session("calls32")
    gdb("break add_three")
    shows(gdb("continue"), r"^Breakpoint 1, add_three \(n=(n@entry=)?4\)")
    shows(gdb("show architecture"), r"riscv:rv32")
    equal(gdb.number("sizeof($a0)"), 4, "bytes of a register")
    shows(gdb("info registers pc"), r"^pc +0x800[0-9a-f]{5}\t0x800[0-9a-f]{5} <add_three.*>$")
    shows(gdb("info registers misa"), r"^misa .*\tRV32\w*I\w*M")
    for register in ("mstatush", "pmpcfg1", "satp", "mcycleh"):
        lacks(gdb(f"info registers {register}"), r"Invalid|unavailable|error")
    gdb("set variable $a1 = -1")
    equal(gdb.value("/x $a1"), "0xffffffff", "a register that was set")


@scenario
def steps_both_ways(bench):
    gdb = bench.session("calls32")
    gdb(f"break {line_of('calls', 'main: start')}")
    gdb("continue")
    gdb("delete")
    lines = [gdb.line()]
    for _ in range(8):
        gdb("next")
        lines.append(gdb.line())
    equal(lines[-1], ("main", line_of("calls", "main: end")), "where next went")
    back = [lines[-1]]
    for _ in range(8):
        gdb("reverse-next")
        back.append(gdb.line())
    equal(back, lines[::-1], "the same lines backwards")


@scenario
def watches_both_ways(bench):
    gdb = bench.session("calls32")
    gdb(f"break {line_of('calls', 'main: start')}")
    gdb("continue")
    gdb("watch result")
    values = [0]
    for _ in range(4):
        found = shows(gdb("continue"), r"^Old value = (\d+)\nNew value = (\d+)$")
        equal(int(found[1]), values[-1], "the old value")
        values.append(int(found[2]))
    equal(values[1:4], [1, 120, 121], "the values")
    for number in range(4, 0, -1):
        shows(gdb("reverse-continue"), rf"^Old value = {values[number]}\nNew value = {values[number - 1]}$")


@scenario
def crosses_interrupts(bench):
    """One move over the handler, forward and back; and a watchpoint in it."""
    gdb = bench.session("ticker32")
    gdb("break tick")
    gdb("continue")
    entry = gdb.position()
    gdb("continue")
    gdb("delete")
    gdb(f"monitor goto {entry - 200}")
    gdb("maintenance flush register-cache")
    forward = [(gdb.position(), gdb.number("$pc"))]
    while gdb.position() < entry:
        gdb("stepi")
        forward.append((gdb.position(), gdb.number("$pc")))
    back = [forward[-1]]
    while len(back) < len(forward):
        gdb("reverse-stepi")
        back.append((gdb.position(), gdb.number("$pc")))
    equal(back, forward[::-1], "the same moves backwards")
    gdb("watch ticks")
    gdb(f"monitor goto {entry - 200}")
    gdb("maintenance flush register-cache")
    shows(gdb("continue"), r"^Old value = 0\nNew value = 1$")
    shows(gdb("backtrace"), r"(?s)#0 .*handle_trap.*<signal handler called>.*(main|weigh) \(")


@scenario
def records_and_replays(bench):
    recording = bench.record("calls32")
    code, _, error = bench.run("replay", "--console", "none", recording)
    equal(code, 0, f"exit code of the replay ({error})")
    gdb = bench.debugger("calls32")
    gdb.attach(bench.replay(recording))
    shows(gdb("continue"), r"No more reverse-execution history|Reached end of recorded history")
    gdb("break factorial if n == 3")
    shows(gdb("reverse-continue"), r"factorial \(n=(n@entry=)?3\)")
