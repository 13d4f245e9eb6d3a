#!/usr/bin/env python3
"""One recording, replayed and verified by every build: across_builds.py BUILD_DIRECTORY...

Each build records the same run; every build replays every recording, which compares its digests.
"""

import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Program, options, and the guest's exit code: long, with every kind of trap, and with console input.
RUNS = [("digest_load", [], 0), ("traps", [], 0), ("sensors", ["--input", ROOT / "scripts/demo.d/sensors.input"], 70)]


def main():
    builds = [pathlib.Path(name).resolve() for name in sys.argv[1:]]
    if not builds:
        sys.exit(__doc__)
    firmware = builds[0] / "testsuite/firmware"
    failed = False
    with tempfile.TemporaryDirectory(prefix="backspin-") as scratch:
        for program, options, code in RUNS:
            for recorder in builds:
                recording = pathlib.Path(scratch) / f"{program}-{recorder.name}.bsp"
                done = subprocess.run([recorder / "cli/backspin", "record", "--console", "none", "-o", recording, *options,
                                       firmware / f"{program}.elf"])
                if done.returncode != code:
                    sys.exit(f"{program}: recorded by {recorder.name}: exit code {done.returncode}, not {code}")
                for player in builds:
                    done = subprocess.run([player / "cli/backspin", "replay", "--console", "none", recording],
                                          capture_output=True, text=True)
                    outcome = "equal digests" if done.returncode == 0 else f"FAILED ({done.returncode}): {done.stderr.strip()}"
                    failed = failed or done.returncode != 0
                    print(f"{program}: recorded by {recorder.name}, replayed by {player.name}: {outcome}")
    sys.exit(1 if failed else 0)


main()
