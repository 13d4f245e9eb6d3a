#include "replay/live.hpp"

#include <algorithm>
#include <functional>
#include <thread>

namespace backspin::replay {
namespace {

/// The interrupt check is polled this often by a host that waits with nothing to wake it.
constexpr std::chrono::milliseconds kLongestSleep{100};
constexpr std::chrono::milliseconds kBlindSleep{10};

/// So many inputs are taken between two slices: a flood of them must not keep the machine from running.
constexpr int kInputsPerSlice = 64;

}  // namespace

Arrival LiveRun::run(Observer* observer, std::span<const StopPoint> points) {
    const std::function<void()> each_slice = [this] { take_inputs(); };
    while (history_.now() < options_.limit) {
        const auto end = history_.run({.until = options_.limit,
                                       .observer = observer,
                                       .points = points,
                                       .show_output = true,
                                       .pause_when_idle = interactive(),
                                       .each_slice = &each_slice});
        if (end != Arrival::idle && end != Arrival::asleep) return end;
        if (const auto waited = wait(end); waited != Arrival::reached) return waited;
    }
    return Arrival::reached;
}

Arrival LiveRun::wait(Arrival why) {
    return why == Arrival::idle ? wait_idle() : wait_asleep();
}

void LiveRun::take_inputs() {
    if (port() == nullptr) return;
    for (int n = 0; n < kInputsPerSlice && history_.now() < options_.limit; ++n) {
        auto input = port()->next(history_.machine());
        if (!input) return;
        history_.take(std::move(*input));
    }
}

bool LiveRun::take_after(std::chrono::nanoseconds waited, VirtualTime at_most) {
    if (port() == nullptr) return false;
    auto input = port()->next(history_.machine());
    if (!input) return false;
    const VirtualTime by{
        std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(waited.count(), 0)), at_most.ns)};
    if (by.ns > 0) history_.take(IdleWarp{by});
    history_.take(std::move(*input));
    return true;
}

void LiveRun::sleep(std::chrono::nanoseconds at_most) const {
    if (port() != nullptr) {
        port()->wait(std::min<std::chrono::nanoseconds>(at_most, kLongestSleep));
    } else {
        std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(at_most, kBlindSleep));
    }
}

// Real time counts only while the machine is idle here: what passes while the user looks at it does not, and
// neither does a wait that an interrupt ends.
Arrival LiveRun::wait_idle() {
    const auto deadline = history_.machine().idle_deadline();
    const auto time = history_.machine().time();
    if (deadline && *deadline > time) {
        const auto remaining = *deadline - time;
        // A deadline that is centuries away must not overflow the host's clock.
        constexpr std::uint64_t kForever = std::uint64_t{1} << 62;
        const std::chrono::nanoseconds wanted{static_cast<std::int64_t>(std::min(remaining.ns, kForever))};
        const auto begin = history_.host_time();
        for (;;) {
            const auto waited = history_.host_time() - begin;
            if (history_.interrupted()) return Arrival::interrupted;
            // Strictly before the deadline: what is due then comes by the jump.
            if (take_after(waited, remaining - VirtualTime{1})) return Arrival::reached;
            if (waited >= wanted) break;
            sleep(wanted - waited);
        }
    }
    // No observer: a jump and a device's event are nobody's attempt.
    return history_.run({.until = history_.now() + StepCount{1}, .show_output = true});
}

bool LiveRun::may_wait_asleep() const {
    return interactive() || (options_.wait_when_asleep && (port() != nullptr || history_.hooks.interrupted));
}

Arrival LiveRun::wait_asleep() {
    if (!may_wait_asleep()) {
        // What is here already needs no waiting.
        return take_after({}, {}) ? Arrival::reached : Arrival::asleep;
    }
    const auto begin = history_.host_time();
    for (;;) {
        if (history_.interrupted()) return Arrival::interrupted;
        if (take_after(history_.host_time() - begin, VirtualTime{~std::uint64_t{0}})) return Arrival::reached;
        sleep(kLongestSleep);
    }
}

}  // namespace backspin::replay
