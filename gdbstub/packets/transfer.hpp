// qXfer: documents read piece by piece. GDB manual, "General Query Packets", qXfer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace backspin::gdbstub {

struct TransferRead {  //  qXfer:object:read:annex:offset,length
    std::string object;
    std::string annex;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    static std::optional<TransferRead> parse(std::string_view packet);
};

}  // namespace backspin::gdbstub
