#!/usr/bin/env python3
"""The code in the documentation is the code in the sources: excerpts.py ROOT

A fenced block marked `cpp FILE` must stand in that file, line by line but for the indentation; a line `...` skips some.
"""

import pathlib
import re
import sys

EXCERPT = re.compile(r"^```cpp (\S+)\n(.*?)^```$", re.M | re.S)


def stripped(text):
    return [line.strip() for line in text.splitlines()]


def find(lines, piece, start):
    """Where the piece ends in the lines, from `start` on; None if it is not there."""
    for at in range(start, len(lines) - len(piece) + 1):
        if lines[at:at + len(piece)] == piece:
            return at + len(piece)
    return None


def stands_in(lines, excerpt):
    at = 0
    for piece in "\n".join(stripped(excerpt)).split("\n...\n"):
        at = find(lines, piece.strip("\n").split("\n"), at)
        if at is None:
            return False
    return True


def main():
    root = pathlib.Path(sys.argv[1])
    count = 0
    for path in sorted(root.glob("docs/*.md")):
        for name, excerpt in EXCERPT.findall(path.read_text()):
            count += 1
            if not stands_in(stripped((root / name).read_text()), excerpt):
                sys.exit(f"{path.name}: this is not in {name} any more:\n{excerpt}")
    print(f"{count} excerpts are as in their files")
    if not count:
        sys.exit("no excerpts were found: nothing was checked")


main()
