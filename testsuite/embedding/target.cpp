#include "testsuite/embedding/target.hpp"

#include <array>
#include <cstring>

namespace backspin::m0 {
namespace {

using gdbstub::Done;
using gdbstub::Outcome;
using gdbstub::Refused;

/// GDB manual, appendix "Target Descriptions", section "ARM Features": the entry's place is also the number
/// of the register in the machine.
gdbstub::TargetDescription describe() {
    constexpr auto kProfile = "org.gnu.gdb.arm.m-profile";
    constexpr auto kSystem = "org.gnu.gdb.arm.m-system";
    gdbstub::TargetDescription description{.architecture = "armv6s-m", .registers = {}};
    const auto add = [&](std::string name, std::string type, std::string feature, bool general) {
        const bool is_pc = name == "pc";
        const bool expedited = is_pc || name == "sp" || name == "lr" || name == "xpsr" || name == "r7";
        description.registers.push_back(
            {.name = std::move(name),
             .bits = 32,
             .type = std::move(type),
             .feature = std::move(feature),
             .general = general,
             .expedited = expedited,
             .role = is_pc ? gdbstub::RegisterRole::program_counter : gdbstub::RegisterRole::ordinary});
    };
    for (int i = 0; i <= 12; ++i) add("r" + std::to_string(i), "uint32", kProfile, true);
    add("sp", "data_ptr", kProfile, true);
    add("lr", "int", kProfile, true);
    add("pc", "code_ptr", kProfile, true);
    add("xpsr", "int", kProfile, true);
    add("msp", "data_ptr", kSystem, false);
    add("psp", "data_ptr", kSystem, false);
    add("primask", "int", "org.backspin.arm.m-special", false);
    add("control", "int", "org.backspin.arm.m-special", false);
    return description;
}

}  // namespace

M0Target::M0Target(M0Machine& machine, replay::Timeline& timeline)
    : TimelineTarget(machine, timeline), machine_(machine), timeline_(timeline), description_(describe()) {}

std::vector<gdbstub::ThreadInfo> M0Target::threads() const {
    const auto& cpu = machine_.state().cpu;
    std::string state = cpu.in_handler() ? "handler of exception " + std::to_string(cpu.ipsr) : "thread mode";
    if (cpu.waiting) state += ", waiting for an interrupt";
    if (cpu.locked_up) state = "locked up";
    return {{adapter::thread_of(HartId{}), "cortex-m0", std::move(state), 0}};
}

Outcome<Done> M0Target::register_of(const Machine& machine, HartId, gdbstub::RegisterNumber number,
                                    std::span<std::byte> value) const {
    const auto bits = static_cast<const M0Machine&>(machine).read_register(static_cast<Reg>(number.value));
    std::memcpy(value.data(), &bits, sizeof bits);
    return Done{};
}

Outcome<Done> M0Target::write_register(gdbstub::ThreadId, gdbstub::RegisterNumber number,
                                       std::span<const std::byte> value) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, value.data(), sizeof bits);
    // gdb writes all registers to change one: only what differs is an input.
    if (machine_.read_register(static_cast<Reg>(number.value)) == bits) return Done{};
    return write(RegisterWrite{{}, {number.value}, bits});
}

Outcome<std::size_t> M0Target::memory_of(const Machine& machine, HartId, VirtualAddress at,
                                         std::span<std::byte> into) const {
    const auto size =
        static_cast<const M0Machine&>(machine).read_memory(static_cast<std::uint32_t>(at.value), into);
    if (size == 0) return Refused{gdbstub::errno_value::bad_address, "there is nothing at this address"};
    return size;
}

Outcome<Done> M0Target::write_memory(gdbstub::ThreadId, gdbstub::Address at,
                                     std::span<const std::byte> from) {
    if (!machine_.can_write_memory(static_cast<std::uint32_t>(at.value), from.size()))
        return Refused{gdbstub::errno_value::bad_address, "there is no memory at this address to write to"};
    return write(MemoryWrite{{}, address_of(at), {from.begin(), from.end()}});
}

Outcome<std::string> M0Target::execute(std::string_view command, gdbstub::ThreadId) {
    if (command != "when") return Refused{gdbstub::errno_value::invalid, "the one command is: when"};
    return "step " + std::to_string(timeline_.position().step.value) + " of " +
           std::to_string(timeline_.frontier().step.value) + "\n";
}

}  // namespace backspin::m0
