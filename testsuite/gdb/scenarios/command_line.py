"""Exit codes, limits, the console, and what a wrong command line or image gets: one clear line on stderr."""

import os
import pty
import re
import signal
import socket
import struct
import termios
import time

from harness import Reader, check, equal, scenario, shows


def refused(bench, code, pattern, *command):
    """The command ends with this code and exactly one line on stderr, which matches."""
    got, out, text = bench.run(*command)
    equal(got, code, f"exit code of {command} ({out}{text})")
    equal(len(text.strip().splitlines()), 1, f"lines on stderr of {command}: {text}")
    shows(text, pattern)


def answer_code(bench, number):
    script = bench.file("typed.input", f'after "code? " send "{number}\\n"\n')
    return bench.run("run", "--input", script, bench.elf("exit_codes"))


@scenario
def the_guests_codes(bench):
    for number in (0, 1, 42, 119):
        code, _, text = answer_code(bench, number)
        equal((code, text), (number, ""), f"the guest's code {number}")
    for number in (120, 124, 255, 65535):
        code, _, text = answer_code(bench, number)
        equal(code, 119, f"the guest's code {number}")
        equal(len(text.strip().splitlines()), 1, f"lines on stderr: {text}")
        shows(text, str(number))


@scenario
def our_own_codes(bench):
    equal(bench.run("run", "--max-steps", "100000", bench.elf("ticker"))[0], 126, "step limit")
    equal(bench.run("run", "--timeout", "1", "--console", "none", bench.elf("ticker"))[0], 124, "time-out")
    code, out, _ = bench.run("run", "--console", "none", bench.elf("sleeper"))
    equal(code, 121, "asleep for good")
    process = bench.start("run", "--console", "none", bench.elf("ticker"))
    time.sleep(1)
    process.interrupt()
    equal(process.wait(), 123, "Ctrl-C")
    process = bench.start("run", "--console", "none", bench.elf("ticker"))
    time.sleep(1)
    process.popen.send_signal(signal.SIGTERM)
    equal(process.wait(), 123, "asked to end")


@scenario
def traps_as_on_other_machines(bench):
    """The same console output as QEMU's virt board gives: 2 times 14 lines, and nothing unexpected."""
    code, out, _ = bench.run("run", bench.elf("traps"))
    equal(code, 0, f"exit code ({out})")
    equal(len(re.findall(r"^[\w ,]+ cause [0-9a-f]+\r?$", out, re.M)), 28, "traps that were taken")
    shows(out, r"^0 went wrong")


@scenario
def idle_time_passes_at_once(bench):
    """Nobody can type: virtual time jumps over the sleep. Half a second each is what the guest sees."""
    code, out, _ = bench.run("run", "--timeout", "60", bench.elf("sleeper"))
    equal((code, out.replace("\r", "")), (121, "slept 500 ms\n" * 3 + "good night\n"), "code and console")


@scenario
def helps(bench):
    for words in (["--help"], ["run", "--help"], ["record", "--help"], ["replay", "--help"], ["info", "--help"]):
        code, out, _ = bench.run(*words)
        equal(code, 0, f"exit code of {words}")
        shows(out, r"(?i)usage")
    code, out, _ = bench.run("--version")
    equal(code, 0, "exit code of --version")
    shows(out, r"backspin \d+\.\d+")
    for option in ("--gdb", "--save", "--ram", "--bios", "--console", "--input", "--max-steps", "--timeout", "--power-off"):
        shows(bench.run("run", "--help")[1], option)


@scenario
def wrong_command_lines(bench):
    program = bench.elf("calls")
    refused(bench, 122, r"verb", "")
    refused(bench, 122, r"fly", "fly", program)
    refused(bench, 122, r"IMAGE", "run")
    refused(bench, 122, r"--ram 0", "run", "--ram", "0", program)
    refused(bench, 122, r"--ram", "run", "--ram", "lots", program)
    refused(bench, 122, r"no-such-option", "run", "--no-such-option", program)
    refused(bench, 122, r"(?i)gdb|port", "run", "--gdb", ":99999", program)
    refused(bench, 122, r"(?i)console", "run", "--console", "teletype", program)
    refused(bench, 122, r"-o", "record", program)
    refused(bench, 122, r"power-off", "run", "--power-off", "maybe", program)
    refused(bench, 122, r"timeout", "run", "--timeout", "0", program)


@scenario
def files_that_are_not_there(bench):
    refused(bench, 125, r"nowhere\.elf", "run", "nowhere.elf")
    refused(bench, 125, r"nowhere\.bsp", "replay", "nowhere.bsp")
    refused(bench, 125, r"nowhere\.bsp", "info", "nowhere.bsp")
    refused(bench, 125, r"nowhere\.input", "run", "--input", "nowhere.input", bench.elf("calls"))
    refused(bench, 125, r"nowhere", "record", "-o", "nowhere/run.bsp", bench.elf("calls"))
    refused(bench, 125, r"not a plain file", "run", bench.directory)


@scenario
def wrong_images(bench):
    good = open(bench.elf("calls"), "rb").read()

    def changed(offset, form, value):
        image = bytearray(good)
        struct.pack_into("<" + form, image, offset, value)
        return bytes(image)

    headers = struct.unpack_from("<Q", good, 32)[0]
    loads = [headers + 56 * index for index in range(struct.unpack_from("<H", good, 56)[0])
             if struct.unpack_from("<I", good, headers + 56 * index)[0] == 1]
    overlapping = bytearray(good)
    overlapping[loads[1] + 24:loads[1] + 32] = good[loads[0] + 24:loads[0] + 32]  # the second one's physical address
    cases = {
        "truncated": (good[:200], r"(?i)ends|truncated|damaged"),
        "header-only": (good[:30], r"(?i)ends|truncated"),
        "other-machine": (changed(18, "H", 62), r"(?i)x86"),
        "big-endian": (changed(5, "B", 2), r"(?i)byte order|endian"),
        "huge": (changed(loads[1] + 40, "Q", 1 << 60), r"(?i)RAM"),
        "overlapping": (bytes(overlapping), r"(?i)overlap"),
        "outside": (changed(loads[0] + 24, "Q", 0x1000), r"(?i)RAM"),
    }
    for name, (content, pattern) in cases.items():
        image = bench.file(f"{name}.elf", content)
        refused(bench, 125, pattern, "run", image)
        refused(bench, 125, name, "run", image)


@scenario
def a_flat_image(bench):
    """The same program without its ELF headers, as objcopy makes it."""
    good = open(bench.elf("exit_codes"), "rb").read()
    headers = struct.unpack_from("<Q", good, 32)[0]
    flat = bytearray()
    for index in range(struct.unpack_from("<H", good, 56)[0]):
        kind, _, offset, _, physical, size = struct.unpack_from("<IIQQQQ", good, headers + 56 * index)
        if kind == 1 and size:
            flat.extend(bytes(physical - 0x80000000 + size - len(flat)))
            flat[physical - 0x80000000:] = good[offset:offset + size]
    image = bench.file("flat.bin", bytes(flat))
    script = bench.file("typed.input", 'after "code? " send "17\\n"\n')
    equal(bench.run("run", "--input", script, image)[0], 17, "the guest's code")


@scenario
def ports_in_use(bench):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(bench, 125, str(port), "run", "--gdb", f":{port}", bench.elf("calls"))
        refused(bench, 125, str(port), "run", "--gdb", f"127.0.0.1:{port}", bench.elf("calls"))


@scenario
def wrong_input_scripts(bench):
    for line in ('after "> " type "x"', 'send "x"', 'after "unfinished', "at noon send \"x\""):
        script = bench.file("wrong.input", f"# a comment\n{line}\n")
        refused(bench, 125, r"wrong\.input.*2", "run", "--input", script, bench.elf("echo"))


@scenario
def input_by_time(bench):
    script = bench.file("typed.input", 'at 5ms send "late"\nat 8ms send "\\x04"\n')
    code, out, _ = bench.run("run", "--input", script, bench.elf("echo"))
    equal((code, out), (0, "?LATE"), "code and console")


@scenario
def console_on_a_pipe(bench):
    process = bench.start("run", bench.elf("echo"))
    process.out.until(r"\?")
    process.send("over a pipe\n")
    process.out.until("OVER A PIPE\n")
    process.send("\x04")
    equal(process.wait(), 0, "exit code")


@scenario
def console_in_a_file(bench):
    script = bench.file("typed.input", 'after "?" send "kept\\x04"\n')
    code, out, _ = bench.run("run", "--console", "file:kept.txt", "--input", script, bench.elf("echo"))
    equal((code, out), (0, ""), "code and stdout")
    equal((bench.directory / "kept.txt").read_text(), "?KEPT", "the file")
    refused(bench, 125, r"kept\.txt.*--force", "run", "--console", "file:kept.txt", bench.elf("calls"))


def announced(process, pattern):
    """What a running `backspin` says of where it can be reached."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        process.out.take(0.05)
        process.err.take(0.05)
        found = re.search(pattern, process.out.text + process.err.text)
        if found:
            return found[1]
    return shows(process.out.text + process.err.text, pattern)[1]


@scenario
def console_over_tcp(bench):
    process = bench.start("run", "--console", "tcp:0", bench.elf("echo"))
    port = int(announced(process, r"(?i)console.*?port (\d+)"))
    with socket.create_connection(("127.0.0.1", port), timeout=60) as wire:
        reader = Reader(wire.fileno())
        wire.sendall(b"net")
        reader.until("NET")
        wire.sendall(b"\x04")
        equal(process.wait(), 0, "exit code")


@scenario
def console_on_a_pseudo_terminal(bench):
    process = bench.start("run", "--console", "pty", bench.elf("echo"))
    terminal = os.open(announced(process, r"Console on (/dev/\S+)"), os.O_RDWR | os.O_NOCTTY)
    try:
        reader = Reader(terminal)
        os.write(terminal, b"window")
        reader.until("WINDOW")
        os.write(terminal, b"\x04")
        equal(process.wait(), 0, "exit code")
    finally:
        os.close(terminal)


@scenario
def leaving_a_terminal(bench):
    """Ctrl-A x leaves as in QEMU, and the terminal is as it was before."""
    master, terminal = pty.openpty()
    before = termios.tcgetattr(terminal)
    try:
        process = bench.start("run", bench.elf("echo"), stdin=terminal)
        process.out.until(r"\?")
        check(termios.tcgetattr(terminal)[3] != before[3], "the terminal was not switched to raw")
        os.write(master, b"tty")
        process.out.until("TTY")
        os.write(master, b"\x01x")
        equal(process.wait(), 123, "exit code")
        equal(termios.tcgetattr(terminal), before, "settings of the terminal")
        process = bench.start("run", bench.elf("echo"), stdin=terminal)
        process.out.until(r"\?")
        process.popen.send_signal(signal.SIGTERM)
        equal(process.wait(), 123, "exit code")
        equal(termios.tcgetattr(terminal), before, "settings of the terminal after a signal")
    finally:
        os.close(master)
        os.close(terminal)
