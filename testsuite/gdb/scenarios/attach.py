"""Every way for gdb to reach the machine, and what it finds there."""

from harness import equal, scenario, shows


def reaches_main(gdb):
    gdb("break main")
    shows(gdb("continue"), r"^Breakpoint 1, main \(\) at calls\.c:\d+$")


@scenario
def over_tcp(bench):
    reaches_main(bench.session("calls"))


@scenario
def over_a_unix_socket(bench):
    reaches_main(bench.session("calls", where=f"unix:{bench.directory}/socket"))


@scenario
def over_a_pipe(bench):
    gdb = bench.debugger("calls")
    gdb(f"target remote | {bench.backspin} run --gdb stdio {bench.elf('calls')}")
    reaches_main(gdb)


@scenario
def before_the_first_instruction(bench):
    gdb = bench.session("calls")
    equal(gdb.number("$pc"), 0x1000, "pc at power-on: the reset vector, as on QEMU's board")
    equal(gdb.position(), 0, "position at power-on")


@scenario
def needs_no_settings(bench):
    gdb = bench.debugger()
    gdb.attach(bench.machine("calls"))
    shows(gdb("show architecture"), r"riscv:rv64")
    shows(gdb("show osabi"), r'"none"')
    shows(gdb("maint show-debug-regs") + gdb("info registers pc"), r"^pc +0x1000")


@scenario
def symbols_come_along(bench):
    """A gdb that was given no program gets it from the machine, and from a recording whose program is gone."""
    gdb = bench.debugger()
    shows(gdb.attach(bench.machine("calls")), r"Reading symbols from target:.*calls\.elf")
    reaches_main(gdb)
    image = bench.file("gone.elf", open(bench.elf("calls"), "rb").read())
    recording = bench.directory / "run.bsp"
    equal(bench.run("record", "-o", recording, "--console", "none", image)[0], 0, "exit code of the recorded run")
    image.unlink()
    gdb = bench.debugger()
    shows(gdb.attach(bench.replay(recording)), r"Reading symbols from target:.*gone\.elf")
    reaches_main(gdb)


@scenario
def shows_registers_and_the_hart(bench):
    gdb = bench.session("calls")
    gdb("break factorial")
    gdb("continue")
    equal(gdb.number("$a0"), 5, "the first argument")
    shows(gdb("info registers mstatus"), r"^mstatus +0x")
    shows(gdb("info registers mepc"), r"^mepc +0x0")
    shows(gdb("info threads"), r"^\* 1 ")


@scenario
def through_the_machine_interface(bench):
    gdb = bench.machine_interface("calls")
    machine = bench.machine("calls")
    gdb(f"-target-select remote {machine.target}", r"\^connected")
    gdb("-list-target-features", r'\^done,features=\[.*"reverse"')
    gdb("-break-insert add_three", r"\^done,bkpt=")
    gdb("-exec-continue", r'\*stopped,reason="breakpoint-hit".*func="add_three"')
    gdb("-exec-finish", r'\*stopped,reason="function-finished".*func="main"')
    gdb("-break-delete 1", r"\^done")
    gdb("-exec-next --reverse", r'\*stopped,.*func="main"')
    gdb("-exec-continue --reverse", r"\*stopped")
