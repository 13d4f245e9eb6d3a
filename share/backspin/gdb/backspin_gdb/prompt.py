"""The setting `backspin-prompt`."""

import gdb

from backspin_gdb import position


class Prompt(gdb.Parameter):
    """Whether the prompt shows the position in the machine's history."""

    set_doc = "Set whether the prompt shows the position in the machine's history."
    show_doc = "Show whether the prompt shows the position in the machine's history."

    def __init__(self):
        super().__init__("backspin-prompt", gdb.COMMAND_SUPPORT, gdb.PARAM_BOOLEAN)
        self.value = False
        self.before = None

    def get_set_string(self):
        if self.value and gdb.prompt_hook != self.prompt:
            self.before, gdb.prompt_hook = gdb.prompt_hook, self.prompt
        elif not self.value and gdb.prompt_hook == self.prompt:
            gdb.prompt_hook, self.before = self.before, None
            gdb.execute("set prompt " + self.usual)
        return ""

    def get_show_string(self, value):
        return "The prompt shows the position: " + value + "."

    usual = "(gdb) "

    def prompt(self, current):
        position.refresh()
        here = gdb.convenience_variable("_position")
        return "(gdb %d) " % int(here) if here is not None else self.usual


Prompt()
