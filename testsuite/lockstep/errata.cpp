#include "testsuite/lockstep/errata.hpp"

namespace backspin::lockstep {
namespace {

struct Trapped {
    std::uint64_t cause = 0, value = 0;
    bool operator==(const Trapped&) const = default;
};

/// The trap that an attempt at this pc ended in.
std::optional<Trapped> trap_in(const State& after, std::uint64_t pc) {
    constexpr std::uint64_t kBase = ~std::uint64_t{3};
    if (after[kPc] == (after["mtvec"] & kBase) && after["mepc"] == pc)
        return Trapped{after["mcause"], after["mtval"]};
    if (after[kPc] == (after["stvec"] & kBase) && after["sepc"] == pc)
        return Trapped{after["scause"], after["stval"]};
    return std::nullopt;
}

/// QEMU does an atomic operation as a load and then a store: where the load meets protection, it does not get
/// to the page's missing permission to write.
bool protection_before_page_fault(const Outcome& outcome) {
    if (outcome.instruction.opcode == emu::Opcode::illegal ||
        emu::definition(outcome.instruction.opcode).kind != emu::Kind::atomic)
        return false;
    const auto ours = trap_in(outcome.ours, outcome.before[kPc]),
               theirs = trap_in(outcome.theirs, outcome.before[kPc]);
    return ours && theirs && ours->cause == 15 && theirs->cause == 7 && ours->value == theirs->value;
}

/// Without AIA, QEMU takes the pending interrupt with the lowest number, not the one with the highest
/// priority.
bool order_of_interrupts(const Outcome& outcome) {
    constexpr auto is_interrupt = [](std::uint64_t cause) {
        return cause >= 0x8000'0000;
    };  // of either width
    for (const auto* cause : {"mcause", "scause"}) {
        const auto ours = outcome.ours[cause], theirs = outcome.theirs[cause];
        if (ours != theirs && is_interrupt(ours) && is_interrupt(theirs)) return true;
    }
    return false;
}

struct Erratum {
    std::string_view name;
    bool (*explains)(const Outcome&);
};
constexpr std::array kErrata{Erratum{"atomic: protection before page fault", protection_before_page_fault},
                             Erratum{"interrupts: lowest number first", order_of_interrupts}};

}  // namespace

std::vector<std::size_t> differences(const State& ours, const State& theirs) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < kFields; ++i) {
        if (theirs.known[i] && ours[i] != theirs[i]) found.push_back(i);
    }
    return found;
}

std::optional<std::string_view> known_erratum(const Outcome& outcome) {
    for (const auto& erratum : kErrata)
        if (erratum.explains(outcome)) return erratum.name;
    return std::nullopt;
}

}  // namespace backspin::lockstep
