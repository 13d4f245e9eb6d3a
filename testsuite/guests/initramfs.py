#!/usr/bin/env python3
"""Writes an initramfs around a static busybox: initramfs.py BUSYBOX OUTPUT [--modules FOLDER]

The init mounts the kernel's file systems, keeps the kernel's messages off the console, says that it is there, and runs a
shell that Ctrl-C can interrupt. The archive is the
kernel's "newc" cpio, uncompressed and without a date or an owner of this machine: the same busybox gives the same bytes.

With modules, a folder made by modules.py from MODULES, the init loads the drivers of what the machine has instead, mounts
the disk that disk.py makes, and goes on from there.
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

# The drivers of virtio devices by the device's number, and those of the root file system.
DRIVERS = {"0x0001": ["virtio_net"], "0x0002": ["virtio_blk"], "0x0004": ["virtio_rng"], "0x0012": ["virtio_input", "evdev"],
           "0x0019": ["virtio_snd"]}
TRANSPORT, FILE_SYSTEM = ["virtio_mmio"], ["crc32c_generic", "ext4"]
MODULES = [*TRANSPORT, *(module for modules in DRIVERS.values() for module in modules), *FILE_SYSTEM]

INIT_WITH_MODULES = """#!/bin/sh
export PATH=/bin
mount -t devtmpfs devtmpfs /dev
mount -t sysfs sysfs /sys
load() {{
    for module; do
        [ -e /sys/module/$module ] || insmod /modules/$module.ko || echo "insmod $module failed"
    done
}}
load {transport}
for device in /sys/bus/virtio/devices/*/device; do
    case $(cat $device) in
{cases}
    esac
done
load {file_system}
umount /sys
mount -t ext4 /dev/vda /root && exec switch_root /root /sbin/init
echo 'no root file system on /dev/vda'
exec sh
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


def build_with_modules(busybox, modules):
    archive = Archive()
    for folder in ("bin", "dev", "modules", "root", "sys"):
        archive.folder(folder)
    archive.add("dev/console", stat.S_IFCHR | 0o600, device=CONSOLE)
    archive.file("bin/busybox", busybox)
    for applet in ("[", "cat", "insmod", "mount", "sh", "switch_root", "umount"):
        archive.symlink(f"bin/{applet}", "busybox")
    needed = dict(line.split(": ") for line in (modules / "needed").read_text().splitlines())

    def to_load(wanted):
        return " ".join(needed[name] for name in wanted)

    for path in sorted(modules.glob("*.ko")):
        archive.file(f"modules/{path.name}", path.read_bytes(), 0o644)
    init = INIT_WITH_MODULES.format(
        transport=to_load(TRANSPORT), file_system=to_load(FILE_SYSTEM),
        cases="\n".join(f"        {device}) load {to_load(drivers)} ;;" for device, drivers in DRIVERS.items()))
    archive.file("init", init.encode())
    return archive.finish()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("busybox", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--modules", type=pathlib.Path)
    options = parser.parse_args()
    busybox = options.busybox.read_bytes()
    options.output.write_bytes(build_with_modules(busybox, options.modules) if options.modules else build(busybox))


if __name__ == "__main__":
    main()
