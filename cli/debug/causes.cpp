#include "cli/debug/causes.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "cli/units.hpp"
#include "emu/trap.hpp"

namespace backspin::cli {
namespace {

struct Named {
    std::uint64_t value;
    std::string_view name;
};

constexpr Named exception(emu::Cause cause, std::string_view name) {
    return {static_cast<std::uint64_t>(cause), name};
}
constexpr Named interrupt(emu::Interrupt which, std::string_view name) {
    return {kInterruptCause | static_cast<std::uint64_t>(which), name};
}

constexpr auto kNames = std::to_array<Named>({
    exception(emu::Cause::instruction_address_misaligned, "instruction-address-misaligned"),
    exception(emu::Cause::instruction_access_fault, "instruction-access-fault"),
    exception(emu::Cause::illegal_instruction, "illegal-instruction"),
    exception(emu::Cause::breakpoint, "breakpoint"),
    exception(emu::Cause::load_address_misaligned, "load-address-misaligned"),
    exception(emu::Cause::load_access_fault, "load-access-fault"),
    exception(emu::Cause::store_address_misaligned, "store-address-misaligned"),
    exception(emu::Cause::store_access_fault, "store-access-fault"),
    exception(emu::Cause::ecall_from_u, "ecall-from-u"),
    exception(emu::Cause::ecall_from_s, "ecall-from-s"),
    exception(emu::Cause::ecall_from_m, "ecall-from-m"),
    exception(emu::Cause::instruction_page_fault, "instruction-page-fault"),
    exception(emu::Cause::load_page_fault, "load-page-fault"),
    exception(emu::Cause::store_page_fault, "store-page-fault"),
    interrupt(emu::Interrupt::supervisor_software, "supervisor-software"),
    interrupt(emu::Interrupt::machine_software, "machine-software"),
    interrupt(emu::Interrupt::supervisor_timer, "supervisor-timer"),
    interrupt(emu::Interrupt::machine_timer, "machine-timer"),
    interrupt(emu::Interrupt::supervisor_external, "supervisor-external"),
    interrupt(emu::Interrupt::machine_external, "machine-external"),
});

struct Group {
    std::string_view name;
    std::uint64_t first, count;
};
constexpr auto kGroups = std::to_array<Group>({
    {"all", 0, ~std::uint64_t{0}},
    {"exceptions", 0, kInterruptCause},
    {"interrupts", kInterruptCause, kInterruptCause},
});

constexpr std::string_view kInterruptPrefix = "interrupt:";

}  // namespace

TrapCause cause_of(std::uint64_t mcause, unsigned xlen) {
    const auto top = std::uint64_t{1} << (xlen - 1);
    return {(mcause & ~top) | ((mcause & top) != 0 ? kInterruptCause : 0)};
}

std::string name_of(TrapCause cause) {
    const auto* found = std::ranges::find(kNames, cause.value, &Named::value);
    if (found != kNames.end()) return std::string(found->name);
    return fmt::format("{} {}", cause.is_interrupt() ? "interrupt" : "exception", cause.code());
}

std::optional<StopPoint> parse_causes(std::string_view text) {
    const auto stop = [](std::uint64_t first, std::uint64_t count) {
        return StopPoint{StopKind::trap, VirtualAddress{first}, count};
    };
    for (const auto& group : kGroups) {
        if (group.name == text) return stop(group.first, group.count);
    }
    for (const auto& cause : kNames) {
        if (cause.name == text) return stop(cause.value, 1);
    }
    const bool is_interrupt = text.starts_with(kInterruptPrefix);
    if (is_interrupt) text.remove_prefix(kInterruptPrefix.size());
    constexpr std::uint64_t kMostCodes = 64;
    const auto code = parse_number(text);
    if (!code || *code >= kMostCodes) return std::nullopt;
    return stop(*code | (is_interrupt ? kInterruptCause : 0), 1);
}

std::string describe_causes(const StopPoint& causes) {
    for (const auto& group : kGroups) {
        if (group.first == causes.address.value && group.count == causes.length)
            return std::string(group.name);
    }
    const TrapCause cause{causes.address.value};
    if (std::ranges::find(kNames, cause.value, &Named::value) != kNames.end()) return name_of(cause);
    return fmt::format("{}{}", cause.is_interrupt() ? kInterruptPrefix : "", cause.code());
}

std::string list_of_causes() {
    std::string text;
    for (const auto& cause : kNames) text += fmt::format("{}{}", text.empty() ? "" : ", ", cause.name);
    return text;
}

}  // namespace backspin::cli
