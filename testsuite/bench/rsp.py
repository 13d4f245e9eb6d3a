"""A client of the remote serial protocol without a debugger around it: what it waits for is the server alone."""

import socket

INTERRUPT = b"\x03"


class Lost(Exception):
    """The server went away, did not answer in time, or refused."""


class Client:
    """A connection in which nothing is acknowledged. Texts are the packets' bodies."""

    def __init__(self, port, seconds=60):
        self.socket = socket.create_connection(("127.0.0.1", port), seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        # Features are asked for as gdb asks: without swbreak and hwbreak a server tells of stops in other ways.
        self.features = self.ask("qSupported:multiprocess-;swbreak+;hwbreak+;vContSupported+")
        if "QStartNoAckMode+" in self.features:
            self.ask("QStartNoAckMode")
            self.socket.sendall(b"+")

    def close(self):
        self.socket.close()

    def wait_at_most(self, seconds):
        self.socket.settimeout(seconds)

    def send(self, body):
        data = body.encode("latin-1")
        self.socket.sendall(b"$%b#%02x" % (data, sum(data) & 0xff))

    def answer(self):
        """The next packet's body."""
        while True:
            begin = self.received.find(b"$")
            end = self.received.find(b"#", begin) if begin >= 0 else -1
            if begin >= 0 and 0 <= end <= len(self.received) - 3:
                body, self.received = self.received[begin + 1:end], self.received[end + 3:]
                return unescaped(body).decode("latin-1")
            try:
                more = self.socket.recv(1 << 16)
            except TimeoutError as error:
                raise Lost(f"no answer within {self.socket.gettimeout():g} s") from error
            except OSError as error:
                raise Lost(f"the connection broke: {error}") from error
            if not more:
                raise Lost("the server closed the connection")
            self.received += more

    def ask(self, body):
        self.send(body)
        return self.answer()

    def do(self, body):
        """As ask, of a packet that is answered by OK."""
        said = self.ask(body)
        if said != "OK":
            raise Lost(f"{body[:40]}: {said or 'not known'}")

    def move(self, body):
        """A packet that moves the machine; its stop reply. What is printed on the way does not matter."""
        self.send(body)
        while (said := self.answer()).startswith("O") and said != "OK":
            pass
        return said

    def monitor(self, command):
        """What a monitor command prints."""
        self.send("qRcmd," + command.encode().hex())
        text = ""
        while True:
            said = self.answer()
            if said == "OK":
                return text
            if said.startswith("E") or not said:
                raise Lost(f"monitor {command}: {said or 'not known'}")
            # The whole text, or a piece of it with OK to follow.
            pieces = said[1:] if said.startswith("O") else said
            text += bytes.fromhex(pieces).decode(errors="replace")
            if not said.startswith("O"):
                return text

    def interrupt(self):
        self.socket.sendall(INTERRUPT)


def unescaped(data):
    """Without escapes and run-length encoding."""
    if b"}" not in data and b"*" not in data:
        return data
    plain = bytearray()
    bytes_left = iter(data)
    for byte in bytes_left:
        if byte == ord("}"):
            plain.append(next(bytes_left) ^ 0x20)
        elif byte == ord("*"):
            plain += plain[-1:] * (next(bytes_left) - 29)
        else:
            plain.append(byte)
    return bytes(plain)
