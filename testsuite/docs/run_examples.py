#!/usr/bin/env python3
"""Runs the examples of the documentation: run_examples.py --program PROGRAM... --firmware DIRECTORY... FILE.md...

Every fenced block marked `sh` is run by bash, stopping at the first failing command, in an empty directory that holds the
compiled firmware, with the programs in the PATH; the blocks of one file share the directory, in order. A following block
marked `text` is what the block must have printed: each of its lines must appear, in order; `...` stands for anything.
"""

import argparse
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

PATIENCE = 100  # seconds for one example
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.M | re.S)


def line_pattern(line):
    return ".*".join(re.escape(part) for part in line.strip().split("..."))


def missing_line(expected, printed):
    """The first expected line that does not follow the ones before it; None if all are there."""
    lines = iter(printed.replace("\r", "").splitlines())
    for wanted in filter(str.strip, expected.splitlines()):
        if wanted.strip() == "...":
            continue
        if not any(re.fullmatch(line_pattern(wanted), line.strip()) for line in lines):
            return wanted
    return None


def run_script(script, directory, environment):
    """(exit code, all output). Whatever the script leaves running is ended."""
    with open(pathlib.Path(directory) / ".output", "w+", encoding="utf-8", errors="replace") as output:
        shell = subprocess.Popen(["bash", "-euo", "pipefail", "-c", script], cwd=directory, env=environment,
                                 stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            code = shell.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            code = f"a time-out after {PATIENCE} s"
        try:
            os.killpg(shell.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        shell.wait()
        output.seek(0)
        return code, output.read()


def run_file(path, environment, firmware):
    """Runs one document's examples; returns how many there were. Ends the program when one fails."""
    blocks = FENCE.findall(path.read_text())
    count = 0
    with tempfile.TemporaryDirectory(prefix="backspin-docs-") as directory:
        for image in (image for folder in firmware for image in pathlib.Path(folder).resolve().glob("*.*")):
            if image.suffix in {".elf", ".bin"}:
                os.symlink(image, pathlib.Path(directory) / image.name)
        for index, (kind, script) in enumerate(blocks):
            if kind != "sh":
                continue
            count += 1
            code, printed = run_script(script, directory, environment)
            if code:
                sys.exit(f"{path.name}: this example failed with {code}:\n{script}\nIt printed:\n{printed}")
            if index + 1 < len(blocks) and blocks[index + 1][0] == "text":
                missing = missing_line(blocks[index + 1][1], printed)
                if missing is not None:
                    sys.exit(f"{path.name}: this example does not print '{missing}':\n{script}\nIt printed:\n{printed}")
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, action="append")
    parser.add_argument("--firmware", required=True, action="append")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    folders = [str(pathlib.Path(program).resolve().parent) for program in options.program]
    environment = {**os.environ, "PATH": ":".join([*folders, os.environ["PATH"]]), "LC_ALL": "C", "DEBUGINFOD_URLS": ""}
    total = 0
    for name in options.files:
        count = run_file(pathlib.Path(name), environment, options.firmware)
        print(f"{name}: {count} examples ran")
        total += count
    if not total:
        sys.exit("no examples were found: nothing was checked")


main()
