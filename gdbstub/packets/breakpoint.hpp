// Z and z: breakpoints and watchpoints. GDB manual, "Packets" and "Agent Expressions".
#pragma once

#include <optional>
#include <string_view>

#include "gdbstub/target.hpp"

namespace backspin::gdbstub {

struct BreakpointPacket {
    //  Z type,addr,kind [;Xlen,bytes [Xlen,bytes]...] [;cmds:persist,Xlen,bytes [Xlen,bytes]...]
    //  \_____________/    \_________ conditions ____/   \___________ commands ________________/
    //  z type,addr,kind
    bool insert = true;
    Breakpoint breakpoint;
    BreakpointTasks tasks;

    static std::optional<BreakpointPacket> parse(std::string_view packet);
};

}  // namespace backspin::gdbstub
