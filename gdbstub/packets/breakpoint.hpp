// Z and z: breakpoints and watchpoints; qTV: a variable that their conditions use. GDB manual, "Packets",
// "Agent Expressions" and "Tracepoint Packets".
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

struct VariablePacket {  //  qTV:number
    VariableNumber number = 0;
    static std::optional<VariablePacket> parse(std::string_view packet);
};

}  // namespace backspin::gdbstub
