"""Leaving and coming back, and what the end of a session means for the machine."""

import socket

from harness import equal, scenario, shows


def break_at(gdb, function):
    gdb(f"break {function}")
    shows(gdb("continue"), rf"^Breakpoint \d+, {function} ")
    return gdb.position()


@scenario
def disconnect_and_come_back(bench):
    machine = bench.machine("calls")
    gdb = bench.debugger("calls")
    gdb.attach(machine)
    there = break_at(gdb, "add_three")
    shows(gdb("disconnect"), r"Ending remote debugging")
    gdb.attach(machine)
    equal(gdb.position(), there, "position after coming back")
    shows(gdb("backtrace"), r"^#0 +add_three")
    gdb("delete")
    break_at(gdb, "count_down")
    gdb("delete")
    gdb("tbreak factorial")
    shows(gdb("reverse-continue"), r"factorial")


@scenario
def a_debugger_that_dies(bench):
    """Its breakpoints die with it; the next one finds the machine where it was."""
    machine = bench.machine("calls")
    first = bench.debugger("calls")
    first.attach(machine)
    there = break_at(first, "factorial")
    first.end()
    second = bench.debugger("calls")
    second.attach(machine)
    equal(second.position(), there, "position for the second debugger")
    break_at(second, "count_down")


@scenario
def quitting_leaves_the_machine(bench):
    machine = bench.machine("calls")
    gdb = bench.debugger("calls")
    gdb.attach(machine)
    break_at(gdb, "add_three")
    gdb.send("quit\n")
    gdb.wait()
    equal(machine.running(), True, "the machine runs on")
    again = bench.debugger("calls")
    again.attach(machine)
    shows(again("backtrace"), r"^#0 +add_three")


@scenario
def over_a_unix_socket_again(bench):
    machine = bench.machine("calls", where=f"unix:{bench.directory}/socket")
    for _ in range(3):
        gdb = bench.debugger("calls")
        gdb.attach(machine)
        gdb("stepi 5")
        gdb.send("disconnect\nquit\n")
        gdb.wait()
    gdb = bench.debugger("calls")
    gdb.attach(machine)
    equal(gdb.position(), 15, "position after three visits")


@scenario
def killing_is_understood(bench):
    machine = bench.machine("calls")
    gdb = bench.debugger("calls")
    gdb.attach(machine)
    gdb("stepi")
    shows(gdb("kill"), r"killed")


@scenario
def nonsense_on_the_wire(bench):
    """Whatever a client sends, the machine stays, and the next one is served."""
    machine = bench.machine("calls")
    port = int(machine.target.removeprefix(":"))
    for bytes_sent in (b"", b"GET / HTTP/1.1\r\n\r\n", b"$$$$$$#00", b"$m0,ffffffffffffffff#00", b"$" + b"A" * 500_000,
                       b"\x03\x03\x03", b"$Z0,0,999999999999999999999#aa", b"+$vCont;#b9", b"$g#67" * 100,
                       b"$qXfer:features:read:target.xml:ffffffffffffffff,1#00", b"$X80000000,4:}}}#zz", bytes(range(256)) * 64):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as wire:
            wire.sendall(bytes_sent)
    gdb = bench.debugger("calls")
    gdb.attach(machine)
    break_at(gdb, "add_three")


@scenario
def a_second_debugger_meanwhile(bench):
    """It is turned away or waits; the first one does not notice."""
    machine = bench.machine("calls")
    gdb = bench.debugger("calls")
    gdb.attach(machine)
    port = int(machine.target.removeprefix(":"))
    with socket.create_connection(("127.0.0.1", port), timeout=30) as wire:
        wire.sendall(b"$?#3f")
        there = break_at(gdb, "add_three")
    equal(gdb.position(), there, "position of the first debugger")
    gdb("reverse-stepi")
    equal(gdb.position(), there - 1, "position after a step back")
