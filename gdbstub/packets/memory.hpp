// m, x, M, X, qSearch:memory, qCRC: reading, writing and scanning memory. GDB manual, "Packets", "General
// Query Packets".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gdbstub/types.hpp"

namespace backspin::gdbstub {

struct MemoryRange {  //  addr,length
    Address at;
    std::uint64_t length = 0;
    bool operator==(const MemoryRange&) const = default;
};

struct ReadMemory {  //  m addr,length      the reply in hex
                     //  x addr,length      the reply in binary
    MemoryRange range;
    bool binary = false;
    static std::optional<ReadMemory> parse(std::string_view packet);
};

struct WriteMemory {  //  M addr,length:hex
                      //  X addr,length:binary      length 0 asks whether X is known
    Address at;
    std::vector<std::byte> bytes;
    static std::optional<WriteMemory> parse(std::string_view packet);
};

struct SearchMemory {  //  qSearch:memory:addr;length;pattern      the pattern in binary
    MemoryRange range;
    std::string pattern;
    static std::optional<SearchMemory> parse(std::string_view packet);
};

struct ChecksumMemory {  //  qCRC:addr,length
    MemoryRange range;
    static std::optional<ChecksumMemory> parse(std::string_view packet);
};

}  // namespace backspin::gdbstub
