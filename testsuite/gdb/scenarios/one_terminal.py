"""`backspin debug`: machine and debugger in one terminal, and in none."""

import os
import pty
import shutil
import signal
import subprocess
import time

from harness import PATIENCE, Process, Reader, check, equal, lacks, scenario, shows


class Terminal:
    """A program on a terminal of its own, as a person has one."""

    def __init__(self, bench, *command, environment=None):
        self.process, descriptor = pty.fork()
        if self.process == 0:
            os.chdir(bench.directory)
            os.execve(bench.backspin, ["backspin", *map(str, command)], environment or surroundings(bench))
        self.screen = Reader(descriptor)
        self.code = None

    def type(self, text):
        os.write(self.screen.descriptor, text.encode())

    def wait(self):
        """The exit code."""
        deadline = time.monotonic() + PATIENCE
        while self.code is None:
            self.screen.take(0.1)
            process, status = os.waitpid(self.process, os.WNOHANG)
            if process:
                self.code = os.waitstatus_to_exitcode(status)
            check(time.monotonic() < deadline, f"still running; its terminal shows:\n{self.screen.text}")
        return self.code

    def end(self):
        if self.code is None:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        os.close(self.screen.descriptor)


def surroundings(bench):
    """With a folder for temporary files that shows what was left."""
    temporary = bench.directory / "temporary"
    temporary.mkdir(exist_ok=True)
    return {**bench.gdb_environment(), "TMPDIR": str(temporary), "TERM": "dumb"}


def left(bench):
    return os.listdir(bench.directory / "temporary")


def on_terminal(bench, *words):
    terminal = Terminal(bench, "debug", "--debugger", bench.gdb, *words, "--", "-nx")
    bench.started.append(terminal)
    terminal.screen.until(r"\(gdb\) ")
    return terminal


def in_batch(bench, script, *words, name="batch.gdb"):
    """(exit code, stdout, stderr) of a session by script."""
    path = bench.file(name, script)
    process = Process([bench.backspin, "debug", "--debugger", bench.gdb, "--batch", path, *words], stdin=subprocess.DEVNULL,
                      environment=surroundings(bench), cwd=bench.directory)
    bench.started.append(process)
    code = process.wait()
    equal(left(bench), [], "what was left in the temporary folder")
    return code, process.out.text, process.err.text


@scenario
def an_image(bench):
    terminal = on_terminal(bench, bench.elf("calls"))
    terminal.type("break factorial\n")
    terminal.screen.until(r"Breakpoint 1 at [^$]*\(gdb\) ")
    terminal.type("continue\n")
    terminal.screen.until(r"Breakpoint 1, factorial \(n=n@entry=5\)[^$]*\(gdb\) ")
    terminal.type("when\n")
    terminal.screen.until(r"position 48 of 48[^$]*\(gdb\) ")
    terminal.type("quit\ny\n")
    equal(terminal.wait(), 0, "exit code")
    equal(left(bench), [], "what was left in the temporary folder")


@scenario
def control_c_stops_the_guest(bench):
    """The terminal sends it to both programs; it means the guest, and the machine stays."""
    terminal = on_terminal(bench, bench.elf("ticker"))
    for _ in range(2):
        terminal.type("continue\n")
        terminal.screen.until(r"Continuing\.")
        time.sleep(0.3)
        terminal.type("\x03")
        terminal.screen.until(r"Program received signal SIGINT[^$]*\(gdb\) ")
    terminal.type("\x03")
    terminal.screen.until(r"Quit[^$]*\(gdb\) ")
    terminal.type("reverse-stepi\n")
    terminal.screen.until(r"\(gdb\) ")
    terminal.type("print $_position > 1000\n")
    terminal.screen.until(r"\$\d+ = 1")
    terminal.type("quit\ny\n")
    equal(terminal.wait(), 0, "exit code")


@scenario
def killing_the_guest_leaves_the_debugger(bench):
    """Until it is left, too: its terminal is not taken from it."""
    terminal = on_terminal(bench, bench.elf("calls"))
    terminal.type("set confirm off\nkill\n")
    terminal.screen.until(r"killed\]")
    terminal.type("print 6*7\n")
    terminal.screen.until(r"= 42")
    terminal.type("quit 5\n")
    equal(terminal.wait(), 5, "exit code")


@scenario
def by_script(bench):
    code, out, err = in_batch(bench, "break count_down\ncontinue\nbacktrace\nreverse-continue\nwhen\n", bench.elf("calls"))
    equal(code, 0, f"exit code, with {out}{err}")
    shows(out, r"^Breakpoint 1, count_down")
    shows(out, r"^#1 .* main \(\) at .*calls\.c:48$")
    shows(out, r"^position 0 of \d+,")
    lacks(out + err, r"warning|Listening|Reading symbols from .* remote")


@scenario
def a_script_that_errs(bench):
    code, out, err = in_batch(bench, "break count_down\nprint no_such_variable\nprint 77\n", bench.elf("calls"))
    equal(code, 1, "exit code")
    shows(err, r'No symbol "no_such_variable"')
    lacks(out, "77")
    code, _, _ = in_batch(bench, "if 1\nquit 9\nend\n", bench.elf("calls"))
    equal(code, 9, "exit code that the script gives")


@scenario
def by_a_python_script(bench):
    script = "import gdb\ngdb.execute('tbreak factorial')\ngdb.execute('continue')\nprint('at', int(gdb.convenience_variable('_position')))\n"
    code, out, _ = in_batch(bench, script, bench.elf("calls"), name="ci.py")
    equal(code, 0, "exit code")
    shows(out, r"^at 48$")


@scenario
def a_recording(bench):
    """Its image is in it: the symbols, too, where the file is not."""
    recording = bench.record("watch")
    script = "continue\nlast counter\nlist\nwrites counter -- 88400 88430\n"
    code, out, err = in_batch(bench, script, recording)
    equal(code, 0, f"exit code, with {out}{err}")
    shows(out, r"^counter: 9 -> 10, at position \d+$")
    shows(out, r"main \(\) at .*watch\.c:\d+$")
    shows(out, r"0x9 -> 0xa  watch\.c:\d+$")


@scenario
def replaying_on_a_terminal(bench):
    """It is a session with a debugger; told where output goes, it goes through the recording once."""
    recording = bench.record("watch")
    environment = surroundings(bench)
    tools = bench.directory / "tools"
    tools.mkdir()
    (tools / "gdb-multiarch").symlink_to(shutil.which(bench.gdb))
    terminal = Terminal(bench, "replay", recording, environment={**environment, "PATH": f"{tools}:{environment['PATH']}"})
    bench.started.append(terminal)
    terminal.screen.until(r"\(gdb\) ")
    terminal.type("continue\n")
    terminal.screen.until(r"history[^$]*\(gdb\) ")
    terminal.type("last counter\n")
    terminal.screen.until(r"counter: 9 -> 10, at position \d+[^$]*\(gdb\) ")
    terminal.type("quit\ny\n")
    equal(terminal.wait(), 0, "exit code")
    equal(left(bench), [], "what was left in the temporary folder")
    plain = Terminal(bench, "replay", "--console", "stdio", recording, environment={**environment, "PATH": str(bench.directory)})
    bench.started.append(plain)
    equal(plain.wait(), 0, "exit code of going through it once")
    shows(plain.screen.text, r"all \d+ digests are equal")
    missing = Terminal(bench, "replay", recording, environment={**environment, "PATH": str(bench.directory)})
    bench.started.append(missing)
    equal(missing.wait(), 125, "exit code without a debugger")
    shows(missing.screen.text, r"^backspin: there is no debugger: .* apt install gdb-multiarch\), .*'replay --console stdio' needs none")


@scenario
def what_the_guest_prints(bench):
    """The debugger shows it, line by line; or it goes where the user says."""
    keys = bench.file("keys", 'after "?" send "hello\\n"\nafter "HELLO" send "\\x04"\n')
    code, out, err = in_batch(bench, "continue\nreverse-continue\ncontinue\n", "--input", keys, bench.elf("echo"))
    equal(code, 0, "exit code")
    equal((out + err).count("HELLO"), 2, f"times that the line was shown, once for each time it was printed, in {out}{err}")
    code, out, err = in_batch(bench, "continue\n", "--input", keys, "--console", "file:console", bench.elf("echo"))
    equal(code, 0, "exit code")
    lacks(out + err, "HELLO")
    shows((bench.directory / "console").read_text(), "HELLO")


@scenario
def keeping_the_session(bench):
    code, _, _ = in_batch(bench, "tbreak count_down\ncontinue\nbookmark here\nreverse-continue\n", "--save", "kept.bsp", bench.elf("calls"))
    equal(code, 0, "exit code")
    code, _, err = bench.run("replay", "kept.bsp")
    equal(code, 0, f"exit code of the replay, with {err}")
    code, out, _ = in_batch(bench, "goto here\nbookmarks\n", "kept.bsp")
    equal(code, 0, "exit code")
    shows(out, r"count_down \(n=.*\) at")


@scenario
def a_time_out_ends_both(bench):
    code, _, err = in_batch(bench, "continue\n", "--timeout", "2", bench.elf("ticker"))
    equal(code, 124, "exit code")
    shows(err, "the time-out has passed")


@scenario
def a_signal_ends_both(bench):
    script = bench.file("wait.gdb", "shell touch started\ncontinue\n")
    process = Process([bench.backspin, "debug", "--debugger", bench.gdb, "--batch", script, bench.elf("ticker")],
                      environment=surroundings(bench), cwd=bench.directory)
    bench.started.append(process)
    deadline = time.monotonic() + PATIENCE
    while not (bench.directory / "started").exists():
        check(time.monotonic() < deadline, "the debugger did not start")
        time.sleep(0.05)
    process.popen.send_signal(signal.SIGTERM)
    equal(process.wait(), 123, "exit code")
    equal(left(bench), [], "what was left in the temporary folder")


@scenario
def without_a_debugger(bench):
    """One line that says what to do, before anything is started."""
    empty = bench.directory / "empty"
    empty.mkdir()
    for words, text in (((), r"^backspin: there is no debugger: none of gdb-multiarch, .* apt install gdb-multiarch\), or name"),
                        (("--debugger", "mine"), r"^backspin: --debugger mine: no such program is in the PATH"),
                        (("--debugger", shutil.which(bench.gdb), "--batch", "no.gdb"), r"^backspin: --batch no\.gdb: no such file")):
        process = Process([bench.backspin, "debug", *words, bench.elf("calls")], environment={**surroundings(bench), "PATH": str(empty)},
                          cwd=bench.directory)
        bench.started.append(process)
        equal(process.wait(), 125, "exit code")
        shows(process.err.text, text)
        equal(process.err.text.count("\n"), 1, f"lines of {process.err.text!r}")
    code, _, err = bench.run("debug", "--debugger", bench.gdb, "no-such.elf")
    equal(code, 125, "exit code without an image")
    shows(err, r"no-such\.elf")


@scenario
def symbols_of_another_file(bench):
    """Of a flat image GDB knows nothing by itself."""
    code, _, _ = in_batch(bench, "info symbol main\n", "--symbols", bench.elf("watch"), bench.elf("calls"))
    equal(code, 0, "exit code")
    code, out, _ = in_batch(bench, "break store_unaligned\n", "--symbols", bench.elf("watch"), bench.elf("calls"))
    equal(code, 0, "exit code")
    shows(out, r"watch\.c")
