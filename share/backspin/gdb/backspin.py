"""Adds Backspin's commands to GDB: (gdb) source .../share/backspin/gdb/backspin.py; then `help backspin` lists them."""

import importlib
import os
import sys

folder = os.path.dirname(os.path.abspath(__file__))
if folder not in sys.path:
    sys.path.insert(0, folder)
for name in sorted(os.listdir(os.path.join(folder, "backspin_gdb"))):
    if name.endswith(".py"):
        importlib.import_module("backspin_gdb." + name[:-3])
