#!/usr/bin/env python3
"""Writes an initramfs around a static busybox: initramfs.py BUSYBOX OUTPUT

The init mounts the kernel's file systems, keeps the kernel's messages off the console, says that it is there, and runs a
shell that Ctrl-C can interrupt. The archive is the
kernel's "newc" cpio, uncompressed and without a date or an owner of this machine: the same busybox gives the same bytes.
"""

import argparse
import pathlib
import stat

APPLETS = """[ ash awk basename cat chmod clear cmp cp cttyhack cut date dd df dirname dmesg du echo env expr false find free grep
gunzip gzip halt head hexdump hostname id kill ln ls md5sum mkdir mknod more mount mv nproc od poweroff printf ps pwd
reboot rm rmdir sed seq setsid sh sha256sum sleep sort stty sync tail tar tee test time top touch tr true umount uname
uniq uptime vi wc which xargs yes zcat""".split()

READY = "backspin guest: the shell is ready"

INIT = f"""#!/bin/sh
export PATH=/bin HOME=/ PS1='guest# ' TERM=dumb COLUMNS=200 LINES=50
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
echo 1 >/proc/sys/kernel/printk
echo '{READY}'
exec setsid cttyhack sh
"""

CONSOLE = 5 << 8 | 1  # the device numbers of /dev/console


class Archive:
    def __init__(self):
        self.bytes = bytearray()
        self.entries = 0

    def add(self, name, mode, content=b"", device=0, links=1):
        self.entries += 1
        fields = (self.entries, mode, 0, 0, links, 0, len(content), 0, 0, device >> 8, device & 0xff, len(name) + 1, 0)
        self.bytes += b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        self.pad()
        self.bytes += content
        self.pad()

    def pad(self, boundary=4):
        self.bytes += bytes(-len(self.bytes) % boundary)

    def folder(self, name):
        self.add(name, stat.S_IFDIR | 0o755, links=2)

    def file(self, name, content, mode=0o755):
        self.add(name, stat.S_IFREG | mode, content)

    def symlink(self, name, to):
        self.add(name, stat.S_IFLNK | 0o777, to.encode())

    def finish(self):
        self.add("TRAILER!!!", 0)
        self.pad(512)
        return bytes(self.bytes)


def build(busybox, init=INIT):
    archive = Archive()
    for folder in ("bin", "dev", "proc", "sys", "tmp"):
        archive.folder(folder)
    archive.add("dev/console", stat.S_IFCHR | 0o600, device=CONSOLE)
    archive.add("dev/null", stat.S_IFCHR | 0o666, device=1 << 8 | 3)
    archive.file("bin/busybox", busybox)
    for applet in APPLETS:
        archive.symlink(f"bin/{applet}", "busybox")
    archive.file("init", init.encode())
    return archive.finish()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("busybox", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    options = parser.parse_args()
    options.output.write_bytes(build(options.busybox.read_bytes()))


if __name__ == "__main__":
    main()
