#include "testsuite/embedding/nvic.hpp"

#include <algorithm>
#include <bit>

namespace backspin::m0 {
namespace {

constexpr int kThreadPriority = 256;  // below all that can be configured
constexpr std::uint32_t kCortexM0r0p0 = 0x410c'c200;
constexpr std::uint32_t kCcr = 0x208;          // STKALIGN and UNALIGN_TRP, always
constexpr std::uint32_t kAircr = 0xfa05'0000;  // VECTKEYSTAT; little-endian
constexpr std::uint32_t kVectkey = 0x05fa;
constexpr std::uint32_t kSysresetreq = 1u << 2;
constexpr std::uint32_t kScrBits = 0x16;
constexpr std::uint32_t kNmipendset = 1u << 31, kPendsvset = 1u << 28, kPendsvclr = 1u << 27,
                        kPendstset = 1u << 26, kPendstclr = 1u << 25, kIsrpending = 1u << 22;
constexpr unsigned kVectpending = 12;
constexpr Exception kSystemHandlers2 = 8, kSystemHandlers3 = 12;

}  // namespace

int Nvic::priority(Exception exception) const {
    if (exception <= kHardFault) return exception - 4;
    return priority_.at(exception);
}

int Nvic::execution_priority(bool primask) const {
    int urgent = primask ? 0 : kThreadPriority;
    for (auto left = active_; left != 0; left &= left - 1)
        urgent = std::min(urgent, priority(static_cast<Exception>(std::countr_zero(left))));
    return urgent;
}

bool Nvic::preempts(Exception exception, bool primask) const {
    return priority(exception) < execution_priority(primask);
}

/// Of the pending and enabled ones; of equally urgent ones that with the lowest number.
std::optional<Exception> Nvic::most_urgent() const {
    std::optional<Exception> best;
    const auto able = std::uint64_t{enabled_} << kIrq0 | ((std::uint64_t{1} << kIrq0) - 1);
    for (auto left = pending_ & able; left != 0; left &= left - 1) {
        const auto exception = static_cast<Exception>(std::countr_zero(left));
        if (!best || priority(exception) < priority(*best)) best = exception;
    }
    return best;
}

std::optional<Exception> Nvic::next(bool primask) const {
    if (pending_ == 0) return std::nullopt;
    const auto best = most_urgent();
    return best && preempts(*best, primask) ? best : std::nullopt;
}

void Nvic::activate(Exception exception) {
    pending_ &= ~bit(exception);
    active_ |= bit(exception);
}

unsigned Nvic::active_count() const {
    return static_cast<unsigned>(std::popcount(active_));
}

// ---- registers ----------------------------------------------------------------------------------

std::uint32_t Nvic::icsr(Exception current) const {
    std::uint32_t value = current;
    if (const auto best = most_urgent()) value |= std::uint32_t{*best} << kVectpending;
    if (pending_ >> kIrq0 != 0) value |= kIsrpending;
    if ((pending_ & bit(kSystick)) != 0) value |= kPendstset;
    if ((pending_ & bit(kPendsv)) != 0) value |= kPendsvset;
    if ((pending_ & bit(kNmi)) != 0) value |= kNmipendset;
    return value;
}

std::uint32_t Nvic::priorities(Exception first) const {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i) value |= std::uint32_t{priority_.at(first + i)} << (8 * i);
    return value;
}

void Nvic::set_priorities(Exception first, std::uint32_t value) {
    for (unsigned i = 0; i < 4; ++i)
        priority_.at(first + i) = static_cast<std::uint8_t>(value >> (8 * i) & 0xc0);
}

std::uint32_t Nvic::read(std::uint32_t offset, Exception current) const {
    if (offset >= NVIC_IPR0 && offset <= NVIC_IPR7)
        return priorities(static_cast<Exception>(kIrq0 + offset - NVIC_IPR0));
    switch (offset) {
        case NVIC_ISER:
        case NVIC_ICER: return enabled_;
        case NVIC_ISPR:
        case NVIC_ICPR: return static_cast<std::uint32_t>(pending_ >> kIrq0);
        case CPUID: return kCortexM0r0p0;
        case ICSR: return icsr(current);
        case AIRCR: return kAircr;
        case SCR: return scr_;
        case CCR: return kCcr;
        case SHPR2: return priorities(kSystemHandlers2);
        case SHPR3: return priorities(kSystemHandlers3);
        default: return 0;
    }
}

void Nvic::write(std::uint32_t offset, std::uint32_t value) {
    if (offset >= NVIC_IPR0 && offset <= NVIC_IPR7)
        return set_priorities(static_cast<Exception>(kIrq0 + offset - NVIC_IPR0), value);
    switch (offset) {
        case NVIC_ISER: enabled_ |= value; break;
        case NVIC_ICER: enabled_ &= ~value; break;
        case NVIC_ISPR: pending_ |= std::uint64_t{value} << kIrq0; break;
        case NVIC_ICPR: pending_ &= ~(std::uint64_t{value} << kIrq0); break;
        case ICSR:
            if ((value & kNmipendset) != 0) pend(kNmi);
            if ((value & kPendsvset) != 0) pend(kPendsv);
            if ((value & kPendsvclr) != 0) pending_ &= ~bit(kPendsv);
            if ((value & kPendstset) != 0) pend(kSystick);
            if ((value & kPendstclr) != 0) pending_ &= ~bit(kSystick);
            break;
        case AIRCR:
            if (value >> 16 == kVectkey && (value & kSysresetreq) != 0) reset_requested_ = true;
            break;
        case SCR: scr_ = value & kScrBits; break;
        case SHPR2: set_priorities(kSystemHandlers2, value & 0xff00'0000); break;
        case SHPR3: set_priorities(kSystemHandlers3, value & 0xffff'0000); break;
        default: break;
    }
}

}  // namespace backspin::m0
