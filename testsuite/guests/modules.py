#!/usr/bin/env python3
"""Unpacks the kernel modules that the guests load, and all that those need: modules.py TREE OUTPUT

TREE is a folder lib/modules/VERSION of a Debian kernel package, where modules are .ko.xz and nothing says yet which needs
which: that is in the modules themselves. OUTPUT gets them uncompressed, and a file `needed`: for each of
them a line with all modules to load, in an order in which insmod takes them. What is built into the kernel needs none.
"""

import argparse
import lzma
import pathlib
import re
import sys

import initramfs


def plain(name):
    """The kernel takes - and _ in a module's name for the same."""
    return name.replace("-", "_")


class Modules:
    def __init__(self, tree):
        self.paths = {plain(path.name.removesuffix(".ko.xz")): path for path in sorted(tree.rglob("*.ko.xz"))}
        self.built_in = {plain(pathlib.PurePath(line).name.removesuffix(".ko"))
                         for line in (tree / "modules.builtin").read_text().split()}
        self.unpacked = {}

    def needed_for(self, name):
        """The module and those that it links to, each behind what it needs itself."""
        name = plain(name)
        if name in self.built_in:
            return []
        if name not in self.paths:
            sys.exit(f"modules: the kernel package has no {name}")
        if name not in self.unpacked:
            self.unpacked[name] = lzma.decompress(self.paths[name].read_bytes())
        before = [each for other in self.links_of(self.unpacked[name]) for each in self.needed_for(other)]
        return list(dict.fromkeys([*before, name]))

    @staticmethod
    def links_of(module):
        """What its .modinfo says. (What it asks the kernel for while it runs, its user must know.)"""
        found = re.search(rb"\0depends=([^\0]*)\0", module)
        return [name for name in found[1].decode().split(",") if name] if found else []


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("tree", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    options = parser.parse_args()
    modules = Modules(options.tree)
    lines = [f"{plain(name)}: {' '.join(modules.needed_for(name))}\n" for name in initramfs.MODULES]
    options.output.mkdir(parents=True, exist_ok=True)
    for name, module in modules.unpacked.items():
        (options.output / f"{name}.ko").write_bytes(module)
    (options.output / "needed").write_text("".join(lines))


if __name__ == "__main__":
    main()
