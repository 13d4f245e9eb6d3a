#include "cli/debug/debuggee.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include <fmt/format.h>

#include "cli/debug/causes.hpp"
#include "cli/debug/memory_regions.hpp"
#include "cli/debug/translation.hpp"

namespace backspin::cli {
namespace {

using adapter::hart_of;
using adapter::thread_of;
using gdbstub::Done;
using gdbstub::Outcome;
using gdbstub::Refused;

}  // namespace

std::vector<gdbstub::ThreadInfo> Debuggee::threads() const {
    std::vector<gdbstub::ThreadInfo> threads;
    for (std::uint32_t i = 0; i < machine_.harts(); ++i) {
        const HartId hart{i};
        auto state = fmt::format("{}-mode", letter_of_privilege(machine_.context(hart).privilege));
        if (machine_.is_waiting(hart)) state += ", waiting for an interrupt";
        threads.push_back({thread_of(hart), "hart" + std::to_string(i), std::move(state), i});
    }
    return threads;
}

gdbstub::StopReport Debuggee::perform(const gdbstub::Resume& resume, bool exit_when_off) {
    exit_when_off_ = exit_when_off;
    return TimelineTarget::perform(resume);
}

/// gdb shows a stop that it did not ask for as a SIGTRAP: the user is told what it is.
void Debuggee::has_stopped(const replay::Stopped& stopped) {
    for (const auto& hit : stopped.hits) {
        if (hit.kind != StopKind::trap) continue;
        const bool is_before = stopped.at.step == hit.at;
        print(fmt::format("caught {} of hart {}: {}\n", name_of(TrapCause{hit.address.value}), hit.hart.value,
                          is_before ? "the next step takes it" : "the step before here took it"));
    }
}

std::optional<std::uint8_t> Debuggee::exit_code() const {
    if (!exit_when_off_) return std::nullopt;
    const auto request = machine_.power_request();
    return static_cast<std::uint8_t>(request ? request->code : 0);
}

std::string Debuggee::triple() const {
    return fmt::format("riscv{}-unknown-elf", machine_.board().isa().xlen());
}

std::optional<gdbstub::MemoryRegion> Debuggee::memory_region(gdbstub::ThreadId thread,
                                                             gdbstub::Address at) const {
    return memory_region_at(machine_, hart_of(thread), address_of(at));
}

/// A client of a 32-bit program may send its addresses sign-extended.
VirtualAddress Debuggee::address_of(gdbstub::Address address) const {
    return {machine_.board().isa().xlen() == 32 ? address.value & 0xffff'ffff : address.value};
}

// ---- registers and memory -----------------------------------------------------------------------

// Whoever searches for us has machines of our kind.

Outcome<Done> Debuggee::register_of(const Machine& machine, HartId hart, gdbstub::RegisterNumber number,
                                    std::span<std::byte> value) const {
    const auto id = registers_.id(number);
    const auto bits =
        id ? static_cast<const emu::RiscvMachine&>(machine).read_register(hart, *id) : std::nullopt;
    if (!bits) return Refused{gdbstub::errno_value::invalid, "this hart has no such register"};
    std::memcpy(value.data(), &*bits, std::min(value.size(), sizeof *bits));
    return Done{};
}

Outcome<Done> Debuggee::write_register(gdbstub::ThreadId thread, gdbstub::RegisterNumber number,
                                       std::span<const std::byte> value) {
    const auto id = registers_.id(number);
    if (!id) return Refused{gdbstub::errno_value::invalid, "this hart has no such register"};
    const auto bits = registers_.value_of(number, value);
    // G writes all registers to change one: only what differs becomes an input.
    if (machine_.read_register(hart_of(thread), *id) == bits) return Done{};
    return write(RegisterWrite{hart_of(thread), *id, bits});
}

Outcome<std::size_t> Debuggee::memory_of(const Machine& machine, HartId hart, VirtualAddress at,
                                         std::span<std::byte> into) const {
    const auto size = static_cast<const emu::RiscvMachine&>(machine).read_memory(hart, at, into);
    if (size == 0) return Refused{gdbstub::errno_value::bad_address, "there is nothing at this address"};
    return size;
}

Outcome<std::size_t> Debuggee::read_memory(gdbstub::ThreadId thread, gdbstub::Address at,
                                           std::span<std::byte> into) {
    if (!settings_.physical_memory) return TimelineTarget::read_memory(thread, at, into);
    const auto size = machine_.read_physical(PhysicalAddress{address_of(at).value}, into);
    if (size == 0) return Refused{gdbstub::errno_value::bad_address, "there is nothing at this address"};
    return size;
}

/// The log knows debuggers' writes as a hart makes them: any for which addresses are physical will do.
Outcome<Done> Debuggee::write_physical(gdbstub::ThreadId thread, PhysicalAddress at,
                                       std::span<const std::byte> from) {
    const VirtualAddress same{at.value};
    const auto reaches = [&](HartId hart) {
        return machine_.translate(hart, same) == at && !machine_.is_translating(hart);
    };
    auto hart = hart_of(thread);
    for (std::uint32_t i = 0; i < machine_.harts() && !reaches(hart); ++i) hart = HartId{i};
    if (!reaches(hart)) {
        return Refused{gdbstub::errno_value::access,
                       "every hart translates addresses, and a write is made as a hart would make it: type "
                       "'monitor phys off' and write to an address that the hart uses"};
    }
    if (!machine_.can_write_memory(hart, same, from.size())) {
        return Refused{gdbstub::errno_value::bad_address, "there is no memory at this address to write to"};
    }
    return write(MemoryWrite{hart, same, {from.begin(), from.end()}});
}

Outcome<Done> Debuggee::write_memory(gdbstub::ThreadId thread, gdbstub::Address at,
                                     std::span<const std::byte> from) {
    if (settings_.physical_memory) return write_physical(thread, PhysicalAddress{address_of(at).value}, from);
    const auto address = address_of(at);
    if (!machine_.can_write_memory(hart_of(thread), address, from.size())) {
        return Refused{gdbstub::errno_value::bad_address, "there is no memory at this address to write to"};
    }
    return write(MemoryWrite{hart_of(thread), address, {from.begin(), from.end()}});
}

}  // namespace backspin::cli
