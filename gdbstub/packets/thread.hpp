// Packets that name threads: H, T, qThreadExtraInfo, and the thread identifier that others contain.
// GDB manual, "Packets" (thread-id syntax).
#pragma once

#include <optional>
#include <string_view>

#include "gdbstub/text.hpp"
#include "gdbstub/types.hpp"

namespace backspin::gdbstub {

/// A thread identifier as it travels. Nothing in `thread`: any or all of them.
struct ThreadSelector {  //  0 | -1 | TID | pPID | pPID.TID      (numbers in hex; there is one process)
    std::optional<ThreadId> thread;
    bool operator==(const ThreadSelector&) const = default;

    static std::optional<ThreadSelector> parse(Scanner&);
};

enum class ThreadPurpose : char { general = 'g', resume = 'c' };

struct SelectThread {  //  H (g | c) thread-id
    ThreadPurpose purpose{};
    ThreadSelector selector;
    bool operator==(const SelectThread&) const = default;

    static std::optional<SelectThread> parse(std::string_view packet);
};

struct ThreadAlive {  //  T thread-id
    ThreadId thread;
    static std::optional<ThreadAlive> parse(std::string_view packet);
};

struct ThreadExtraInfo {  //  qThreadExtraInfo,thread-id
    ThreadId thread;
    static std::optional<ThreadExtraInfo> parse(std::string_view packet);
};

}  // namespace backspin::gdbstub
