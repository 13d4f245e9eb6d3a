"""The command `writes`."""

import re

import gdb

from backspin_gdb import session


def range_of(expression):
    """The address and size of what an expression names in memory, as the monitor takes them."""
    value = gdb.parse_and_eval(expression)
    try:
        address = value.address
    except gdb.error:  # a bit field
        address = None
    if address is None:
        raise gdb.GdbError("%s is not in memory; ask for a variable, *pointer or {type} ADDRESS" % expression)
    return int(address) & (2**64 - 1), value.type.sizeof


def with_line(answer):
    """The machine knows symbols, GDB knows lines."""
    pc = re.search(r"  (0x[0-9a-f]+) ", answer)
    sal = gdb.find_pc_line(int(pc[1], 16)) if pc else None
    if sal is None or sal.symtab is None:
        return answer
    return "%s  %s:%d" % (answer, sal.symtab.filename.rsplit("/", 1)[-1], sal.line)


class Writes(gdb.Command):
    """List what was written to a variable: when, by which hart, by which line, the value before and after.
Usage: writes EXPRESSION
       writes EXPRESSION -- FROM [TO]

EXPRESSION names something in memory, as it is here. Writes of devices and inputs are listed, too, and those that
left the value as it was. FROM and TO are places as `goto` takes them. The position stays as it is; `goto` with the
number at the beginning of a line goes to the instruction that is about to write."""

    def __init__(self):
        super().__init__("writes", gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        expression, _, stretch = argument.partition(" -- ")
        if not expression.strip():
            raise gdb.GdbError("writes wants an expression: writes EXPRESSION [-- FROM [TO]]")
        address, size = range_of(expression)
        text = session.monitor("writes %#x:%d %s" % (address, size, stretch.strip()))
        for answer in text.rstrip().splitlines():
            print(with_line(answer))


Writes()
