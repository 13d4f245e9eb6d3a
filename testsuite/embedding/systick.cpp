#include "testsuite/embedding/systick.hpp"

namespace backspin::m0 {
namespace {

constexpr std::uint32_t kEnable = 1u << 0;
constexpr std::uint32_t kTickint = 1u << 1;
constexpr std::uint32_t kClksource = 1u << 2;  // no other clock than the processor's: always 1
constexpr std::uint32_t kCountflag = 1u << 16;
constexpr std::uint32_t kCounter = 0x00ff'ffff;
constexpr std::uint32_t kCalibration = 0x8000'0000 | 499'999;  // NOREF, and 10 ms at 50 MHz

}  // namespace

std::uint32_t SysTick::current(std::uint64_t clock) const {
    if (!due_) return stopped_at_;
    return *due_ > clock ? static_cast<std::uint32_t>(*due_ - clock) : 0;
}

/// From 0 the next clock loads the counter again; with nothing to load it stays there.
void SysTick::count_from(std::uint32_t value, std::uint64_t clock) {
    due_.reset();
    stopped_at_ = value;
    if (!enable_) return;
    if (value != 0) {
        due_ = clock + value;
    } else if (reload_ != 0) {
        due_ = clock + 1 + reload_;
    }
}

std::uint32_t SysTick::peek(std::uint32_t offset, std::uint64_t clock) const {
    switch (offset) {
        case SYST_CSR:
            return (enable_ ? kEnable : 0) | (tickint_ ? kTickint : 0) | kClksource |
                   (countflag_ ? kCountflag : 0);
        case SYST_RVR: return reload_;
        case SYST_CVR: return current(clock);
        case SYST_CALIB: return kCalibration;
        default: return 0;
    }
}

std::uint32_t SysTick::read(std::uint32_t offset, std::uint64_t clock) {
    const auto value = peek(offset, clock);
    if (offset == SYST_CSR) countflag_ = false;
    return value;
}

void SysTick::write(std::uint32_t offset, std::uint32_t value, std::uint64_t clock) {
    switch (offset) {
        case SYST_CSR: {
            const auto counter = current(clock);
            const bool was_enabled = enable_;
            enable_ = (value & kEnable) != 0;
            tickint_ = (value & kTickint) != 0;
            if (enable_ != was_enabled) count_from(counter, clock);
            break;
        }
        case SYST_RVR:
            reload_ = value & kCounter;
            if (!due_ && stopped_at_ == 0) count_from(0, clock);
            break;
        case SYST_CVR:
            countflag_ = false;
            count_from(0, clock);
            break;
        default: break;
    }
}

bool SysTick::expire() {
    countflag_ = true;
    stopped_at_ = 0;
    if (reload_ == 0) {
        due_.reset();
    } else {
        *due_ += std::uint64_t{reload_} + 1;
    }
    return tickint_;
}

}  // namespace backspin::m0
