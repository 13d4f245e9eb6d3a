// A toy machine under a timeline, with a fake host: what the tests of single behaviours start from.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "replay/timeline.hpp"
#include "testsuite/replay/fake_host.hpp"
#include "testsuite/replay/guests.hpp"
#include "testsuite/replay/judge.hpp"

namespace backspin::replay {

/// Counts what a timeline makes its machine do.
class CountingMachine : public toy::ToyMachine {
  public:
    using ToyMachine::ToyMachine;
    RunEnd run(const RunOptions& options, Observer* observer = nullptr) override {
        const auto before = now();
        const auto end = ToyMachine::run(options, observer);
        if (observer != nullptr) observed_steps += (now() - before).value;
        return end;
    }
    std::optional<StepInfo> step(bool show_output = false) override {
        ++steps;
        return ToyMachine::step(show_output);
    }
    std::uint64_t steps = 0;           ///< all of them, in runs and one by one
    std::uint64_t observed_steps = 0;  ///< in runs with an observer
};

class Shown : public OutputSink {
  public:
    void output(Channel, std::span<const std::byte> bytes) override {
        for (const auto byte : bytes) text.push_back(std::to_integer<std::uint8_t>(byte));
    }
    std::vector<std::uint8_t> text;
};

struct Bench {
    explicit Bench(std::vector<toy::Image> guest, std::size_t harts = 1,
                   TimelineOptions options = {.epoch_steps = {64}})
        : images(std::move(guest)), machine(harts, images, store), timeline(machine, options) {
        machine.set_output(&shown);
        timeline.set_host(host.hooks());
    }
    /// A finished recording of what another bench did.
    Bench(const Bench& recorded, TimelineOptions options)
        : images(recorded.images),
          store(recorded.store),
          machine(recorded.machine.harts(), images, store),
          timeline(machine, PastRun{recorded.timeline.log(), recorded.timeline.frontier().step}, options) {
        machine.set_output(&shown);
        timeline.set_host(host.hooks());
    }

    std::uint64_t here() const { return timeline.position().step.value; }
    std::uint64_t frontier() const { return timeline.frontier().step.value; }
    std::uint64_t pc(std::uint32_t hart = 0) const { return machine.context({hart}).pc.value; }
    std::uint64_t state() { return digest(machine.save()); }

    Stopped go_on_to(std::uint64_t limit, const Stops& stops = {}) {
        return timeline.go_on(stops, {.limit = {limit}});
    }
    Stopped seek(std::uint64_t step) { return timeline.seek({{}, {step}}); }
    Stopped step(bool show_interrupts = true, const Stops& stops = {}) {
        return timeline.step({0}, {.show_interrupts = show_interrupts}, stops);
    }
    Stopped step_back(bool show_interrupts = true, const Stops& stops = {}) {
        return timeline.step_back({0}, {.show_interrupts = show_interrupts}, stops);
    }

    std::vector<toy::Image> images;
    std::shared_ptr<PageStore> store = PageStore::create();
    CountingMachine machine;
    Shown shown;
    FakeHost host;
    Timeline timeline;
};

inline Stops at(std::uint64_t address) {
    return {.points = {{StopKind::execute, {address}}}};
}
inline Stops on(StopKind kind, std::uint64_t address) {
    return {.points = {{kind, {address}, 8}}};
}

}  // namespace backspin::replay
