// g, G, p, P: registers, all the general ones or one by number. GDB manual, "Packets"; the thread suffix is
// LLDB's (docs/resources/lldbgdbremote.md, QThreadSuffixSupported).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "gdbstub/types.hpp"

namespace backspin::gdbstub {

struct ReadRegisters {  //  g [;thread:TID;]
    std::optional<ThreadId> thread;
    static std::optional<ReadRegisters> parse(std::string_view packet);
};

struct WriteRegisters {  //  G hex [;thread:TID;]
    std::vector<std::byte> values;
    std::optional<ThreadId> thread;
    static std::optional<WriteRegisters> parse(std::string_view packet);
};

struct ReadRegister {  //  p number [;thread:TID;]
    RegisterNumber number;
    std::optional<ThreadId> thread;
    static std::optional<ReadRegister> parse(std::string_view packet);
};

struct WriteRegister {  //  P number=hex [;thread:TID;]
    RegisterNumber number;
    std::vector<std::byte> value;
    std::optional<ThreadId> thread;
    static std::optional<WriteRegister> parse(std::string_view packet);
};

}  // namespace backspin::gdbstub
