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

std::optional<AskAgain> LiveRun::ask_again() const {
    return port() != nullptr ? port()->ask_again(history_.machine()) : std::nullopt;
}

StepCount LiveRun::bound() const {
    const auto again = ask_again();
    if (!again) return options_.limit;
    return std::min(options_.limit, std::max(again->step, history_.now() + StepCount{1}));
}

std::optional<VirtualTime> LiveRun::until_asked() const {
    const auto again = ask_again();
    const auto time = history_.machine().time();
    if (!again || !again->time || *again->time <= time) return std::nullopt;
    return *again->time - time;
}

void LiveRun::warp(VirtualTime by) {
    history_.take(IdleWarp{by});
}

Arrival LiveRun::run() {
    const std::function<void()> each_slice = [this] { take_inputs(); };
    while (history_.now() < options_.limit) {
        const auto end = history_.run({.until = bound(),
                                       .observer = observer_,
                                       .points = points_,
                                       .show_output = true,
                                       .pause_when_idle = pauses_when_idle(),
                                       .each_slice = &each_slice});
        if (end == Arrival::idle || end == Arrival::asleep) {
            if (const auto waited = wait(end); waited != Arrival::reached) return waited;
        } else if (end != Arrival::reached) {
            return end;
        }
        if (history_.interrupted()) return Arrival::interrupted;
        take_inputs();
    }
    return Arrival::reached;
}

Arrival LiveRun::wait(Arrival why) {
    return why == Arrival::idle ? wait_idle() : wait_asleep();
}

void LiveRun::take_inputs() {
    if (port() == nullptr) return;
    const auto may_take = [&] {
        return history_.now() < options_.limit && history_.now() == history_.frontier();
    };
    for (int n = 0; n < kInputsPerSlice && may_take(); ++n) {
        auto input = port()->next(history_.machine());
        // A slice may end at the very step that switched the machine off.
        if (!input || history_.off()) return;
        history_.take(std::move(*input), observer_, points_);
    }
}

bool LiveRun::take_after(std::chrono::nanoseconds waited, VirtualTime at_most) {
    if (port() == nullptr) return false;
    auto input = port()->next(history_.machine());
    if (!input) return false;
    const VirtualTime by{
        std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(waited.count(), 0)), at_most.ns)};
    if (by.ns > 0) history_.take(IdleWarp{by});
    history_.take(std::move(*input), observer_, points_);
    return true;
}

void LiveRun::sleep(std::chrono::nanoseconds at_most) const {
    if (port() != nullptr) {
        port()->wait(std::min<std::chrono::nanoseconds>(at_most, kLongestSleep));
    } else {
        std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(at_most, kBlindSleep));
    }
}

// No observer: a jump of the clock accesses nothing.
Arrival LiveRun::jump() {
    return history_.run({.until = history_.now() + StepCount{1}, .show_output = true});
}

// Real time counts only while the machine is idle here: what passes while the user looks at it does not, and
// neither does a wait that an interrupt ends.
Arrival LiveRun::wait_idle() {
    const auto deadline = history_.machine().idle_deadline();
    const auto time = history_.machine().time();
    if (!deadline || *deadline <= time) return jump();
    const auto remaining = *deadline - time;
    const auto asked = until_asked();
    const bool asked_first = asked && *asked < remaining;
    const auto end = asked_first ? *asked : remaining;
    // A deadline that is centuries away must not overflow the host's clock; without anybody there nobody
    // waits.
    constexpr std::uint64_t kForever = std::uint64_t{1} << 62;
    const std::chrono::nanoseconds wanted{
        interactive() ? static_cast<std::int64_t>(std::min(end.ns, kForever)) : 0};
    const auto begin = history_.host_time();
    for (;;) {
        const auto waited = history_.host_time() - begin;
        if (history_.interrupted()) return Arrival::interrupted;
        // Strictly before the deadline: what is due then comes by the jump.
        const auto most = interactive() ? end - VirtualTime{1} : VirtualTime{};
        if (take_after(waited, most)) return Arrival::reached;
        if (waited >= wanted) break;
        sleep(wanted - waited);
    }
    if (!asked_first) return jump();
    warp(end);
    return Arrival::reached;
}

bool LiveRun::may_wait_asleep() const {
    return interactive() || (options_.wait_when_asleep && (port() != nullptr || history_.hooks.interrupted));
}

Arrival LiveRun::wait_asleep() {
    // What is here already needs no waiting, as the answer to a machine that asked its host, ...
    if (take_after({}, {})) return Arrival::reached;
    const auto asked = until_asked();
    if (!interactive()) {
        // ... and a time that is known beforehand needs none either.
        if (asked) return warp(*asked), Arrival::reached;
        if (!may_wait_asleep()) return Arrival::asleep;
    }
    const auto begin = history_.host_time();
    for (;;) {
        const auto waited = history_.host_time() - begin;
        if (history_.interrupted()) return Arrival::interrupted;
        const VirtualTime most = asked ? *asked : VirtualTime{~std::uint64_t{0}};
        if (take_after(waited, most)) return Arrival::reached;
        if (asked && waited.count() >= 0 && static_cast<std::uint64_t>(waited.count()) >= asked->ns) {
            warp(*asked);
            return Arrival::reached;
        }
        sleep(kLongestSleep);
    }
}

}  // namespace backspin::replay
