"""The command `last`."""

import re

import gdb

from backspin_gdb import session


class Change:
    """What was found: the machine stands before the step that changes the value."""

    def __init__(self, before, after):
        self.before, self.after = before, after


def text_of(value):
    return value.format_string()


def address_of(value):
    try:
        return value.address
    except gdb.error:  # a bit field
        return None


class Hardware:
    """Back to the latest change of what an expression names in memory, by a watchpoint and nothing else."""

    def __init__(self, expression):
        self.breakpoint = gdb.Breakpoint(expression, gdb.BP_WATCHPOINT, gdb.WP_WRITE, True)
        self.breakpoint.silent = True

    def suits(self):
        return self.breakpoint.type == gdb.BP_HARDWARE_WATCHPOINT

    def run(self):
        """Whether there is one. The machine is there then, and anywhere otherwise."""
        gdb.execute("reverse-continue", to_string=True)
        return self.breakpoint.is_valid() and self.breakpoint.hit_count > 0

    def delete(self):
        if self.breakpoint.is_valid():
            self.breakpoint.delete()


def by_address(value):
    """A variable's place stays its place, in whichever function the change is."""
    address = int(value.address) & (2**64 - 1)
    after = text_of(value)
    language = gdb.parameter("language")
    gdb.execute("set language c", to_string=True)
    try:
        watch = Hardware("*(unsigned char (*)[%d]) %#x" % (value.type.sizeof, address))
    finally:
        gdb.execute("set language " + language, to_string=True)
    pointer = value.address
    try:
        return Change(text_of(pointer.dereference()), after) if watch.run() else None
    finally:
        watch.delete()


def by_expression(expression, watch):
    after = text_of(gdb.parse_and_eval(expression))
    return Change(text_of(gdb.parse_and_eval(expression)), after) if watch.run() else None


def by_register(name):
    """The machine knows when a register last became something else."""
    after = text_of(gdb.parse_and_eval("$" + name))
    answer = session.monitor("last-change " + name)
    step = re.match(r" *(\d+) ", answer)
    if not step:
        return None
    session.go_to(step[1])
    return Change(text_of(gdb.parse_and_eval("$" + name)), after)


class Bisection:
    """Halves history until a step is left over which the value changes. A change that was undone later may be passed over."""

    def __init__(self, expression):
        self.expression = expression
        self.frame = gdb.selected_frame()
        self.now = self.value()
        if self.now is None:
            gdb.parse_and_eval(expression)  # says why

    def value(self):
        """Of the function that the user looked at, if it is there; as text, for other things do not outlast a move."""
        try:
            frame = gdb.newest_frame()
            while frame is not None and frame != self.frame:
                frame = frame.older()
            if frame is not None:
                frame.select()
            elif self.frame.is_valid():
                return None
            return text_of(gdb.parse_and_eval(self.expression))
        except gdb.error:
            return None

    def differs(self, position):
        session.go_to(position)
        return self.value() != self.now

    def run(self):
        same, distance = session.where().position, 1
        first = 0
        while True:
            other = max(first, same - distance)
            if other == same:
                return None
            if self.differs(other):
                break
            same, distance = other, distance * 2
        while same - other > 1:
            middle = (same + other) // 2
            if self.differs(middle):
                other = middle
            else:
                same = middle
        session.go_to(other)
        return Change(self.value() or "not there", self.now)


def latest_change(expression):
    value = gdb.parse_and_eval(expression)
    if address_of(value) is not None:
        return by_address(value)
    register = re.fullmatch(r"\$([a-z][a-z0-9]*)", expression)
    if register and register[1] in {r.name for r in gdb.newest_frame().architecture().registers("general")}:
        return by_register(register[1])
    try:
        watch = Hardware(expression)
    except gdb.error:  # a constant, or what calls functions
        watch = None
    try:
        if watch is not None and watch.suits():
            return by_expression(expression, watch)
    finally:
        if watch is not None:
            watch.delete()
    return Bisection(expression).run()


class Last(gdb.Command):
    """Go back to the latest change of an expression: to the instruction that is about to make it.
Usage: last EXPRESSION

What is in memory is found by a watchpoint, the general registers by the machine, and any other expression by halving
the history, which may pass over a change that was undone again. Other breakpoints do not stop it. Once more, and it
is the change before. If there is none, the position stays as it is."""

    def __init__(self):
        super().__init__("last", gdb.COMMAND_RUNNING, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        expression = argument.strip()
        if not expression:
            raise gdb.GdbError("last wants an expression: last EXPRESSION")
        here = session.where().position
        change = None
        with session.Quietly(), session.Silently():
            try:
                change = latest_change(expression)
            finally:
                if change is None and session.connected():
                    session.go_to(here)
        if change is None:
            raise gdb.GdbError("%s has not changed before, in this history" % expression)
        print("%s: %s -> %s, at position %d" % (expression, change.before, change.after, session.where().position))
        session.show_frame()


Last()
