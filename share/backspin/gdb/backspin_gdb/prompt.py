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
        self.usual = None
        self.hook = None

    def get_set_string(self):
        if self.value and self.usual is None:
            self.usual = gdb.parameter("prompt")
            self.hook, gdb.prompt_hook = gdb.prompt_hook, self.prompt
        return ""

    def get_show_string(self, value):
        return "The prompt shows the position: " + value + "."

    def prompt(self, current):
        """What it gives stays GDB's prompt: so the usual one is given once more at the end."""
        if not self.value:
            usual, self.usual = self.usual, None
            gdb.prompt_hook = self.hook
            return usual
        position.refresh()
        here = gdb.convenience_variable("_position")
        return "(gdb %d) " % int(here) if here is not None else self.usual


Prompt()
