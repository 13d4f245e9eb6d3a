"""A client of the Debug Adapter Protocol, as an editor is one: requests out, responses and events in."""

import json
import re
import subprocess
import time

from harness import PATIENCE, Reader, check


class DapClient:
    """A debugger that speaks DAP on its stdin and stdout."""

    def __init__(self, command, environment, directory):
        self.popen = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, env=environment, cwd=directory)
        self.out = Reader(self.popen.stdout.fileno())
        self.number = 0
        self.events = []
        self.responses = {}

    def end(self):
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        self.popen.stdin.close()
        self.popen.stdout.close()

    def send(self, command, **arguments):
        """Sends a request without waiting for the response; returns its number."""
        self.number += 1
        body = json.dumps({"seq": self.number, "type": "request", "command": command, "arguments": arguments}).encode()
        self.popen.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.popen.stdin.flush()
        return self.number

    def take(self):
        length = int(re.search(r"Content-Length: (\d+)\r\n\r\n$", self.out.until(r"Content-Length: (\d+)\r\n\r\n"))[1])
        deadline = time.monotonic() + PATIENCE
        while len(self.out.text) < length:
            check(time.monotonic() < deadline and not self.out.closed, f"half a message: {self.out.text}")
            self.out.take(1)
        text, self.out.text = self.out.text[:length], self.out.text[length:]
        message = json.loads(text)
        if message["type"] == "event":
            self.events.append(message)
        else:
            self.responses[message["request_seq"]] = message

    def response(self, number):
        while number not in self.responses:
            self.take()
        response = self.responses.pop(number)
        check(response["success"], f"refused: {response}")
        return response.get("body", {})

    def request(self, command, **arguments):
        return self.response(self.send(command, **arguments))

    def event(self, name):
        """The next one of this name; what came before it is forgotten."""
        while True:
            while self.events:
                event = self.events.pop(0)
                if event["event"] == name:
                    return event.get("body", {})
            self.take()

    def line(self):
        """The function and line that the user is at."""
        frame = self.request("stackTrace", threadId=1, levels=1)["stackFrames"][0]
        return frame["name"], frame["line"]
