"""The command `when`."""

import gdb

from backspin_gdb import session


class When(gdb.Command):
    """Say where in its history the machine is, and what its clock shows.
Usage: when

The position counts the steps since power-on: instructions, interrupts, device events and inputs.
`goto POSITION` comes back here."""

    def __init__(self):
        super().__init__("when", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        print(session.where().text)


When()
