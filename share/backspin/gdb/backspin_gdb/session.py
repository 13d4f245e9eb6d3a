"""What all the commands need: to ask the machine's monitor, and to make GDB forget what it knew when the machine has moved."""

import collections
import re

import gdb

Where = collections.namedtuple("Where", "position end text")

_WATCHPOINTS = (gdb.BP_WATCHPOINT, gdb.BP_HARDWARE_WATCHPOINT, gdb.BP_READ_WATCHPOINT, gdb.BP_ACCESS_WATCHPOINT)


moved = []  # called when the machine is somewhere else


class Question:
    """A monitor command. What the machine says of a refusal would be lost with the exception, so that is caught within."""

    latest = None

    def __init__(self, command):
        self.command = command
        self.error = None
        Question.latest = self
        self.text = gdb.execute("python import backspin_gdb.session as s; s.Question.latest.ask()", to_string=True)

    def ask(self):
        try:
            gdb.execute("monitor " + self.command)
        except gdb.error as error:
            self.error = str(error)


def monitor(command):
    """The machine's answer. Raises gdb.GdbError with its sentence if it refuses."""
    if not connected():
        raise gdb.GdbError("there is no machine: connect to one with 'target remote', or start 'backspin debug'")
    question = Question(command)
    if question.error is None:
        return question.text
    sentence = question.text.strip() or question.error.replace("Protocol error with Rcmd:", "").strip()
    raise gdb.GdbError(sentence)


def connected():
    """Whether GDB is connected to something remote, which stands still."""
    connection = getattr(gdb.selected_inferior(), "connection", None)
    thread = gdb.selected_thread()
    return connection is not None and "remote" in connection.type and thread is not None and thread.is_stopped()


def where():
    """The position, the history's newest one, and both as the machine says them."""
    text = monitor("when").strip()
    found = re.search(r"position (\d+) of (\d+)", text)
    if not found:
        raise gdb.GdbError("this is no Backspin machine: it answers 'monitor when' with: " + text)
    return Where(int(found[1]), int(found[2]), text)


def forget():
    """The machine has moved, and GDB has not moved it: registers, memory and the values that watchpoints had are others."""
    gdb.execute("maintenance flush register-cache", to_string=True)
    gdb.execute("maintenance flush dcache", to_string=True)
    for breakpoint in gdb.breakpoints():
        if breakpoint.type in _WATCHPOINTS and breakpoint.enabled:
            breakpoint.enabled = False
            breakpoint.enabled = True
    for tell in moved:
        tell()


def go_to(place):
    """Goes to a place as `monitor goto` takes it."""
    try:
        monitor("goto " + str(place))
    finally:
        forget()


def show_frame():
    """Where the program is, as GDB shows it when it stops."""
    gdb.execute("frame")


class Silently:
    """GDB does not show where the program stops: a command that moves it several times shows the last place itself."""

    SETTING = "suppress-cli-notifications"

    def __enter__(self):
        self.before = gdb.parameter(self.SETTING)
        gdb.execute("set %s on" % self.SETTING)

    def __exit__(self, *error):
        gdb.execute("set %s %s" % (self.SETTING, "on" if self.before else "off"))


class Quietly:
    """The user's breakpoints keep still while a command uses its own."""

    def __enter__(self):
        self.enabled = [breakpoint for breakpoint in gdb.breakpoints() if breakpoint.enabled]
        for breakpoint in self.enabled:
            breakpoint.enabled = False

    def __exit__(self, *error):
        for breakpoint in self.enabled:
            if breakpoint.is_valid():
                breakpoint.enabled = True


class Backspin(gdb.Command):
    """Commands for a machine that goes back in time. `monitor help` lists what the machine itself understands.

when                    the position in history, counted in steps since power-on
goto PLACE              go to another one: a step, +N, -N, a time, a bookmark, start, end
bookmark NAME           give this position a name; bookmarks lists them
last EXPRESSION         back to where its value last changed
writes EXPRESSION       list what was written there, and by whom
reverse-line            back to the line before, however much happened in it
info harts              the harts, and where they are
set backspin-prompt on  show the position in the prompt
$_position              the position, in expressions"""

    def __init__(self):
        super().__init__("backspin", gdb.COMMAND_SUPPORT)

    def invoke(self, argument, from_tty):
        print(Backspin.__doc__)


Backspin()
