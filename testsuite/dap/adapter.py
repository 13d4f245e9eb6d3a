"""A client of the Debug Adapter Protocol, as an editor is one: requests and events over a program's stdin and stdout."""

import json
import os
import select
import time

from harness import PATIENCE, Process, check


class Adapter(Process):
    """A started debug adapter."""

    def __init__(self, bench, command):
        super().__init__(command, cwd=bench.directory, environment=bench.gdb_environment())
        self.bytes = b""
        self.events, self.responses = [], {}
        self.last = 0

    def begin(self, command, **arguments):
        """Sends a request; its number."""
        self.last += 1
        body = json.dumps({"seq": self.last, "type": "request", "command": command, "arguments": arguments})
        self.send(f"Content-Length: {len(body)}\r\n\r\n{body}")
        return self.last

    def response(self, number):
        """The answer to a request; what happens on the way is kept."""
        while number not in self.responses:
            self.take_message()
        message = self.responses.pop(number)
        check(message["success"], f"{message['command']}: {message.get('message')}")
        return message.get("body") or {}

    def take_message(self):
        message = self.message()
        if message["type"] == "response":
            self.responses[message["request_seq"]] = message
        elif message["type"] == "event":
            self.events.append(message)

    def __call__(self, command, **arguments):
        return self.response(self.begin(command, **arguments))

    def event(self, name):
        """The next event of this name; those before it are dropped."""
        while True:
            while not self.events:
                self.take_message()
            message = self.events.pop(0)
            if message["event"] == name:
                return message.get("body") or {}

    def message(self):
        self.read_until(lambda: b"\r\n\r\n" in self.bytes)
        header, _, self.bytes = self.bytes.partition(b"\r\n\r\n")
        length = int(header.rpartition(b"Content-Length:")[2])
        self.read_until(lambda: len(self.bytes) >= length)
        body, self.bytes = self.bytes[:length], self.bytes[length:]
        return json.loads(body)

    def read_until(self, there):
        deadline = time.monotonic() + PATIENCE
        while not there():
            check(time.monotonic() < deadline, f"no message within {PATIENCE} s; events before: {self.events}")
            pipes = [reader.descriptor for reader in (self.out, self.err) if not reader.closed]
            for pipe in select.select(pipes, [], [], 1)[0]:
                if pipe == self.err.descriptor:
                    self.err.take(0)
                    continue
                more = os.read(pipe, 1 << 16)
                check(more, f"the adapter ended: {self.err.text}")
                self.bytes += more

    # ---- what an editor does with them ------------------------------------------------------------

    def stop(self):
        """The reason of the next stop, and where: (reason, function, line)."""
        event = self.event("stopped")
        return (event["reason"], *self.where(event.get("threadId", 1)))

    def where(self, thread=1):
        frame = self("stackTrace", threadId=thread, startFrame=0, levels=1)["stackFrames"][0]
        self.frame = frame["id"]
        return frame["name"].partition("(")[0].split(" ")[-1], frame["line"]

    def move(self, command, thread=1, **arguments):
        """A button: the stop that it leads to."""
        self.events.clear()
        self(command, threadId=thread, **arguments)
        return self.stop()

    def value(self, expression):
        return self("evaluate", expression=expression, frameId=self.frame, context="watch")["result"]

    def typed(self, command):
        """A line in the debug console."""
        return self("evaluate", expression=command, frameId=self.frame, context="repl")

    def break_at(self, source, *lines):
        """Whether each is known already: GDB's own adapter asks for the program later."""
        found = self("setBreakpoints", source={"path": str(source)}, breakpoints=[{"line": line} for line in lines])
        return [each["verified"] for each in found["breakpoints"]]
