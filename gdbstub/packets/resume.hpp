// vCont, and the packets from before it: c, C, s, S. GDB manual, "Packets", "vCont packet".
// (bs, bc, R and vRun carry nothing that would have to be read.)
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "gdbstub/packets/thread.hpp"
#include "gdbstub/types.hpp"

namespace backspin::gdbstub {

enum class ActionKind : std::uint8_t { go_on, step, range_step, stop };

struct ResumeAction {  //  (c | C signal | s | S signal | t | r start,end) [:thread-id]
    ActionKind kind{};
    Address start, end;       ///< of a range step
    ThreadSelector selector;  ///< nothing in it: every thread that no earlier action names
    bool operator==(const ResumeAction&) const = default;
};

struct ResumeActions {                  //  vCont;action[;action]...
    std::vector<ResumeAction> actions;  ///< for each thread the first that fits it counts
    static std::optional<ResumeActions> parse(std::string_view packet);
};

struct LegacyResume {  //  c [addr]      C signal [;addr]
                       //  s [addr]      S signal [;addr]
    bool step = false;
    std::optional<Address> at;  ///< set the program counter first
    static std::optional<LegacyResume> parse(std::string_view packet);
};

}  // namespace backspin::gdbstub
