"""What is kept to go back by: --snapshot-memory, --spill, monitor info snapshots, bookmarks."""

import re
import time

from harness import check, equal, lacks, scenario, shows

REPORT = (r"^in memory: [\d]+ snapshots, \d+ pinned, .* of .*$",
          r"^oldest position: 0 of \d+$",
          r"^going back: \d+ steps run again at the median, \d+ at most: [\d.]+ m?s and [\d.]+ m?s$",
          r"^cost: \d+\.\d % of the time that the machine ran$")


def spilled(text):
    return int(re.search(r"^spilled: (\d+) snapshots", text, re.M).group(1))


@scenario
def info_tells_what_there_is(bench):
    gdb = bench.session("watch", "--spill", str(bench.directory))
    gdb("continue")
    text = gdb("monitor info snapshots")
    for line in REPORT:
        shows(text, line)
    shows(text, rf"^spilled: 0 snapshots, 0 bytes of .* in {bench.directory}$")
    gdb("monitor bookmark here")
    shows(gdb("monitor info snapshots"), r"snapshots, 1 pinned")
    shows(gdb("monitor info nothing"), r"info wants one of: .*snapshots")


@scenario
def what_is_spilled_comes_back(bench):
    """So little memory that most of the snapshots go; every place has the state that it had."""
    gdb = bench.session("digest_load_long", "--snapshot-memory", "1M", "--spill", "none")
    places = {}
    gdb("tbreak printf")
    gdb("continue")
    end = gdb.position()
    check(end > 32 << 20, f"it runs for some epochs, but {end}")
    deadline = time.monotonic() + 60
    while spilled(gdb("monitor info snapshots")) == 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    check(spilled(gdb("monitor info snapshots")) > 0, "snapshots were spilled")
    for _ in range(2):
        for n in (7, 2, 5, 1, 6):
            gdb(f"monitor goto {(n << 22) + 3}")
            gdb("maintenance flush register-cache")
            state = (gdb.state(), gdb("x/32xg table"))
            equal(places.setdefault(n, state), state, f"the state in epoch {n}")
    gdb("monitor goto end")
    equal(gdb.position(), end, "the same end")


@scenario
def a_folder_that_takes_no_file(bench):
    code, _, said = bench.run("run", "--gdb", ":0", "--spill", "/nowhere", bench.elf("watch"))
    equal(code, 125, "exit code")
    shows(said, r"^backspin: --spill: a temporary file in /nowhere for snapshots cannot be made: No such file or directory$")
