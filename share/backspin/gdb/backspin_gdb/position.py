"""The convenience variable `$_position`: where in its history the machine is; void where there is none."""

import gdb

from backspin_gdb import session

_strangers = set()  # connections that are to something else than our machine


def refresh(*event):
    """Whoever moves the machine does it through here or through GDB, which tells when it has stopped."""
    position = None
    connection = getattr(gdb.selected_inferior(), "connection", None)
    if session.connected() and connection.num not in _strangers:
        try:
            position = session.where().position
        except gdb.error:
            _strangers.add(connection.num)
    gdb.set_convenience_variable("_position", position)


session.moved.append(refresh)
gdb.events.stop.connect(refresh)
gdb.events.before_prompt.connect(refresh)
