"""Writes by a debugger: made at the frontier, as part of the run; refused in the past."""

from harness import equal, lacks, line_of, scenario, shows

REFUSED = r"(?i)cannot|could not|refused|past|failed"


@scenario
def a_variable_at_the_frontier(bench):
    gdb = bench.session("watch")
    gdb(f"break {line_of('watch', 'load: double')}")
    gdb("continue")
    before = gdb.position()
    gdb("set variable watched.whole = 0x1234")
    equal(gdb.position(), before + 1, "a write is one step")
    equal(gdb.number("watched.whole"), 0x1234, "what was written")
    gdb("next")
    equal(gdb.number("seen"), 0x1234, "what the program then read")
    gdb(f"monitor goto {before}")
    gdb("maintenance flush register-cache")
    equal(gdb.number("watched.whole"), 0x6666666666666666, "the variable before the write")
    gdb(f"monitor goto {before + 1}")
    gdb("maintenance flush register-cache")
    equal(gdb.number("watched.whole"), 0x1234, "the variable right after it")
    gdb("delete")
    gdb("tbreak power_off")
    shows(gdb("continue"), r"No more reverse-execution history|Reached end of recorded history")
    shows(gdb("continue"), r"^Temporary breakpoint \d+, power_off")
    equal(gdb.number("seen"), 0, "the program went on with what was written")


@scenario
def a_register_at_the_frontier(bench):
    gdb = bench.session("calls")
    gdb("break add_three")
    gdb("continue")
    gdb("set variable $a0 = 1000")
    text = gdb("finish")
    shows(text, r"^Value returned is \$\d+ = 1003$")
    gdb("reverse-continue")
    equal(gdb.number("$a0"), 1000, "the register after the write")
    gdb("reverse-stepi")
    equal(gdb.number("$a0"), 4, "the register before the write")


@scenario
def system_registers_at_the_frontier(bench):
    """CSRs take what their fields can hold; supervisor registers and the privilege are there as well."""
    gdb = bench.session("calls")
    start = gdb.position()
    for number, (register, value, shown) in enumerate([("mscratch", "0x123456789", "0x123456789"),
                                                       ("satp", "0x8000000000080100", "0x8000000000080100"),
                                                       ("sepc", "0x80000001", "0x80000000"),
                                                       ("mtvec", "0x80000102", "0x80000100"),
                                                       ("priv", "1", "0x1")], 1):
        gdb(f"set variable ${register} = {value}")
        equal(gdb.position(), start + number, f"{register}: a write is one step")
        gdb("maintenance flush register-cache")
        equal(gdb.value(f"/x ${register}"), shown, register)
    shows(gdb("print *(int *) 0x80000000"), r"Cannot access memory")  # S mode, with page tables that are not there
    gdb("reverse-continue")
    for register in ("mscratch", "satp", "sepc"):
        equal(gdb.number(f"${register}"), 0, f"{register} before the writes")
    equal(gdb.number("$priv"), 3, "the privilege before the writes")


@scenario
def refused_in_the_past(bench):
    gdb = bench.session("calls")
    gdb("break add_three")
    gdb("continue")
    end = gdb.position()
    result = gdb.number("result")
    gdb("reverse-stepi")
    shows(gdb("set variable result = 99"), REFUSED)
    equal(gdb.number("result"), result, "the variable")
    a0 = gdb.number("$a0")
    shows(gdb("set variable $a0 = 99"), REFUSED)
    gdb("maintenance flush register-cache")
    equal(gdb.number("$a0"), a0, "the register")
    gdb("stepi")
    equal(gdb.position(), end, "position at the frontier")
    lacks(gdb("set variable result = 99"), REFUSED)
    equal(gdb.number("result"), 99, "the variable, at the frontier")


@scenario
def loading_a_program(bench):
    """`load` puts another program into the machine, which then runs; and it can be undone."""
    gdb = bench.session("echo")
    gdb("file " + bench.elf("calls"))
    text = gdb("load")
    shows(text, r"^Loading section \.text")
    shows(text, r"^Start address 0x0*80000000")
    lacks(text, REFUSED)
    gdb("break add_three")
    shows(gdb("continue"), r"^Breakpoint 1, add_three")
    gdb("delete")
    shows(gdb("reverse-continue"), r"No more reverse-execution history|Reached end of recorded history")
    gdb("file " + bench.elf("echo"))
    lacks(gdb("compare-sections .text"), r"MIS-MATCHED")


@scenario
def outside_of_memory(bench):
    gdb = bench.session("calls")
    shows(gdb("print *(int*)0x18000000"), r"Cannot access memory")
    shows(gdb("set variable *(int*)0x18000000 = 1"), r"Cannot access memory")
    equal(gdb.position(), 0, "position")


@scenario
def calling_a_function(bench):
    gdb = bench.session("calls")
    gdb("break count_down")
    gdb("continue")
    equal(gdb.number("add_three(39)"), 42, "the result of a call by hand")
    gdb("delete")
    shows(gdb("continue"), r"No more reverse-execution history|Reached end of recorded history")
    shows(gdb("backtrace"), r"^#0 +power_off")
