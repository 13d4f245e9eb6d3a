"""GDB's own DAP server with our extension, which gives editors their buttons for going back: GDB 14 and later have one."""

import subprocess

from dap import DapClient
from harness import check, equal, line_of, scenario, shows


def version(bench):
    text = subprocess.run([bench.gdb, "--version"], capture_output=True, text=True, check=True).stdout
    return int(shows(text, r"(\d+)\.\d")[1])


def extension(bench):
    code, text, _ = bench.run("dapinit")
    equal(code, 0, "exit code of dapinit")
    return bench.file("backspin-dap.py", text)


def back_and_forth(bench):
    client = DapClient([bench.gdb, "-q", "-nx", "-x", extension(bench), "-i", "dap"], bench.gdb_environment(), bench.directory)
    bench.started.append(client)
    capabilities = client.request("initialize", adapterID="test", linesStartAt1=True, columnsStartAt1=True)
    equal(capabilities.get("supportsStepBack"), True, "what the editor shows its buttons for")
    machine = bench.machine("calls")
    attached = client.send("attach", program=bench.elf("calls"), target=machine.target)
    client.event("initialized")
    client.request("setFunctionBreakpoints", breakpoints=[{"name": "count_down"}, {"name": "apply_all"}])
    client.request("configurationDone")
    client.response(attached)
    client.event("stopped")

    def move(request, reason, function, **arguments):
        client.request(request, threadId=1, **arguments)
        equal(client.event("stopped")["reason"], reason, f"why {request} stopped")
        name, line = client.line()
        equal(name, function, f"function after {request}")
        return line

    move("continue", "breakpoint", "apply_all")
    move("continue", "breakpoint", "count_down")
    move("next", "step", "count_down")
    move("reverseContinue", "breakpoint", "count_down")
    move("reverseContinue", "breakpoint", "apply_all")
    equal(move("stepBack", "step", "main", granularity="instruction"), line_of("calls", "main: apply_all"), "line of the call")
    equal(move("stepBack", "step", "main"), line_of("calls", "main: add_three"), "the line before")
    position = client.request("evaluate", expression="monitor when", context="repl")["result"]
    check(position.startswith("position "), f"what the console says: {position}")


@scenario
def step_back_and_reverse(bench):
    if version(bench) >= 14:
        return back_and_forth(bench)
    # One that has no such server says so, and nothing else happens.
    said = subprocess.run([bench.gdb, "-q", "-nx", "-batch", "-x", extension(bench)], capture_output=True, text=True,
                          env=bench.gdb_environment(), check=False)
    equal(said.stderr.strip(), "backspin: this GDB's DAP server cannot be extended (GDB 14 to 18 are known to be): No module named 'gdb.dap'",
          "what an older GDB says")
