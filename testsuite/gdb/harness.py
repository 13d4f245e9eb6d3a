"""Drives the real programs as a person does: `backspin` in one place, `gdb-multiarch` in another, and what they print.

A scenario is a function marked @scenario that gets a Bench. It fails by raising; everything it started is ended.
"""

import argparse
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
FIRMWARE_SOURCES = HERE.parent / "firmware"
PATIENCE = 100  # seconds until something that should have happened counts as never happening; ctest allows more

scenarios = {}


def scenario(function):
    """Registers a scenario: its name is its module's and its own, as in watch.every_kind_of_store."""
    module = function.__module__.rsplit(".", 1)[-1]
    scenarios[f"{module}.{function.__name__}"] = function
    return function


class Failure(AssertionError):
    """What a person would have seen is not what they should see."""


def check(condition, message):
    if not condition:
        raise Failure(message)


def equal(got, wanted, what):
    check(got == wanted, f"{what}: got {got!r}, wanted {wanted!r}")


def shows(text, pattern):
    """The text matches the regular expression somewhere; returns the match."""
    found = re.search(pattern, text, re.M)
    check(found, f"nothing matches {pattern!r} in:\n{text}")
    return found


def lacks(text, pattern):
    found = re.search(pattern, text, re.M)
    check(not found, f"{found and found[0]!r} should not be in:\n{text}")


def line_of(program, comment, sources=FIRMWARE_SOURCES):
    """The number of the line of PROGRAM.c, in testsuite/firmware or another folder, that ends with this comment."""
    lines = (sources / f"{program}.c").read_text().splitlines()
    numbers = [number for number, line in enumerate(lines, 1) if line.endswith(f"// {comment}")]
    equal(len(numbers), 1, f"lines of {program}.c marked '{comment}'")
    return numbers[0]


class Reader:
    """Collects what a pipe or terminal delivers, and waits for something in it."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.text = ""
        self.closed = False
        os.set_blocking(descriptor, False)

    def take(self, seconds):
        """Waits at most so long for more. False if nothing came."""
        if self.closed:
            return False
        if not select.select([self.descriptor], [], [], max(0, seconds))[0]:
            return False
        try:
            block = os.read(self.descriptor, 65536)
        except BlockingIOError:
            return False
        except OSError:  # a pseudo-terminal whose other side is gone
            block = b""
        if not block:
            self.closed = True
            return False
        self.text += block.decode(errors="replace")
        return True

    def until(self, pattern, seconds=PATIENCE):
        """Takes the text up to and including the first match of the pattern out of what was collected."""
        deadline = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.text, re.M)
            if found:
                taken, self.text = self.text[:found.end()], self.text[found.end():]
                return taken
            check(not self.closed, f"ended without {pattern!r}:\n{self.text}")
            check(time.monotonic() < deadline, f"no {pattern!r} within {seconds} s in:\n{self.text}")
            self.take(deadline - time.monotonic())


class Process:
    """A started program with its three streams."""

    def __init__(self, command, stdin=subprocess.PIPE, environment=None, cwd=None):
        self.popen = subprocess.Popen([str(word) for word in command], stdin=stdin, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, env=environment, cwd=cwd)
        self.out = Reader(self.popen.stdout.fileno())
        self.err = Reader(self.popen.stderr.fileno())

    def send(self, text):
        self.popen.stdin.write(text.encode())
        self.popen.stdin.flush()

    def interrupt(self):
        self.popen.send_signal(signal.SIGINT)

    def running(self):
        return self.popen.poll() is None

    def wait(self, seconds=PATIENCE):
        """Waits for its end, reading all it says; returns the exit code."""
        deadline = time.monotonic() + seconds
        while not (self.out.closed and self.err.closed):
            check(time.monotonic() < deadline, f"still running after {seconds} s; said:\n{self.out.text}{self.err.text}")
            waiting = [reader for reader in (self.out, self.err) if not reader.closed]
            for ready in select.select([reader.descriptor for reader in waiting], [], [], 0.2)[0]:
                next(reader for reader in waiting if reader.descriptor == ready).take(0)
        return self.popen.wait(max(0.1, deadline - time.monotonic()))

    def end(self):
        if self.running():
            self.popen.kill()
        self.popen.wait()
        for stream in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            if stream:
                try:
                    stream.close()
                except OSError:
                    pass


class Machine(Process):
    """A `backspin` that listens for a debugger."""

    def __init__(self, bench, command, where=":0"):
        super().__init__([bench.backspin, *command], cwd=bench.directory)
        if where == ":0":
            self.target = ":" + shows(self.out_or_err(r"^Listening on port (\d+)"), r"(\d+)")[1]
        else:
            self.target = where.removeprefix("unix:")
            self.out_or_err(r"^Listening on")

    def out_or_err(self, pattern):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for reader in (self.out, self.err):
                found = re.search(pattern, reader.text, re.M)
                if found:
                    return found[0]
            check(not (self.out.closed and self.err.closed), f"ended early:\n{self.out.text}{self.err.text}")
            self.out.take(0.02)
            self.err.take(0.02)
        raise Failure(f"no {pattern!r} in:\n{self.out.text}{self.err.text}")


class Gdb(Process):
    """gdb-multiarch with its commands one by one: what is returned is what a person would have read."""

    PROMPT = "@@gdb waits@@"

    def __init__(self, bench, program=None, quietly=True):
        symbols = [bench.elf(program)] if program else []
        super().__init__([bench.gdb, "-q", "-nx", *symbols], cwd=bench.directory, environment=bench.gdb_environment())
        self.send(f"set prompt {self.PROMPT}\n")
        self.answer()
        if quietly:
            for setting in ("pagination off", "confirm off", "width 0", "height 0", "filename-display basename"):
                self(f"set {setting}")

    def answer(self, seconds=PATIENCE):
        text = self.out.until(re.escape(self.PROMPT), seconds)
        while self.err.take(0.0):
            pass
        said, self.err.text = self.err.text, ""
        return text[:text.rindex(self.PROMPT)] + said

    def begin(self, command):
        """Types a command without waiting for its end."""
        self.send(command + "\n")

    def __call__(self, command, seconds=PATIENCE):
        self.begin(command)
        return self.answer(seconds)

    def attach(self, machine):
        text = self(f"target remote {machine.target}")
        lacks(text, r"timed out|refused|Remote.*error|[Cc]annot")
        return text

    def value(self, expression):
        """What `print` shows of an expression, without the `$1 = `."""
        return shows(self(f"print {expression}"), r"^\$\d+ = (.*)$")[1]

    def number(self, expression):
        return int(shows(self(f"print/d {expression}"), r"^\$\d+ = (-?\d+)$")[1])

    def line(self):
        """The source line that the user is at: (function, number)."""
        frame = shows(self("frame"), r"^#\d+ +(?:0x[0-9a-f]+ in )?(\S+) \(.*\) at \S+?:(\d+)")
        return frame[1], int(frame[2])

    def position(self):
        """The position of the machine: steps since power-on."""
        return int(shows(self("monitor when"), r"(\d[\d,']*)")[1].replace(",", "").replace("'", ""))

    def state(self):
        """All that a user can see of the hart: the registers, as one text."""
        return self("info registers")


class Lldb(Process):
    """lldb with its commands one by one; each waits until the program has stopped."""

    MARK = "@@lldb waits@@"

    def __init__(self, bench, program=None):
        symbols = [bench.elf(program)] if program else []
        super().__init__([bench.lldb, "--no-lldbinit", "--no-use-colors", *symbols], cwd=bench.directory,
                         environment=bench.gdb_environment())
        # The console is read beside the commands; what comes in pieces would be taken for their answers.
        self("script lldb.debugger.SetAsync(False)")
        self("settings set stop-line-count-before 0")
        self("settings set stop-line-count-after 0")

    def begin(self, command):
        """Types a command without waiting for its end."""
        self.send(f'{command}\nscript print("{self.MARK[:5]}" + "{self.MARK[5:]}")\n')

    def answer(self, seconds=PATIENCE):
        text = self.out.until(re.escape(self.MARK) + r"\n", seconds)
        while self.err.take(0.0):
            pass
        said, self.err.text = self.err.text, ""
        lines = text.splitlines()[1:-2]  # between the two commands as they were typed
        return "\n".join(lines) + "\n" + said

    def __call__(self, command, seconds=PATIENCE):
        self.begin(command)
        return self.answer(seconds)

    def attach(self, machine):
        text = self(f"gdb-remote 127.0.0.1{machine.target}")
        shows(text, r"^Process 1 stopped")
        lacks(text, r"error:")
        return text

    def run_for(self, seconds, command):
        """Lets the program run by this command, then interrupts it; what is said of the stop."""
        self("script lldb.debugger.SetAsync(True)")
        self(command)
        time.sleep(seconds)
        self.begin("process interrupt")
        text = self.out.until(r"^\* thread #\d+.*stop reason = .*\n")
        if self.MARK not in text:  # the stop may be told before the command is done, or after
            self.answer()
        self("script lldb.debugger.SetAsync(False)")
        return text

    def number(self, expression):
        """Of a global or local variable or a register."""
        if expression.startswith("$"):
            return int(shows(self(f"register read {expression[1:]}"), rf"^ *{expression[1:]} = (0x[0-9a-f]+)")[1], 16)
        return int(shows(self(f"expression -f d -- {expression}"), r"\) \$\d+ = (-?\d+)")[1])

    def line(self):
        """The source line that the user is at: (function, number)."""
        frame = shows(self("frame info"), r"^frame #\d+: 0x[0-9a-f]+ \S+?`(\w+)(?:\(.*\))?(?: \+ \d+)? at \S+?:(\d+)")
        return frame[1], int(frame[2])

    def hart(self):
        """The index of the selected thread's hart."""
        return int(shows(self("thread info"), r"name = 'hart(\d+)'")[1])

    def position(self):
        """The position of the machine: steps since power-on."""
        return int(shows(self("process plugin packet monitor when"), r"(\d[\d,']*)")[1].replace(",", "").replace("'", ""))


class MachineInterface(Process):
    """gdb-multiarch as development environments drive it."""

    def __init__(self, bench, program):
        super().__init__([bench.gdb, "-q", "-nx", "--interpreter=mi2", bench.elf(program)], cwd=bench.directory,
                         environment=bench.gdb_environment())
        self.out.until(r"^\(gdb\) *$")

    def __call__(self, command, expected):
        """Sends a command and waits for the record that it should lead to."""
        self.send(command + "\n")
        return self.out.until(expected + r".*\n")


class Bench:
    """Where a scenario works: the programs under test, a directory of its own, and what it started."""

    def __init__(self, backspin, firmware, gdb, lldb="lldb"):
        self.backspin, self.firmware, self.gdb, self.lldb = map(str, (backspin, firmware, gdb, lldb))
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="backspin-"))
        self.started = []

    def close(self):
        for process in self.started:
            process.end()
        shutil.rmtree(self.directory, ignore_errors=True)

    def gdb_environment(self):
        return {**os.environ, "HOME": str(self.directory), "LC_ALL": "C", "DEBUGINFOD_URLS": ""}

    def elf(self, program):
        return os.path.join(self.firmware, f"{program}.elf")

    def file(self, name, content):
        path = self.directory / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def keep(self, process):
        self.started.append(process)
        return process

    def start(self, *command, stdin=subprocess.PIPE):
        """A `backspin` with these words, running on."""
        return self.keep(Process([self.backspin, *command], stdin=stdin, cwd=self.directory))

    def start_other(self, command):
        """A program that is not ours, running on."""
        return self.keep(Process(command, cwd=self.directory))

    def run(self, *command, stdin=subprocess.DEVNULL):
        """A `backspin` from start to end: (exit code, stdout, stderr)."""
        process = self.start(*command, stdin=stdin)
        code = process.wait()
        return code, process.out.text, process.err.text

    def machine(self, program, *options, where=":0", console="none"):
        """A live machine that waits for a debugger before its first instruction."""
        return self.keep(Machine(self, ["run", "--gdb", where, "--console", console, *options, self.elf(program)], where))

    def replay(self, recording, *options):
        return self.keep(Machine(self, ["replay", "--gdb", ":0", "--console", "none", *options, recording]))

    def debugger(self, program=None):
        return self.keep(Gdb(self, program))

    def lldb_session(self, program, *options):
        """A live machine and an lldb attached to it."""
        return self.lldb_to(self.machine(program, *options), program)

    def lldb_to(self, machine, program=None):
        lldb = self.keep(Lldb(self, program))
        lldb.attach(machine)
        return lldb

    def machine_interface(self, program):
        return self.keep(MachineInterface(self, program))

    def session(self, program, *options, **more):
        """A live machine and a gdb attached to it."""
        machine = self.machine(program, *options, **more)
        gdb = self.debugger(program)
        gdb.attach(machine)
        return gdb

    def record(self, program, *options, name="run.bsp"):
        """A recording of the whole program; its path. The program must end by itself."""
        path = self.directory / name
        code, out, err = self.run("record", "-o", path, "--console", "none", *options, self.elf(program))
        check(path.exists(), f"no recording was made: exit code {code}\n{out}{err}")
        return path


def run(chosen, make_bench):
    """Runs scenarios by name, each on a bench of its own, and says how each went. The exit code: 1 if one failed."""
    failed = 0
    for name, function in chosen.items():
        bench = make_bench()
        try:
            function(bench)
            print(f"{name}: ok", flush=True)
        except Exception:  # whatever goes wrong is this scenario's failure, and the next one runs
            failed += 1
            print(f"{name}: FAILED\n{traceback.format_exc()}", flush=True)
        finally:
            bench.close()
    return 1 if failed else 0


def main(description, program="backspin", folder="firmware", clients=None, modules=True, bench=Bench):
    """What a run.py is for, by its command line: lists the scenarios or runs some of them. Its exit code.

    `program`, `folder`: the options that say what to test. `clients`: further ones, with their defaults; all are given to `bench` in
    this order. `modules`: scenarios are called by their module, too, which alone means all of it.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--list", action="store_true")
    needed, clients = [program, folder], clients or {"gdb": "gdb-multiarch"}
    for option in needed:
        parser.add_argument(f"--{option}", type=lambda path: pathlib.Path(path).resolve())
    for option, usual in clients.items():
        parser.add_argument(f"--{option}", default=usual)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    known = {name if modules else name.split(".")[1]: function for name, function in scenarios.items()}
    if options.list:
        print("\n".join(known))
        return 0
    values = vars(options)
    if not all(values[option] for option in needed):
        parser.error(f"--{program} and --{folder} say what to test")
    means = {name: {name, name.split(".")[0]} for name in known}
    unknown = [name for name in options.names if not any(name in meant for meant in means.values())]
    if unknown:
        parser.error(f"no scenario is called {' '.join(unknown)}; see --list")
    wanted = {name: known[name] for name, meant in means.items() if not options.names or meant & set(options.names)}
    return run(wanted, lambda: bench(*(values[option] for option in [*needed, *clients])))
