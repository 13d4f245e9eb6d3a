"""Semihosting: a stock picolibc program prints, reads files below one folder, reads what is typed, and exits."""

import os

from harness import check, equal, lacks, line_of, scenario, shows

YEAR = "this year: 2025\n"


def share(bench, **files):
    """A folder with these files; its path."""
    folder = bench.directory / "shared"
    (folder / "inner").mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_text(content)
    return folder


def prints_reads_and_exits(bench, program):
    folder = share(bench, first="one\ntwo\n", second="three\n")
    (folder / "inner" / "deep").write_text("four\n")
    script = bench.file("keys", 'after "this year" send "typed q"\n')
    wanted = ("first: one\nfirst: two\nsecond: three\ninner/deep: four\nmissing: No such file or directory\n"
              + YEAR + "typed done\n")
    recording = bench.directory / "run.bsp"
    code, out, err = bench.run("record", "-o", recording, "--share", folder, "--input", script, "--arguments",
                               "first second inner/deep missing", bench.elf(program))
    equal((code, out, err), (1, wanted, ""), "the run")

    for name in ("first", "second"):  # what is recorded does not depend on what has become of it
        (folder / name).unlink()
    code, out, err = bench.run("replay", recording)
    equal((code, out), (0, wanted), "the replay")
    shows(err, r"all \d+ digests are equal")


@scenario
def prints_reads_and_exits_rv64(bench):
    prints_reads_and_exits(bench, "hosted")


@scenario
def prints_reads_and_exits_rv32(bench):
    prints_reads_and_exits(bench, "hosted32")


@scenario
def nothing_leads_out_of_the_folder(bench):
    folder = share(bench)
    secret = bench.file("secret", "do not tell\n")
    os.symlink("../secret", folder / "link")
    os.symlink("..", folder / "up")
    ways = ["../secret", "inner/../../secret", str(secret), "link", "up/secret", "/etc/passwd", "//secret"]
    code, out, _ = bench.run("run", "--share", folder, "--arguments", " ".join(ways), bench.elf("hosted"))
    equal(code, len(ways), "files that could not be opened")
    lacks(out, "do not tell|root:")
    equal(out.count("Permission denied"), len(ways) - 1, "refusals")
    shows(out, r"^up/secret: Not a directory$")


@scenario
def without_a_folder_there_are_no_files(bench):
    bench.file("here", "do not tell\n")
    code, out, _ = bench.run("run", "--semihosting", "--arguments", "here", bench.elf("hosted"))
    equal((code, out), (1, "here: Permission denied\n" + YEAR + "done\n"), "the run")


@scenario
def without_the_option_a_call_is_a_breakpoint(bench):
    code, out, _ = bench.run("run", "--max-steps", "100000", bench.elf("hosted"))
    equal((code, out), (126, ""), "the run")


@scenario
def reads_what_a_pipe_brings(bench):
    process = bench.start("run", "--semihosting", bench.elf("hosted"))
    process.out.until("this year")
    process.send("hello\n")
    process.out.until("hello\n")
    process.send("world\nq")
    equal(process.wait(), 1, "exit code: the program's name is no file here")
    shows(process.out.text, r"^world\ndone$")


@scenario
def back_over_a_read(bench):
    """A read is made once: who goes back before it and on again sees the same, whatever the file is by then."""
    folder = share(bench, data="what it was\n")
    gdb = bench.session("hosted", "--share", folder, "--arguments", "data")
    gdb(f"break {line_of('hosted', 'open')}")
    gdb("continue")
    before = gdb.position()
    gdb("next")
    equal(gdb.line()[1], line_of("hosted", "open") + 1, "the line behind fopen")
    check(gdb.number("file != 0") == 1, "the file is open")
    gdb(f"break {line_of('hosted', 'read')}")
    gdb("continue")
    equal(gdb.number("line[0]"), 0, "the buffer before")
    gdb("next")
    equal(gdb.line()[1], line_of("hosted", "have read"), "the line behind fgets")
    shows(gdb.value("line"), r'^"what it was\\n"')
    after = gdb.position()

    (folder / "data").write_text("what it is\n")
    # picolibc saves registers by shared routines, which keep gdb's reverse-next from finding where a call began.
    gdb("reverse-continue")
    equal(gdb.line()[1], line_of("hosted", "read"), "the line of fgets")
    equal(gdb.number("line[0]"), 0, "the buffer before")
    gdb("next")
    equal(gdb.position(), after, "the position behind fgets")
    shows(gdb.value("line"), r'^"what it was\\n"')
    gdb("reverse-continue")
    gdb("reverse-continue")
    equal(gdb.position(), before, "the position at fopen")
    gdb("delete")
    gdb("continue")
    equal(gdb.position(), after, "the frontier, from where the machine is live again")
    gdb("continue")
    shows(gdb("x/i $pc - 4"), r"ebreak$")
