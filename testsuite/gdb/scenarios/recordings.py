"""record, replay, info: a run kept in a file, repeated, checked and debugged."""

import json
import os
import time

from harness import check, equal, lacks, line_of, scenario, shows

HISTORY_ENDS = r"No more reverse-execution history|Reached end of recorded history"


def typed(bench, *lines):
    """An input script that types these lines, each after the prompt."""
    return bench.file("typed.input", "".join(f'after "> " send "{line}\\n"\n' for line in lines))


@scenario
def record_and_replay(bench):
    script = typed(bench, "add roof", "read roof 7", "wait 20", "report", "off")
    path = bench.directory / "run.bsp"
    code, recorded, _ = bench.run("record", "-o", path, "--input", script, bench.elf("sensors"))
    equal(code, 0, "exit code of the recorded run")
    shows(recorded.replace("\r", ""), r"^1 sensors, 1 readings, mean 7$")
    code, replayed, complaints = bench.run("replay", path)
    equal((code, replayed), (0, recorded), "exit code and console of the replay")
    lacks(complaints, r"(?i)diverge|differ")


@scenario
def saving_a_live_run(bench):
    """`run --save` under a debugger, writes and all, replays to the same places."""
    path = bench.directory / "live.bsp"
    machine = bench.machine("calls", "--save", str(path), "--power-off", "exit")
    gdb = bench.debugger("calls")
    gdb.attach(machine)
    gdb("break add_three")
    gdb("continue")
    gdb("set variable $a0 = 38")
    gdb("finish")
    gdb("reverse-continue")
    gdb("delete")
    shows(gdb("continue"), HISTORY_ENDS)
    there, state = gdb.position(), gdb.state()
    gdb("continue")
    equal(machine.wait(), 0, "exit code of the live run")
    code, _, complaints = bench.run("replay", path)
    equal(code, 0, f"exit code of the replay ({complaints})")
    again = bench.debugger("calls")
    again.attach(bench.replay(path))
    again(f"monitor goto {there}")
    again("maintenance flush register-cache")
    equal(again.state(), state, "registers at the same position of the replay")


@scenario
def debugging_a_recording(bench):
    """A recording never goes live; both ends answer; breakpoints and watchpoints work both ways; it stays unchanged."""
    path = bench.record("watch")
    content = path.read_bytes()
    gdb = bench.debugger("watch")
    gdb.attach(bench.replay(path))
    shows(gdb("continue"), HISTORY_ENDS)
    end = gdb.position()
    gdb("watch -location watched.whole")
    shows(gdb("reverse-continue"), r"^Old value = 0\nNew value = 7378697629483820646$")
    equal(gdb.line()[1], line_of("watch", "store: last"), "the last store")
    gdb("delete")
    shows(gdb("set variable watched.whole = 1"), r"(?i)cannot|could not|refused|past|failed")
    shows(gdb("continue"), HISTORY_ENDS)
    equal(gdb.position(), end, "the recording's end")
    shows(gdb("continue"), HISTORY_ENDS)
    gdb("monitor goto 0")
    shows(gdb("reverse-stepi"), HISTORY_ENDS)
    check(path.read_bytes() == content, "debugging changed the recording")


@scenario
def info_for_people_and_programs(bench):
    path = bench.record("digest_load")
    code, text, _ = bench.run("info", path)
    equal(code, 0, "exit code of info")
    shows(text, r"digest_load\.elf")
    shows(text, r"(?i)powered off|power-off")
    code, text, _ = bench.run("info", "--json", path)
    equal(code, 0, "exit code of info --json")
    check(isinstance(json.loads(text), dict), "an object")
    shows(text, r"digest_load\.elf")


@scenario
def from_a_folder_that_cannot_be_written(bench):
    path = bench.record("calls")
    os.chmod(path, 0o444)
    os.chmod(bench.directory, 0o555)
    try:
        before = sorted(os.listdir(bench.directory))
        equal(bench.run("replay", path)[0], 0, "exit code of the replay")
        equal(bench.run("info", path)[0], 0, "exit code of info")
        equal(sorted(os.listdir(bench.directory)), before, "files beside the recording")
    finally:
        os.chmod(bench.directory, 0o755)


@scenario
def without_the_image(bench):
    """A recording stands alone: the program need not be there any more."""
    image = bench.file("moved.elf", open(bench.elf("exit_codes"), "rb").read())
    script = bench.file("typed.input", 'after "code? " send "23\\n"\n')
    path = bench.directory / "run.bsp"
    equal(bench.run("record", "-o", path, "--input", script, image)[0], 23, "the guest's code")
    image.unlink()
    code, out, text = bench.run("replay", path)
    equal(code, 0, "exit code of a replay that did what was recorded")
    shows(out, r"^code\? 23")
    shows(bench.run("info", path)[1], r"\b23\b")


@scenario
def nothing_is_overwritten(bench):
    path = bench.file("precious", "not a recording")
    code, _, text = bench.run("record", "-o", path, "--console", "none", bench.elf("calls"))
    equal(code, 125, "exit code")
    shows(text, r"precious.*--force")
    equal(path.read_text(), "not a recording", "the file that was there")
    equal(bench.run("record", "--force", "-o", path, "--console", "none", bench.elf("calls"))[0], 0, "with --force")
    equal(bench.run("replay", path)[0], 0, "replay of what replaced it")


@scenario
def a_killed_recorder(bench):
    """What was committed by then is a usable recording; repair makes it one plain file."""
    path = bench.directory / "killed.bsp"
    process = bench.start("record", "-o", path, "--console", "stdio", bench.elf("echo"))
    process.out.until(r"\?")
    process.send("abc")
    process.out.until("ABC")
    time.sleep(2.5)  # a batch is committed at least once a second
    process.popen.kill()
    process.popen.wait()
    code, text, complaints = bench.run("info", path)
    equal(code, 0, f"exit code of info ({complaints})")
    shows(text + complaints, r"(?i)repair|killed|no end|did not end")
    equal(bench.run("repair", path)[0], 0, "exit code of repair")
    equal([name for name in os.listdir(bench.directory) if name.startswith("killed.bsp")], ["killed.bsp"], "files left")
    gdb = bench.debugger("echo")
    gdb.attach(bench.replay(path))
    shows(gdb("continue"), HISTORY_ENDS)


@scenario
def damaged_recordings(bench):
    """Each is refused with one line that says what is wrong with which file."""
    path = bench.record("digest_load")
    content = path.read_bytes()
    newer = bytearray(content)
    newer[60:64] = (999).to_bytes(4, "big")  # SQLite keeps user_version there
    altered = bytearray(content)
    altered[content.index(b"\x28\xb5\x2f\xfd") + 100] ^= 0xFF  # within the image, which zstd compressed
    cases = {
        "truncated": content[:len(content) // 2],
        "cut short": content[:50],
        "empty": b"",
        "newer": bytes(newer),
        "altered": bytes(altered),
        "garbage": bytes(range(256)) * 100,
        "a program": open(bench.elf("calls"), "rb").read(),
    }
    for name, bytes_in_it in cases.items():
        file = bench.file(name.replace(" ", "-"), bytes_in_it)
        for verb in ("replay", "info"):
            code, out, text = bench.run(verb, file)
            equal(code, 125, f"exit code of {verb} for a recording that is {name} ({out}{text})")
            equal(len(text.strip().splitlines()), 1, f"lines on stderr for {name}: {text}")
            shows(text, file.name)
        check(file.read_bytes() == bytes_in_it, f"{verb} changed the file that is {name}")
    shows(bench.run("replay", bench.directory / "newer")[2], r"(?i)newer|version")
    shows(bench.run("replay", bench.directory / "garbage")[2], r"not a Backspin recording")
