// qSupported and qRcmd: what the client can do, and monitor commands. GDB manual, "General Query Packets".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backspin::gdbstub {

struct Supported {  //  qSupported [:feature[;feature]...]      feature = name+ | name- | name? | name=value
    std::vector<std::string> features;
    bool offers(std::string_view feature) const;
    static std::optional<Supported> parse(std::string_view packet);
};

struct RemoteCommand {  //  qRcmd,hex
    std::string command;
    static std::optional<RemoteCommand> parse(std::string_view packet);
};

}  // namespace backspin::gdbstub
