"""Gives GDB's own Debug Adapter Protocol server what an editor needs for its buttons "step back" and "reverse": GDB 14 and later.

    gdb-multiarch -q -x backspin-dap.py -i dap
"""

import gdb


def extend():
    from gdb.dap.events import exec_and_expect_stop
    from gdb.dap.next import _handle_thread_step
    from gdb.dap.server import capability, request

    @capability("supportsStepBack")
    @request("stepBack", response=False)
    def step_back(*, threadId: int, singleThread: bool = False, granularity: str = "statement", **args):
        _handle_thread_step(threadId, singleThread)
        exec_and_expect_stop("reverse-stepi" if granularity == "instruction" else "reverse-next")

    @request("reverseContinue", response=False)
    def reverse_continue(*, threadId: int, singleThread: bool = False, **args):
        _handle_thread_step(threadId, singleThread)
        exec_and_expect_stop("reverse-continue")


try:
    extend()
except ImportError as error:
    gdb.write("backspin: this GDB's DAP server cannot be extended (GDB 14 to 18 are known to be): %s\n" % error, gdb.STDERR)
