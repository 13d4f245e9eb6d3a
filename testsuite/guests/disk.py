#!/usr/bin/env python3
"""Writes the guests' disk, an ext4 file system with a small Debian: disk.py BUSYBOX USERLAND SOUND OUTPUT

USERLAND is a folder with unpacked Debian packages (a C library and perl-base), SOUND the program made from sound.c. No root
is needed. The image names no date, owner or random number of this machine: the same files give the same bytes.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import initramfs

MEBIBYTES = 48
LABEL = "backspin"
UUID = "6261636b-7370-696e-0000-000000000001"
HASH_SEED = "6261636b-7370-696e-0000-000000000002"
DATE = 1767225600  # 2026-01-01

APPLETS = initramfs.APPLETS + """blockdev hwclock httpd ifconfig insmod ip lsmod losetup nc route switch_root udhcpc wget xxd
""".split()

# Debian's own places: /bin, /sbin and /lib lead into /usr.
FOLDERS = ("dev", "etc", "mnt", "proc", "root", "run", "sys", "tmp", "usr/bin", "usr/sbin", "usr/lib", "usr/share/udhcpc")
LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib"}

INIT = f"""#!/bin/sh
export PATH=/bin:/sbin HOME=/root PS1='guest# ' TERM=dumb COLUMNS=200 LINES=50
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
cd /root
echo 1 >/proc/sys/kernel/printk
echo '{initramfs.READY}'
exec setsid cttyhack sh
"""

# What udhcpc runs when it has an address.
NETWORK = """#!/bin/sh
[ "$1" = bound ] || exit 0
ip address add "$ip/$mask" dev "$interface"
ip route add default via "$router"
"""


def lay_out(tree, busybox, userland, sound):
    shutil.copytree(userland, tree, symlinks=True, dirs_exist_ok=True)
    for folder in FOLDERS:
        (tree / folder).mkdir(parents=True, exist_ok=True)
    for link, to in LINKS.items():
        (tree / link).symlink_to(to)

    def program(name, content):
        (tree / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        (tree / name).chmod(0o755)

    program("usr/bin/busybox", busybox.read_bytes())
    program("usr/bin/sound", sound.read_bytes())
    program("usr/sbin/init", INIT)
    program("usr/share/udhcpc/default.script", NETWORK)
    for applet in APPLETS:
        (tree / "usr/bin" / applet).symlink_to("busybox")


def tool(name):
    """These are where a user's path need not lead."""
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))) or name


def run(*command):
    """What it says on stderr. The date is all that the tools would take from this machine's clock."""
    environment = {**os.environ, "E2FSPROGS_FAKE_TIME": str(DATE), "SOURCE_DATE_EPOCH": str(DATE), "LC_ALL": "C"}
    said = subprocess.run([tool(command[0]), *command[1:]], env=environment, capture_output=True, text=True)
    if said.returncode != 0:
        sys.exit(f"disk: {command[0]} failed:\n{said.stdout}{said.stderr}")
    return said.stderr


def make_file_system(tree, image):
    image.write_bytes(b"")
    os.truncate(image, MEBIBYTES << 20)
    run("mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-m", "0", "-L", LABEL, "-U", UUID, "-E",
        f"hash_seed={HASH_SEED},root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0", "-d", tree, image)


def forget_this_machine(tree, image, script):
    """mke2fs takes owners and times from the files that it copied."""
    lines = []
    for path in ["/", "/lost+found", *(f"/{path.relative_to(tree)}" for path in sorted(tree.rglob("*")))]:
        for field in ("uid", "gid", "atime_extra", "mtime_extra", "ctime_extra", "crtime_extra"):
            lines.append(f'set_inode_field "{path}" {field} 0\n')
        for field in ("atime", "mtime", "ctime", "crtime"):
            lines.append(f'set_inode_field "{path}" {field} @{DATE}\n')
    script.write_text("".join(lines))
    mistakes = run("debugfs", "-w", "-f", script, image).splitlines()[1:]  # the first line is its version
    if mistakes:
        sys.exit(f"disk: debugfs: {mistakes[0]}")
    run("e2fsck", "-f", "-n", image)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    for name in ("busybox", "userland", "sound", "output"):
        parser.add_argument(name, type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="backspin-") as scratch:
        scratch = pathlib.Path(scratch)
        tree, image = scratch / "tree", scratch / "image"
        lay_out(tree, options.busybox, options.userland, options.sound)
        make_file_system(tree, image)
        forget_this_machine(tree, image, scratch / "script")
        subprocess.run(["cp", "--sparse=always", image, options.output], check=True)


if __name__ == "__main__":
    main()
