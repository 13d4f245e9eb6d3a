# The demo's session with GDB: backspin debug --batch backwards.py sensors.elf. Each command is echoed as if typed.
# In the environment: DEMO_INTERACTIVE, if somebody goes on from here.
import os

import gdb


def say(text):
    print(f"\n# {text}", flush=True)


def do(command):
    print(f"(gdb) {command}", flush=True)
    gdb.execute(command, from_tty=True)


for setting in ("pagination off", "confirm off", "width 0", "filename-display basename"):
    gdb.execute(f"set {setting}")

say("The machine waits before its first instruction.")
do("when")

say("Run. The firmware reads its commands, goes wrong, and switches the machine off; the session stays.")
do("continue")

say("Where did it die? Behind the trap handler, in report(), which followed a bad pointer.")
do("backtrace")
do("frame function report")
do("print sensor")

say("The bad pointer came from the first sensor: its link to the next one is text. Who wrote that?")
do("print *sensors.first")
do("watch -location sensors.first->next")

say("Run BACKWARDS to the very store that changed the link last.")
do("reverse-continue")

say("Here is the culprit: copy_word() copies a long name for rename_sensor(), which never looked at its length.")
do("backtrace")
do("info locals")

say("Walk backwards: by a line into what was called, by a line over it, and out to the caller.")
do("reverse-step")
do("reverse-next")
do("delete")
do("reverse-finish")
do("print *sensor")

say("Forward again: the machine repeats exactly what it did, to the same crash.")
do("continue")
do("backtrace")

say("All of that in one command: back to the latest change of what an expression is.")
do("last sensors.first->next")

if os.environ.get("DEMO_INTERACTIVE"):
    say("The prompt is yours: reverse-step, reverse-continue, when, goto 100000, backspin ... quit leaves.")
