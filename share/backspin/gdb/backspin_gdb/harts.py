"""The command `info harts`."""

import gdb

_MODES = {0: "U", 1: "S", 3: "M"}


def mode_here():
    try:
        number = int(gdb.parse_and_eval("$priv"))
    except (gdb.error, TypeError):
        return "?"
    return _MODES.get(number, str(number))


def place_here():
    frame = gdb.newest_frame()
    sal = frame.find_sal()
    name = frame.name() or "??"
    if sal.symtab is None:
        return name
    return "%s at %s:%d" % (name, sal.symtab.filename.rsplit("/", 1)[-1], sal.line)


class InfoHarts(gdb.Command):
    """List the machine's harts: privilege mode, program counter, place in the program, and what the machine says of each.
Usage: info harts

A * stands at the one that is selected; `thread N` selects another, N being the hart's number and one."""

    def __init__(self):
        super().__init__("info harts", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        selected = gdb.selected_thread()
        if selected is None:
            raise gdb.GdbError("there is no machine: connect to one with 'target remote', or start 'backspin debug'")
        frame = gdb.selected_frame()
        print("  hart   mode  pc                  where")
        try:
            for thread in sorted(gdb.selected_inferior().threads(), key=lambda thread: thread.num):
                thread.switch()
                print("%s %-6s %-5s %#-18x  %s%s" % ("*" if thread.num == selected.num else " ", thread.name or thread.num,
                                                    mode_here(), gdb.newest_frame().pc(), place_here(),
                                                    "  (%s)" % thread.details if thread.details else ""))
        finally:
            selected.switch()
            frame.select()


InfoHarts()
