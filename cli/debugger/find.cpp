#include "cli/debugger/find.hpp"

#include <array>
#include <sstream>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "cli/start_error.hpp"

namespace backspin::cli {
namespace {

// Those that know RISC-V by their name come first; a plain gdb does on some distributions.
constexpr std::array<std::string_view, 7> kGdbs{"gdb-multiarch",
                                                "riscv64-unknown-elf-gdb",
                                                "riscv64-elf-gdb",
                                                "riscv64-linux-gnu-gdb",
                                                "riscv32-unknown-elf-gdb",
                                                "riscv-none-elf-gdb",
                                                "gdb"};
// From version 21 on it goes backwards; Debian's carry their version in the name.
constexpr std::array<std::string_view, 6> kLldbs{"lldb",    "lldb-23", "lldb-22",
                                                 "lldb-21", "lldb-20", "lldb-19"};

bool can_be_started(const std::filesystem::path& path) {
    std::error_code error;
    return std::filesystem::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

std::optional<std::filesystem::path> find_program(std::string_view name, const std::string& search) {
    if (name.find('/') != std::string_view::npos) {
        if (can_be_started(name)) return std::filesystem::path(name);
        return std::nullopt;
    }
    std::istringstream folders(search);
    for (std::string folder; std::getline(folders, folder, ':');) {
        auto path = std::filesystem::path(folder.empty() ? "." : folder) / name;
        if (can_be_started(path)) return path;
    }
    return std::nullopt;
}

DebuggerKind kind_of(const std::filesystem::path& program) {
    return program.filename().string().find("lldb") != std::string::npos ? DebuggerKind::lldb
                                                                         : DebuggerKind::gdb;
}

template <std::size_t N>
std::optional<FoundDebugger> first_of(const std::array<std::string_view, N>& names,
                                      const std::string& search) {
    for (const auto name : names) {
        if (auto program = find_program(name, search)) return FoundDebugger{*program, kind_of(*program)};
    }
    return std::nullopt;
}

}  // namespace

FoundDebugger find_debugger(const DebuggerChoice& choice, const std::string& search) {
    if (!choice.program) {
        if (auto found = first_of(kGdbs, search)) return *found;
        throw StartError(
            fmt::format("there is no debugger: none of {} is in the PATH; install one (Debian, Ubuntu: "
                        "apt install gdb-multiarch), or {}",
                        fmt::join(kGdbs, ", "), choice.otherwise));
    }
    const auto& name = *choice.program;
    if (auto program = find_program(name, search)) return {*program, kind_of(*program)};
    if (name == "lldb") {
        if (auto found = first_of(kLldbs, search)) return *found;
    }
    throw StartError(fmt::format(
        "--debugger {}: {}; install it, or name another one", name,
        name.find('/') == std::string::npos ? "no such program is in the PATH" : "no such program"));
}

namespace {

std::vector<std::string> gdb_line(const DebuggerChoice& choice, const DebuggerFiles& files) {
    std::vector<std::string> words{"-q"};
    if (choice.batch) words.emplace_back("-batch");
    words.insert(words.end(), {"-x", files.commands.string()});
    if (files.symbols) words.push_back(files.symbols->string());
    words.insert(words.end(), {"-ex", "target remote " + files.socket.string()});
    words.insert(words.end(), choice.arguments.begin(), choice.arguments.end());
    if (choice.batch) words.insert(words.end(), {"-x", *choice.batch});
    return words;
}

std::vector<std::string> lldb_line(const DebuggerChoice& choice, const DebuggerFiles& files) {
    std::vector<std::string> words;
    if (choice.batch) words.emplace_back("-b");
    words.insert(words.end(), {"-s", files.commands.string()});
    if (files.symbols) words.push_back(files.symbols->string());
    words.insert(words.end(),
                 {"-o", "process connect --plugin gdb-remote unix-connect://" + files.socket.string()});
    words.insert(words.end(), choice.arguments.begin(), choice.arguments.end());
    if (choice.batch) words.insert(words.end(), {"-s", *choice.batch});
    return words;
}

}  // namespace

std::vector<std::string> command_line(const FoundDebugger& debugger, const DebuggerChoice& choice,
                                      const DebuggerFiles& files) {
    auto words = debugger.kind == DebuggerKind::lldb ? lldb_line(choice, files) : gdb_line(choice, files);
    words.insert(words.begin(), debugger.program.string());
    return words;
}

}  // namespace backspin::cli
