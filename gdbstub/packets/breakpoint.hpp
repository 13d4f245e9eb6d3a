// Z and z: breakpoints and watchpoints. GDB manual, "Packets" and "Agent Expressions".
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "gdbstub/target.hpp"

namespace backspin::gdbstub {

/// An agent expression, not looked into.
using Bytecode = std::vector<std::byte>;

struct BreakpointPacket {
    //  Z type,addr,kind [;Xlen,bytes [Xlen,bytes]...] [;cmds:persist,Xlen,bytes [Xlen,bytes]...]
    //  \_____________/    \_________ conditions ____/   \___________ commands ________________/
    //  z type,addr,kind
    bool insert = true;
    Breakpoint breakpoint;
    std::vector<Bytecode> conditions;  ///< at least one must hold; none: always
    std::vector<Bytecode> commands;

    static std::optional<BreakpointPacket> parse(std::string_view packet);
};

}  // namespace backspin::gdbstub
