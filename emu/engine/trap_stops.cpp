// Stops at exceptions and interrupts, before they are taken.
#include "emu/engine/interpreter.hpp"

namespace backspin::emu {

// A walk of the attempt may have set bits in page tables, and been refused after that.
bool Interpreter::stops_before_trap(const Hart& hart, const Trap& trap, Observer* observer) {
    const auto cause = static_cast<std::uint64_t>(trap.cause);
    if (observer == nullptr || !stops_.stops_at_trap(cause)) return false;
    const Hit hit{StopKind::trap, VirtualAddress{cause}, board_.steps, hart.id, false};
    return port_.tell(hit) == Verdict::stop;
}

bool Interpreter::stops_before(const Hart& hart, Interrupt interrupt, Observer* observer) const {
    const auto cause = kInterruptCause | static_cast<std::uint64_t>(interrupt);
    if (observer == nullptr || !stops_.stops_at_trap(cause)) return false;
    const Hit hit{StopKind::trap, VirtualAddress{cause}, board_.steps, hart.id, false};
    return observer->on_hit(hit) == Verdict::stop;
}

}  // namespace backspin::emu
