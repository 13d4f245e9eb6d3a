#include "testsuite/embedding/core.hpp"

namespace backspin::m0 {
namespace {

constexpr std::uint32_t kFrame = 32;  // r0 to r3, r12, lr, the return address, xPSR
constexpr std::uint32_t kAligned = 1u << 9;
constexpr std::uint32_t kThumb = 1u << 24;
constexpr std::uint32_t kReturnToHandler = 0xffff'fff1, kReturnToMain = 0xffff'fff9,
                        kReturnToProcess = 0xffff'fffd;

}  // namespace

std::uint32_t Cpu::xpsr() const {
    return std::uint32_t{n} << 31 | std::uint32_t{z} << 30 | std::uint32_t{c} << 29 | std::uint32_t{v} << 28 |
           (t ? kThumb : 0) | ipsr;
}

void Cpu::set_apsr(std::uint32_t value) {
    n = (value >> 31 & 1) != 0;
    z = (value >> 30 & 1) != 0;
    c = (value >> 29 & 1) != 0;
    v = (value >> 28 & 1) != 0;
}

void Core::reset() {
    state_.nvic = {};
    state_.systick = {};
    state_.uart = {};
    cpu_ = {};
    cpu_.msp = bus_.read(kFlash, 4) & ~3u;
    const auto start = bus_.read(kFlash + 4, 4);
    cpu_.t = (start & 1) != 0;
    cpu_.pc = start & ~1u;
}

void Core::interrupt(Exception exception) {
    enter(exception, cpu_.pc);
}

void Core::push_frame(Word return_address) {
    const auto sp = cpu_.sp();
    const auto frame = (sp - kFrame) & ~4u;
    cpu_.sp() = frame;
    const auto saved = cpu_.xpsr() | ((sp & 4) != 0 ? kAligned : 0);
    const std::array words{cpu_.r[0],  cpu_.r[1], cpu_.r[2],      cpu_.r[3],
                           cpu_.r[12], cpu_.lr,   return_address, saved};
    for (Word i = 0; i < words.size(); ++i) bus_.write(frame + 4 * i, words.at(i), 4);
}

/// A fault while the frame is stored: the HardFault is taken in the exception's place, which stays pending.
void Core::enter(Exception exception, Word return_address) {
    Word link = kReturnToHandler;
    if (!cpu_.in_handler()) link = cpu_.spsel ? kReturnToProcess : kReturnToMain;
    try {
        push_frame(return_address);
    } catch (const Fault&) {
        if (exception == kHardFault || !state_.nvic.preempts(kHardFault, cpu_.primask)) {
            cpu_.locked_up = true;
            return;
        }
        exception = kHardFault;
    }
    cpu_.lr = link;
    cpu_.ipsr = exception;
    cpu_.spsel = false;
    cpu_.waiting = false;
    state_.nvic.activate(exception);
    const auto vector = bus_.read(kFlash + 4u * exception, 4);
    cpu_.t = (vector & 1) != 0;
    cpu_.pc = vector & ~1u;
}

void Core::hard_fault() {
    if (!state_.nvic.preempts(kHardFault, cpu_.primask)) {
        cpu_.locked_up = true;
    } else {
        enter(kHardFault, at_);
    }
}

void Core::exception_return(Word value) {
    const bool is_last = state_.nvic.active_count() == 1;
    const bool to_handler = value == kReturnToHandler;
    if (!to_handler && value != kReturnToMain && value != kReturnToProcess) throw Fault{};
    if (!state_.nvic.is_active(cpu_.ipsr) || is_last == to_handler) throw Fault{};
    state_.nvic.deactivate(cpu_.ipsr);
    if (!to_handler) cpu_.ipsr = 0;
    cpu_.spsel = value == kReturnToProcess;
    pop_frame();
    returned_ = true;
    if (!to_handler && state_.nvic.sleeps_on_exit()) cpu_.waiting = true;
}

void Core::pop_frame() {
    const bool was_handler = cpu_.in_handler();
    const auto frame = cpu_.sp();
    std::array<Word, kFrame / 4> words{};
    for (Word i = 0; i < words.size(); ++i) words.at(i) = bus_.read(frame + 4 * i, 4);
    const auto saved = words[7];
    const auto to = static_cast<Exception>(saved & 0x3f);
    if ((to != 0) != was_handler) throw Fault{};
    for (std::size_t i = 0; i < 4; ++i) cpu_.r.at(i) = words.at(i);
    cpu_.r[12] = words[4];
    cpu_.lr = words[5];
    cpu_.sp() = frame + kFrame + ((saved & kAligned) != 0 ? 4 : 0);
    cpu_.pc = words[6] & ~1u;
    cpu_.set_apsr(saved);
    cpu_.t = (saved & kThumb) != 0;
    cpu_.ipsr = to;
}

}  // namespace backspin::m0
