# Run inside gdb: defines `visit-states COUNT`. It steps COUNT instructions forward and as many back, one by one, and says
# at which of them the registers, the position, or a sample of memory differ.
import re

import gdb


class VisitStates(gdb.Command):
    def __init__(self):
        super().__init__("visit-states", gdb.COMMAND_USER)

    def state(self, number):
        registers = gdb.execute("info registers", to_string=True)
        when = re.search(r"\d+", gdb.execute("monitor when", to_string=True))[0]
        memory = b""
        if number % 10 == 0:
            frame = gdb.selected_frame()
            stack = int(frame.read_register("sp"))
            table = int(gdb.parse_and_eval("&table"))
            process = gdb.selected_inferior()
            memory = bytes(process.read_memory(stack - 256, 512)) + bytes(process.read_memory(table, 32768))
        return registers, when, memory

    def invoke(self, argument, from_terminal):
        count = int(argument)
        seen = [self.state(0)]
        for number in range(1, count + 1):
            gdb.execute("stepi", to_string=True)
            seen.append(self.state(number))
        wrong = []
        for number in range(count - 1, -1, -1):
            gdb.execute("reverse-stepi", to_string=True)
            if self.state(number) != seen[number]:
                wrong.append(number)
        print(f"visited {len(set(state[:2] for state in seen))} states, {len(wrong)} differ {wrong[:5]}")
        print(f"pcs in the handler: {sum('trap_entry' in state[0] or 'handle_trap' in state[0] for state in seen)}")


VisitStates()
