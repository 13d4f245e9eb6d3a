"""The commands `bookmark` and `bookmarks`."""

import gdb

from backspin_gdb import session


class Bookmark(gdb.Command):
    """Give this position in the machine's history a name.
Usage: bookmark NAME

`goto NAME` comes back to it, at once: what is needed for that is kept. Without a name, lists the bookmarks."""

    def __init__(self):
        super().__init__("bookmark", gdb.COMMAND_SUPPORT)

    def invoke(self, argument, from_tty):
        print(session.monitor("bookmark " + argument.strip()).strip())


class Bookmarks(gdb.Command):
    """List the bookmarks of the machine's history, and their positions.
Usage: bookmarks"""

    def __init__(self):
        super().__init__("bookmarks", gdb.COMMAND_SUPPORT)

    def invoke(self, argument, from_tty):
        print(session.monitor("bookmark").rstrip())


Bookmark()
Bookmarks()
