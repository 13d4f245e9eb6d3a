"""The emulators that run the guests, and a guest's console as somebody types at it.

Scenarios say what machine they want and what should be read; which emulator it is, is a matter of the command line.
"""

import contextlib
import dataclasses
import pathlib
import re
import subprocess

from harness import Process, check, equal, lacks

GUESTS = pathlib.Path(__file__).resolve().parents[2] / "build" / "guests"
PATIENCE = 300  # seconds until a guest that has not come so far counts as hanging; sanitizer builds are slow

# Linux on RISC-V finds its console in the device tree only when it is named as Linux names it.
LINUX_CONSOLE = "console=ttyS0"


def fetched(name):
    return str(GUESTS / name)


@dataclasses.dataclass(frozen=True)
class Devices:
    """What the machine has beyond its console. Paths are of files and sockets on the host."""
    drive: str = ""
    forwards: dict | None = None  # a network card, and ports of the host's loopback by the guest's ports they lead to
    socket: str = ""  # where the second console listens
    entropy: bool = False  # the host's
    played: str = ""  # WAV files
    captured: str = ""
    script: str = ""  # what is done at the keyboard and the pointer
    clock: bool = False  # the host's


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A machine, in the words that QEMU and Backspin share."""
    bios: str
    kernel: str = ""
    initrd: str = ""
    append: str = ""
    harts: int = 1
    megabytes: int = 256
    devices: Devices = Devices()

    def images(self):
        words = ["-bios", fetched(self.bios)]
        for option, value in (("-kernel", self.kernel), ("-initrd", self.initrd)):
            words += [option, fetched(value)] if value else []
        return words + (["-append", self.append] if self.append else [])


def linux(harts, append=LINUX_CONSOLE):
    return Wanted("fw_dynamic.bin", "Image", "initramfs.cpio", append, harts)


def linux_with(devices, harts=1, append=LINUX_CONSOLE):
    """From the disk, with these devices."""
    return Wanted("fw_dynamic.bin", "Image", "devices.cpio", append, harts, devices=devices)


class Qemu:
    """QEMU, to see that a scenario is right before Backspin can run it, and to compare speeds."""

    def __init__(self, program, icount=False):
        self.program, self.icount = program, icount

    def command(self, wanted, recording=None):
        counted = ["-icount", "shift=0"] if self.icount else []
        return [self.program, "-M", "virt", "-m", str(wanted.megabytes), "-smp", str(wanted.harts), "-display", "none",
                "-nic", "none", "-monitor", "none", "-serial", "stdio", *counted, *wanted.images(),
                *self.device_words(wanted.devices)]

    def device_words(self, devices):
        words = ["-global", "virtio-mmio.force-legacy=false"]
        if devices.drive:
            words += ["-drive", f"file={devices.drive},format=raw,if=none,id=disk,snapshot=on"]
            words += ["-device", "virtio-blk-device,drive=disk"]
        if devices.forwards is not None:
            forwards = "".join(f",hostfwd=tcp:127.0.0.1:{host}-:{guest}" for guest, host in devices.forwards.items())
            words += ["-netdev", "user,id=net" + forwards, "-device", "virtio-net-device,netdev=net"]
        if devices.socket:
            words += ["-device", "virtio-serial-device", "-chardev", f"socket,id=port,path={devices.socket},server=on,wait=off",
                      "-device", "virtconsole,chardev=port"]
        if devices.entropy:
            words += ["-device", "virtio-rng-device"]
        if devices.script:
            words += ["-device", "virtio-keyboard-device", "-device", "virtio-tablet-device"]
        return words

    def check_recording(self, *_, **__):
        """QEMU has nothing to compare."""


class Backspin:
    def __init__(self, program, options=()):
        self.program, self.options = program, options

    def command(self, wanted, recording=None):
        saved = ["--save", str(recording)] if recording else []
        return [self.program, *self.words(wanted), "--console", "stdio", *saved]

    def words(self, wanted):
        """The command line's part that says which machine it is."""
        images = [f"-{word}" if word in ("-bios", "-kernel", "-initrd", "-append") else word for word in wanted.images()]
        return ["run", "--ram", f"{wanted.megabytes}M", "--harts", str(wanted.harts), *self.options, *images,
                *self.device_words(wanted.devices)]

    def device_words(self, devices):
        words = []
        if devices.drive:
            words += ["--drive", f"file={devices.drive}"]
        if devices.forwards is not None:
            forwards = "".join(f",hostfwd=tcp:127.0.0.1:{host}-:{guest}" for guest, host in devices.forwards.items())
            words += ["--net", "user" + forwards]
        if devices.socket:
            words += ["--virtio-console", f"unix:{devices.socket}"]
        if devices.entropy:
            words += ["--rng", "host"]
        if devices.played:
            words += ["--sound", f"out={devices.played},in={devices.captured}"]
        if devices.script:
            words += ["--keyboard", "--pointer", "--input", devices.script]
        return words + (["--rtc", "host"] if devices.clock else [])

    def check_recording(self, bench, recording, console, prefix=(), environment=None):
        """The recording repeats what was seen, to equal digests: `replay` compares them, and says 0 when all are equal."""
        process = bench.keep(Process([*prefix, self.program, "replay", "--console", "stdio", recording],
                                     stdin=subprocess.DEVNULL, cwd=recording.parent, environment=environment))
        code = process.wait(PATIENCE)
        equal((code, process.out.text), (0, console), f"exit code and console of the replay ({process.err.text})")


class Console:
    """A guest's console: what it prints, and somebody who types."""

    # busybox asks a terminal where its cursor is whenever nothing waits to be read: a matter of the typist's speed.
    CURSOR_QUESTION = "\x1b[6n"

    def __init__(self, process):
        self.process = process
        self.seen = ""

    def until(self, pattern):
        """Waits for a match of the pattern, and returns what was printed up to its end."""
        taken = self.process.out.until(pattern, PATIENCE)
        self.seen += taken
        return self.plain(taken)

    def plain(self, text):
        return text.replace(self.CURSOR_QUESTION, "").replace("\r", "")

    def type(self, text):
        self.process.send(text)

    def answer(self, command, prompt):
        """Types a command at the prompt; returns what it prints up to the next prompt, without its echo."""
        self.type(command + "\n")
        return self.rest_of_answer(command, prompt)

    def rest_of_answer(self, command, prompt):
        """What the command, typed already, prints up to the next prompt, without its echo."""
        text = self.until(rf"^(\x1b\[6n)?{re.escape(prompt)}")
        return text[:text.rindex(prompt)].removeprefix(command + "\n")

    def end(self):
        """Waits for the machine's end; returns the exit code and the last words."""
        code = self.process.wait(PATIENCE)
        rest = self.process.out.text
        self.seen += rest
        return code, self.plain(rest)


class Shell:
    """The shell of the initramfs, or that of the disk, which the machine has booted to."""

    PROMPT = "guest# "

    def __init__(self, console):
        self.console = console
        self.boot = console.until(rf"^{self.PROMPT}")
        lacks(self.boot, r"Oops|Call Trace|BUG:|WARNING:")

    def __call__(self, command):
        return self.console.answer(command, self.PROMPT)

    @contextlib.contextmanager
    def running(self, command):
        """The command runs in the foreground meanwhile, and must end by itself.

        In the background, its end would signal the shell while the next command is typed; busybox then may lose one
        character of the echo.
        """
        self.console.type(command + "\n")
        yield
        self.console.rest_of_answer(command, self.PROMPT)

    def power_off(self):
        self.console.type("poweroff -f\n")
        code, said = self.console.end()
        check("reboot: Power down" in said, f"no clean power-off:\n{said}")
        equal(code, 0, "exit code of the emulator")
