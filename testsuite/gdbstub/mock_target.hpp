// A target that remembers what it was asked: registers and memory are plain arrays, capabilities can be taken
// away.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gdbstub/target.hpp"

namespace backspin::gdbstub::testing {

inline constexpr std::uint64_t kMemoryStart = 0x80000000;
inline constexpr std::uint64_t kMemoryLength = 0x40000;
inline constexpr std::uint32_t kPc = 32;
inline constexpr std::uint32_t kMstatus = 33;
inline constexpr std::uint32_t kPriv = 34;

inline TargetDescription mock_description() {
    static constexpr std::string_view kNames[] = {
        "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "fp", "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
        "a6",   "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
    const std::set<std::string_view> data_pointers{"sp", "gp", "tp", "fp"};
    const std::set<std::string_view> expedited{"ra", "sp", "fp"};
    TargetDescription description;
    description.architecture = "riscv:rv64";
    for (const std::string_view name : kNames) {
        description.registers.push_back({.name = std::string(name),
                                         .type = name == "ra"                ? "code_ptr"
                                                 : data_pointers.count(name) ? "data_ptr"
                                                                             : "int",
                                         .feature = "org.gnu.gdb.riscv.cpu",
                                         .group = "general",
                                         .general = true,
                                         .expedited = expedited.count(name) != 0});
    }
    description.registers.push_back({.name = "pc",
                                     .type = "code_ptr",
                                     .feature = "org.gnu.gdb.riscv.cpu",
                                     .group = "general",
                                     .general = true,
                                     .expedited = true,
                                     .role = RegisterRole::program_counter});
    description.registers.push_back(
        {.name = "mstatus", .type = "int", .feature = "org.gnu.gdb.riscv.csr", .group = "csr"});
    description.registers.push_back(
        {.name = "priv", .type = "", .feature = "org.gnu.gdb.riscv.virtual", .group = ""});
    return description;
}

/// All capabilities are there; a test takes away what it wants absent.
class MockTarget : public Target, public Breakpoints, public Monitor, public ExecFile, public HostInfo {
  public:
    // --- what a test sets and looks at --- -------------------------------------------------------
    TargetDescription table = mock_description();
    std::vector<ThreadInfo> thread_list{{ThreadId{1}, "hart0", "M-mode", 0},
                                        {ThreadId{2}, "hart1", "M-mode, wfi", 1}};
    std::map<std::pair<std::uint64_t, std::uint32_t>, std::uint64_t> values;  // by thread and register
    std::vector<std::byte> memory = std::vector<std::byte>(kMemoryLength);
    std::optional<Refused> refuse_writes;
    std::optional<Refused> refuse_breakpoints;
    std::optional<Broken> broken;
    std::set<std::uint32_t> unreadable;
    Moves moves_offered{.reverse = true, .range_step = true, .restart = true};
    bool has_breakpoints = true, has_monitor = true, has_exec_file = true, has_host_info = true;
    std::set<Breakpoint> inserted;
    std::map<Breakpoint, BreakpointTasks> tasks;
    bool tasks_done = false;
    AgentVariables variables;
    std::vector<std::string> commands;
    std::vector<ThreadId> selected_threads;  // one for each command
    std::vector<std::pair<std::uint64_t, std::uint32_t>> written_registers;
    std::string file =
        "\x7f"
        "ELF#$}*\x03 and more";
    std::optional<WatchTiming> timing;
    std::optional<MemoryRegion> region;  // what is told of every address

    // --- Target --- ------------------------------------------------------------------------------
    const TargetDescription& description() const override { return table; }
    std::vector<ThreadInfo> threads() const override { return thread_list; }
    Outcome<Done> read_register(ThreadId thread, RegisterNumber number, std::span<std::byte> value) override {
        if (broken) return *broken;
        if (unreadable.count(number.value)) return Refused{errno_value::access, "not readable"};
        const std::uint64_t present = values[{thread.value, number.value}];
        std::memcpy(value.data(), &present, std::min(value.size(), sizeof present));
        return Done{};
    }
    Outcome<Done> write_register(ThreadId thread, RegisterNumber number,
                                 std::span<const std::byte> value) override {
        if (refuse_writes) return *refuse_writes;
        std::memcpy(&values[{thread.value, number.value}], value.data(),
                    std::min(value.size(), sizeof(std::uint64_t)));
        written_registers.emplace_back(thread.value, number.value);
        return Done{};
    }
    Outcome<std::size_t> read_memory(ThreadId, Address at, std::span<std::byte> into) override {
        if (broken) return *broken;
        if (at.value < kMemoryStart || at.value >= kMemoryStart + kMemoryLength) {
            return Refused{errno_value::bad_address, "nothing there"};
        }
        const std::size_t offset = at.value - kMemoryStart;
        const std::size_t length = std::min(into.size(), memory.size() - offset);
        std::memcpy(into.data(), memory.data() + offset, length);
        return length;
    }
    Outcome<Done> write_memory(ThreadId, Address at, std::span<const std::byte> from) override {
        if (refuse_writes) return *refuse_writes;
        if (at.value < kMemoryStart || from.size() > kMemoryLength ||
            at.value - kMemoryStart > kMemoryLength - from.size()) {
            return Refused{errno_value::bad_address, "nothing there"};
        }
        std::memcpy(memory.data() + (at.value - kMemoryStart), from.data(), from.size());
        return Done{};
    }
    Moves moves() const override { return moves_offered; }
    Breakpoints* breakpoints() override { return has_breakpoints ? this : nullptr; }
    Monitor* monitor() override { return has_monitor ? this : nullptr; }
    ExecFile* exec_file() override { return has_exec_file ? this : nullptr; }
    HostInfo* host_info() override { return has_host_info ? this : nullptr; }

    // --- Breakpoints --- -------------------------------------------------------------------------
    bool does_tasks() const override { return tasks_done; }
    std::optional<std::uint64_t> variable(VariableNumber number) const override {
        const auto found = variables.find(number);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    }
    Outcome<Done> insert(const Breakpoint& breakpoint, BreakpointTasks wanted) override {
        tasks[breakpoint] = std::move(wanted);
        if (refuse_breakpoints) return *refuse_breakpoints;
        inserted.insert(breakpoint);
        return Done{};
    }
    Outcome<Done> remove(const Breakpoint& breakpoint) override {
        inserted.erase(breakpoint);
        return Done{};
    }
    void remove_all() override { inserted.clear(); }

    // --- Monitor --- -----------------------------------------------------------------------------
    Outcome<std::string> execute(std::string_view command, ThreadId selected) override {
        commands.emplace_back(command);
        selected_threads.push_back(selected);
        if (command == "when") return std::string("position 12\n");
        if (command == "quiet") return std::string();
        if (command == "long") return std::string(3000, 'x');
        return Refused{errno_value::invalid, "unknown command; try 'monitor help'"};
    }

    // --- ExecFile --- ----------------------------------------------------------------------------
    std::string name() const override { return "/images/fw.elf"; }
    std::span<const std::byte> contents() const override { return std::as_bytes(std::span(file)); }

    // --- HostInfo --- ----------------------------------------------------------------------------
    std::string triple() const override { return "riscv64-unknown-elf"; }
    void report_watches(WatchTiming when) override { timing = when; }
    std::optional<MemoryRegion> memory_region(ThreadId, Address) const override { return region; }
};

}  // namespace backspin::gdbstub::testing
