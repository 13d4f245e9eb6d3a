"""Clients that no debugger should be: slow, vanishing, talking rubbish. The machine stays, and the next one is served."""

import pathlib
import socket
import time

from harness import check, equal, scenario, shows


def framed(body):
    body = body if isinstance(body, bytes) else body.encode()
    return b"$" + body + b"#%02x" % (sum(body) & 255)


class RawClient:
    def __init__(self, machine):
        self.socket = socket.create_connection(("127.0.0.1", int(machine.target[1:])), timeout=60)
        self.ask("QStartNoAckMode")
        self.send(b"+")

    def send(self, data):
        self.socket.sendall(data)

    def ask(self, body):
        """The body of the next packet that comes back."""
        self.send(framed(body))
        return self.answer()

    def answer(self):
        text = b""
        while b"#" not in text or len(text) < text.index(b"#") + 3:
            part = self.socket.recv(65536)
            check(part, f"the connection was closed; so far: {text!r}")
            text += part
        return text[text.index(b"$") + 1:text.index(b"#")].decode(errors="replace")

    def close(self):
        self.socket.close()


def is_served(bench, machine, program):
    gdb = bench.debugger(program)
    gdb.attach(machine)
    shows(gdb("stepi"), r"\w")
    gdb("disconnect")


def resident(machine):
    """Bytes of memory that the machine's process holds."""
    status = pathlib.Path(f"/proc/{machine.popen.pid}/status").read_text()
    return int(shows(status, r"^VmRSS:\s+(\d+) kB")[1]) * 1024


@scenario
def that_vanish(bench):
    """In the middle of a packet, of a run, and of a search."""
    machine = bench.machine("ticker")
    client = RawClient(machine)
    client.send(b"$m80000000,1")
    client.close()
    is_served(bench, machine, "ticker")
    client = RawClient(machine)
    client.send(framed("vCont;c"))
    time.sleep(0.2)
    client.close()
    is_served(bench, machine, "ticker")
    client = RawClient(machine)
    equal(client.ask("Z0,80000000,4"), "OK", "a breakpoint that is not reached again")
    client.send(framed("bc"))
    client.close()
    is_served(bench, machine, "ticker")


@scenario
def that_talk_in_pieces(bench):
    machine = bench.machine("calls")
    client = RawClient(machine)
    for byte in framed("qC"):
        client.send(bytes([byte]))
        time.sleep(0.01)
    equal(client.answer(), "QC1", "the answer to a packet that came byte by byte")
    client.send(b"$g#6")  # and never the rest: a new packet begins
    equal(client.ask("qC"), "QC1", "the packet after half a packet")


@scenario
def that_talk_rubbish(bench):
    machine = bench.machine("calls")
    client = RawClient(machine)
    client.send(bytes(range(0, 36)) * 30000)
    equal(client.ask("qC"), "QC1", "the answer behind a megabyte of rubbish")
    client.send(b"$" + b"x" * (1 << 20) + b"#00")
    shows(client.answer(), r"^E")
    equal(client.ask("qC"), "QC1", "the answer behind a packet of a megabyte")


@scenario
def that_do_not_read(bench):
    """What they ask for is not piled up for them."""
    machine = bench.machine("calls")
    client = RawClient(machine)
    before = resident(machine)
    client.socket.settimeout(1)
    sent = 0
    try:
        while sent < 20000:  # a gigabyte of answers
            client.send(framed("m80000000,10000"))
            sent += 1
    except TimeoutError:
        pass
    check(resident(machine) - before < 64 << 20, f"{resident(machine) - before} bytes more for one client")
    client.close()
    is_served(bench, machine, "calls")


@scenario
def from_elsewhere(bench):
    """Other computers reach the machine only when an address says so, and with a warning."""
    for where, warned in ((":0", False), ("127.0.0.1:0", False), ("0.0.0.0:0", True)):
        machine = bench.start("run", "--gdb", where, "--console", "none", bench.elf("calls"))
        text = machine.err.until(r"Listening on port \d+\n")
        equal("nobody is asked for a password" in text, warned, f"a warning for {where}")


@scenario
def that_are_scripts(bench):
    """--port-file tells them where."""
    path = bench.directory / "port"
    machine = bench.start("run", "--gdb", ":0", "--port-file", path, "--console", "none", bench.elf("calls"))
    machine.err.until(r"Listening on port \d+\n")
    machine.target = ":" + path.read_text().strip()
    gdb = bench.debugger("calls")
    gdb.attach(machine)
    gdb("kill")
    machine.wait()
    check(not path.exists(), "the file goes with the port")
