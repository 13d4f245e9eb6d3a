"""The command `reverse-line`."""

import re

import gdb

from backspin_gdb import session


def real(frame):
    """The frame with a stack of its own: those of inlined functions are parts of it."""
    while frame.type() == gdb.INLINE_FRAME:
        frame = frame.older()
    return frame


def function_block(pc):
    """The innermost function that the instruction belongs to, inlined or not."""
    block = gdb.block_for_pc(pc)
    while block is not None and block.function is None:
        block = block.superblock
    return block


def line_at(pc):
    sal = gdb.find_pc_line(pc)
    return (sal.symtab.fullname(), sal.line) if sal.symtab is not None and sal.line else None


def statements(symtab):
    """Where statements begin in this file, as GDB's own steps by line see it. Only its maintenance command tells them from
    other rows of the line table."""
    name = re.escape(symtab.filename)
    text = gdb.execute("maintenance info line-table " + name, to_string=True)
    addresses, column = set(), None
    for row in text.splitlines():
        if "IS-STMT" in row:
            column = row.index("IS-STMT")
            continue
        found = re.match(r"\d+ +[1-9]\d* +(0x[0-9a-f]+)", row)
        if found and column is not None and row[column:column + 1] == "Y":
            addresses.add(int(found[1], 16))
    return addresses


class Function:
    """Where the lines of the function begin that the program is in."""

    def __init__(self, frame):
        self.frame = real(frame)
        pc = frame.pc()
        block = gdb.block_for_pc(pc)
        own = function_block(pc)
        outer = own
        while block is not None:
            if block.function is not None:
                outer = block
            block = block.superblock
        self.entry = outer.start
        beginnings = set()
        for symtab in {gdb.find_pc_line(pc).symtab, outer.function.symtab}:
            beginnings |= {address for address in statements(symtab) if outer.start <= address < outer.end}
        # What is inlined is stepped over, unless the user is in it.
        if frame.type() != gdb.INLINE_FRAME:
            beginnings = {address for address in beginnings if self.is_in(address, own)}
        self.lines = {address: line_at(address) for address in beginnings}

    @staticmethod
    def is_in(address, own):
        block = function_block(address)
        return block is not None and (block.start, block.end) == (own.start, own.end)

    def of(self, line):
        return {address for address, where in self.lines.items() if where == line}

    def others(self, line):
        """Those of other lines; and the entry, behind which there is another call."""
        return {address for address, where in self.lines.items() if where != line} | {self.entry}


class Stopped(Exception):
    """By something of the user's own: a breakpoint, Ctrl-C. The text says what."""


def name_of(event):
    """How GDB would have said it."""
    if isinstance(event, gdb.SignalEvent):
        return "Program received signal %s." % event.stop_signal
    visible = [breakpoint for breakpoint in event.breakpoints if breakpoint.number > 0]
    return ", ".join("%s %d" % ("Breakpoint" if point.location else "Watchpoint", point.number) for point in visible)


class Run:
    """One run of the machine, to the first of these addresses that is reached in this very call of the function."""

    def __init__(self, addresses, frame):
        self.frame = frame
        self.own = [gdb.Breakpoint("*%#x" % address, internal=True) for address in addresses]
        for breakpoint in self.own:
            breakpoint.silent = True
            breakpoint.thread = gdb.selected_thread().global_num
        self.event = None

    def see(self, event):
        self.event = event

    def go(self, command):
        """False at an end of history. Raises Stopped, unless it stopped there in this very call, too."""
        gdb.events.stop.connect(self.see)
        try:
            while True:
                gdb.execute(command, to_string=True)
                if isinstance(self.event, gdb.SignalEvent):
                    raise Stopped(name_of(self.event))
                hit = {breakpoint.number for breakpoint in getattr(self.event, "breakpoints", [])}
                mine = {breakpoint.number for breakpoint in self.own}
                if not hit:
                    return False
                if hit & mine and real(gdb.newest_frame()) == self.frame:
                    return True
                if hit - mine:
                    raise Stopped(name_of(self.event))
        finally:
            gdb.events.stop.disconnect(self.see)
            for breakpoint in self.own:
                breakpoint.delete()


def to_beginning(function, line):
    """To where the program came to this line, from wherever it is in it; the position of a line before that."""
    if gdb.newest_frame().pc() != function.entry:
        Run(function.others(line), function.frame).go("reverse-continue")
    before = session.where().position
    if gdb.newest_frame().pc() not in function.of(line):
        with session.Quietly():
            Run(function.of(line), function.frame).go("continue")
    return before


def go_back():
    here = session.where().position
    frame = gdb.newest_frame()
    line = line_at(frame.pc())
    if line is None:
        raise gdb.GdbError("there is no line here; reverse-stepi goes back by an instruction")
    function = Function(frame)
    if frame.pc() == function.entry and real(frame) == function.frame:
        # To the call.
        gdb.execute("reverse-stepi", to_string=True)
        caller = gdb.newest_frame()
        line = line_at(caller.pc())
        if line is not None:
            to_beginning(Function(caller), line)
        return
    before = to_beginning(function, line)
    if session.where().position < here:
        return
    session.go_to(before)
    to_beginning(function, line_at(gdb.newest_frame().pc()))


class ReverseLine(gdb.Command):
    """Go back to the beginning of the line before, or of this one from within it: undo a `next`.
Usage: reverse-line [COUNT]

As `reverse-next`, but the machine goes there at once, where GDB takes back one instruction after the other: a loop of a
million rounds in one line is no matter. Functions that the line called are passed over; the user's breakpoints in them
stop it."""

    def __init__(self):
        super().__init__("reverse-line", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        count = int(gdb.parse_and_eval(argument)) if argument.strip() else 1
        for _ in range(count):
            here = session.where().position
            try:
                with session.Silently():
                    go_back()
            except Stopped as stopped:
                print(stopped)
                break
            if session.where().position >= here:
                session.go_to(here)
                print("No more reverse-execution history.")
                break
        session.show_frame()


ReverseLine()
