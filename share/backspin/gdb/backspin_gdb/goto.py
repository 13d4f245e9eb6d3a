"""The command `goto`."""

import re

import gdb

from backspin_gdb import session


class Goto(gdb.Command):
    """Go to another position in the machine's history.
Usage: goto PLACE

PLACE is a step (123456), steps from here (+10, -10), a time on the guest's clock (1.5s, 20ms), a bookmark, start,
end, or line:TEXT, where the console began to show the first line with that text.
Breakpoints on the way do not stop it."""

    def __init__(self):
        super().__init__("goto", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        if not argument.strip():
            raise gdb.GdbError("goto wants a place: a step, +N, -N, 1.5s, a bookmark, start, end or line:TEXT")
        session.go_to(argument.strip())
        print(session.where().text)
        session.show_frame()

    def complete(self, text, word):
        bookmarks = re.findall(r"^ *\d+  (\S+)", session.monitor("bookmark"), re.M)
        return [place for place in ["start", "end", *bookmarks] if place.startswith(text)]


Goto()
