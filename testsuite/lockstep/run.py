#!/usr/bin/env python3
"""Runs random programs on Backspin's reference and on QEMU, and compares all registers before every attempt.

    testsuite/lockstep/run.py --program BUILD/testsuite/lockstep/lockstep [--seeds 1-20] [--cpu rv64 | --cpu rv32 ...]

testsuite/guests/qemu finds or fetches a QEMU of version 10 or newer. What QEMU is known to do
otherwise is in errata.md. A seed whose program differs is shown with the last attempts; run it alone to see it again.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE = 20  # seconds for a program; it takes less than one

# What Backspin's `rv64` and `rv32` have, in QEMU's words, and nothing else.
EXTENSIONS = ("v=off,h=off,zfa=off,zihintntl=off,zfh=on,zbkb=on,zcb=on,zicond=on,svade=on,svadu=on,svinval=on,svnapot=on,"
              "svpbmt=on,pmu-mask=0xfffffff8")
# Backspin's --cpu: QEMU's -cpu.
CPUS = {
    "rv64": f"rv64,{EXTENSIONS}",
    "rv32": f"rv32,{EXTENSIONS.replace('svnapot=on,', '').replace('svpbmt=on', 'svpbmt=off')}",
}


def qemu_command(qemu, cpu, elf):
    """One instruction a block, and the registers before each, on the standard output."""
    machine = ["-M", "virt,aclint=on", "-m", "128", "-cpu", CPUS[cpu], "-bios", "none", "-kernel", elf]
    quiet = ["-display", "none", "-nic", "none", "-serial", "none", "-monitor", "none"]
    log = ["-accel", "tcg,one-insn-per-tb=on", "-d", "cpu,fpu,nochain", "-D", "/dev/stdout"]
    return [qemu[cpu], *machine, *quiet, *log]


def compare(options, cpu, seed):
    """(what was said, whether there was no difference)"""
    with tempfile.TemporaryDirectory(prefix="lockstep-") as scratch:
        elf = os.path.join(scratch, "program.elf")
        subprocess.run([options.program, "write", str(seed), cpu, elf], check=True)
        qemu = subprocess.Popen(qemu_command(options.qemu, cpu, elf), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
        try:
            done = subprocess.run([options.program, "compare", str(seed), cpu], stdin=qemu.stdout, capture_output=True,
                                  text=True, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            return f"nothing was said for {PATIENCE} s", False
        finally:
            qemu.kill()
            qemu.stdout.close()
            said = qemu.stderr.read().decode(errors="replace")
            qemu.stderr.close()
            qemu.wait()
    text = done.stdout + done.stderr
    if done.returncode == 2:
        text += said
    return text, done.returncode == 0


def totals_of(text):
    found = re.search(r"^(\d+) attempts, (\d+) traps", text, re.M)
    return collections.Counter(attempts=int(found[1]), traps=int(found[2]), circles="in circles" in text,
                               errata="up to erratum" in text)


def seeds_of(text):
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--program", required=True, help="the built lockstep program")
    parser.add_argument("--seeds", type=seeds_of, default=range(1, 21), metavar="FIRST-LAST")
    parser.add_argument("--cpu", choices=CPUS, action="append", help="which hart; may be repeated (default: each)")
    parser.add_argument("--verbose", action="store_true", help="say of each program how far it went")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    cpus = options.cpu or list(CPUS)
    # Each width has a QEMU of its own: the one of 64 bits computes some results of RV32 wrongly.
    options.qemu = {cpu: subprocess.run([HERE.parent / "guests/qemu", cpu.replace("rv", "riscv")], check=True,
                                        stdout=subprocess.PIPE, text=True).stdout.strip() for cpu in cpus}
    todo = [(cpu, seed) for cpu in cpus for seed in options.seeds]
    totals, different = collections.Counter(), []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for (cpu, seed), (text, same) in zip(todo, pool.map(lambda what: compare(options, *what), todo)):
            if options.verbose and same:
                print(f"{cpu} seed {seed}: {text.strip()}", flush=True)
            if same:
                totals += totals_of(text)
            else:
                different.append(f"{cpu} seed {seed}")
                print(f"== {cpu} seed {seed}: DIFFERENT\n{text}", flush=True)
    print(f"{len(todo)} programs, {totals['attempts']} attempts of which {totals['traps']} trapped, "
          f"{totals['circles']} programs ran in circles, {totals['errata']} up to a known erratum of QEMU")
    if different:
        sys.exit(f"lockstep: different: {', '.join(different)}")


main()
