// What a user of this library implements: the debuggee as the session sees it.
//
// Target itself is the least that a debugger needs. Everything else is a capability: a small interface that
// the target hands out. The default is null, "not there"; what the session advertises (qSupported, vCont?) is
// computed from what is there, and a packet that needs an absent capability gets the protocol's empty reply.
//
// Thread: a session calls its target from within its own calls only, never concurrently, and never while the
// session is running. Calls answer at once: a client gives most packets two seconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gdbstub/agent.hpp"
#include "gdbstub/description.hpp"
#include "gdbstub/outcome.hpp"
#include "gdbstub/types.hpp"

namespace backspin::gdbstub {

struct ThreadInfo {
    ThreadId id;
    std::string name;                   ///< "hart0"
    std::string state;                  ///< for people: "M-mode, wfi"
    std::optional<std::uint32_t> core;  ///< the processor that it runs on
};

/// Beyond continue and single step, which ways to move the host's loop understands when take_resume() yields
/// them. They are flags and no interfaces because the session never moves the target itself: it hands a
/// Resume over.
struct Moves {
    bool reverse = false;     ///< ReverseStep and ReverseContinue
    bool range_step = false;  ///< RangeStep
    bool restart = false;     ///< Restart: back to the first position, for `run` under extended-remote
};

enum class BreakpointKind : std::uint8_t {
    software = 0,
    hardware = 1,
    write = 2,
    read = 3,
    access = 4
};  // Z0 ... Z4

/// A place at which a resume ends. GDB takes breakpoints out at every stop and puts them back before every
/// resume, so insert and remove must be cheap.
struct Breakpoint {
    BreakpointKind kind{};
    Address address;
    std::uint64_t length =
        0;  ///< bytes watched; for software and hardware the instruction's size, which may be ignored
    auto operator<=>(const Breakpoint&) const = default;
};

/// What the target does by itself when a breakpoint is reached.
struct BreakpointTasks {
    /// It is a hit only if one of them holds, or cannot be evaluated; none: always.
    std::vector<AgentExpression> conditions;
    /// Run at a hit, which then is no reason to stop.
    std::vector<AgentExpression> commands;
    auto operator<=>(const BreakpointTasks&) const = default;
};

class Breakpoints {
  public:
    virtual ~Breakpoints() = default;
    /// Whether tasks are done. Otherwise clients are told to do without.
    virtual bool does_tasks() const { return false; }
    /// What a trace state variable holds, which tasks may use; nothing if there is no such variable.
    virtual std::optional<std::uint64_t> variable(VariableNumber) const { return std::nullopt; }
    /// Inserting again replaces the tasks. The number is bounded by the target, which refuses more.
    virtual Outcome<Done> insert(const Breakpoint&, BreakpointTasks tasks) = 0;
    /// Removing what is not there changes nothing.
    virtual Outcome<Done> remove(const Breakpoint&) = 0;
    /// The client left.
    virtual void remove_all() = 0;
};

/// `monitor COMMAND`: commands of the target's own.
class Monitor {
  public:
    virtual ~Monitor() = default;
    /// Gives the text to show, line ends included; empty shows nothing. `selected`: the thread that the user
    /// looks at, as far as the client has told.
    virtual Outcome<std::string> execute(std::string_view command, ThreadId selected) = 0;
};

/// The program that the target runs, so that a client finds the symbols by itself (qXfer:exec-file and
/// vFile).
class ExecFile {
  public:
    virtual ~ExecFile() = default;
    /// An absolute path, shown to people and handed back by the client to read the file. Nothing else is ever
    /// served.
    virtual std::string name() const = 0;
    /// Valid as long as the target.
    virtual std::span<const std::byte> contents() const = 0;
};

/// When a data stop is reported relative to the access that causes it, in the direction of travel.
enum class WatchTiming : std::uint8_t {
    before_access,  ///< GDB on RISC-V: it then makes one more step in the same direction itself
    after_access,   ///< LLDB
};

/// A stretch of a thread's addresses that are all alike.
struct MemoryRegion {
    Address first;
    Address last;  ///< inclusive: a stretch may reach the end of the address space
    bool readable = false, writable = false, executable = false;  ///< none of them: nothing is there
    std::string name = {};                                        ///< "ram"; may be empty
};

/// What LLDB asks beyond GDB's packets (qHostInfo, qProcessInfo, qMemoryRegionInfo).
class HostInfo {
  public:
    virtual ~HostInfo() = default;
    virtual std::string triple() const = 0;  ///< "riscv64-unknown-elf"
    /// Every session begins with before_access; a session that finds LLDB at the other end asks for
    /// after_access.
    virtual void report_watches(WatchTiming) = 0;
    /// What is around an address, also where nothing is; nothing if that cannot be told at all.
    virtual std::optional<MemoryRegion> memory_region(ThreadId, Address) const { return std::nullopt; }
};

class Target {
  public:
    virtual ~Target() = default;

    /// The same for the target's whole life.
    virtual const TargetDescription& description() const = 0;
    /// Never empty; the same identities for the target's whole life, the names and states as they are now.
    virtual std::vector<ThreadInfo> threads() const = 0;

    /// `value` has the register's bytes(), in the target's byte order, here and below.
    virtual Outcome<Done> read_register(ThreadId, RegisterNumber, std::span<std::byte> value) = 0;
    virtual Outcome<Done> write_register(ThreadId, RegisterNumber, std::span<const std::byte> value) = 0;

    /// Reads as the thread sees memory, without any effect on the machine. Gives how many bytes from the
    /// start could be read, at least one; refuses when not even the first one can. Never asked for nothing.
    virtual Outcome<std::size_t> read_memory(ThreadId, Address, std::span<std::byte> into) = 0;
    /// Writes all or nothing. Never asked for nothing.
    virtual Outcome<Done> write_memory(ThreadId, Address, std::span<const std::byte> from) = 0;

    virtual Moves moves() const { return {}; }
    virtual Breakpoints* breakpoints() { return nullptr; }
    virtual Monitor* monitor() { return nullptr; }
    virtual ExecFile* exec_file() { return nullptr; }
    virtual HostInfo* host_info() { return nullptr; }
};

}  // namespace backspin::gdbstub
