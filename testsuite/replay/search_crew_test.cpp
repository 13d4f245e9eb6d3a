// Searches by several machines. That they find what one machine finds is for random_moves_test.cpp to show.

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "replay/search_crew.hpp"
#include "testsuite/replay/bench.hpp"

namespace backspin::replay {
namespace {

/// Counts upward in r1, and stores it to 0x5000 each time.
std::vector<toy::Image> storing() {
    using toy::Op;
    auto images = toy::reset_code();
    toy::Code code(toy::kMain);
    code(Op::li, 2, 0, 0x5000)(Op::addi, 1, 1, 1)(Op::store, 1, 2, 0)(Op::nop)(Op::bne, 1, 0, -3);
    images.push_back(code.image());
    return images;
}

Stops at(std::uint64_t address) {
    Stops stops;
    stops.points = {{StopKind::execute, {address}}};
    return stops;
}

/// What the crew's machines did, all together.
struct Crew {
    std::atomic<int> machines{0};
    std::function<std::unique_ptr<Machine>()> make;

    explicit Crew(std::vector<toy::Image> guest, std::shared_ptr<PageStore> store)
        : make([this, guest = std::move(guest), store = std::move(store)] {
              ++machines;
              return std::make_unique<toy::ToyMachine>(1, guest, store);
          }) {}
    TimelineOptions options(std::size_t size) const {
        TimelineOptions options{.epoch_steps = {64}, .use_access_index = false};
        options.search_machines = size;
        options.make_search_machine = make;
        return options;
    }
};

constexpr std::uint64_t kAddi = toy::kMain + 4;
constexpr std::uint64_t kFrontier = 20'000;

TEST(SearchCrew, SearchesWhatTheTimelinesMachineNeedNot) {
    Crew crew(storing(), PageStore::create());
    Bench bench(storing(), 1, crew.options(3));
    bench.go_on_to(kFrontier);
    auto stops = at(kAddi);
    stops.filter_key = 1;
    stops.filter = [](const Machine& machine, const Hit& hit) {
        EXPECT_EQ(machine.now(), hit.at);
        return static_cast<const toy::ToyMachine&>(machine).hart(0).registers[1] == 17;
    };
    const auto found = bench.timeline.go_back(stops);
    EXPECT_EQ(found.why, StopReason::stop_point);
    EXPECT_EQ(bench.machine.hart(0).registers[1], 17);
    EXPECT_LE(bench.machine.observed_steps, 64) << "the first stretch only";
    EXPECT_GE(crew.machines, 1);
    EXPECT_LE(crew.machines, 3);

    const auto machines = crew.machines.load();
    bench.machine.observed_steps = 0;
    bench.seek(kFrontier);
    EXPECT_EQ(bench.timeline.go_back(stops).at, found.at) << "from memory";
    EXPECT_EQ(bench.machine.observed_steps, 0);
    EXPECT_EQ(crew.machines, machines);
}

TEST(SearchCrew, IsNotMadeForWhatIsNear) {
    Crew crew(storing(), PageStore::create());
    Bench bench(storing(), 1, crew.options(3));
    bench.go_on_to(kFrontier);
    EXPECT_EQ(bench.timeline.go_back(at(kAddi)).why, StopReason::stop_point);
    EXPECT_EQ(crew.machines, 0);
}

TEST(SearchCrew, BringsWhatTheIndexLacks) {
    Crew crew(storing(), PageStore::create());
    Bench recorded(storing());
    recorded.go_on_to(kFrontier);
    auto options = crew.options(2);
    options.use_access_index = true;
    Bench replay(recorded, options);
    replay.seek(kFrontier);
    EXPECT_EQ(replay.timeline.go_back(at(0x7000)).why, StopReason::history_begin);
    // Everything was gone through once: who looks for another place that nobody came to runs nothing.
    replay.seek(kFrontier);
    replay.machine.observed_steps = 0;
    const auto machines = crew.machines.load();
    EXPECT_EQ(replay.timeline.go_back(at(0x9000)).why, StopReason::history_begin);
    EXPECT_EQ(replay.machine.observed_steps, 0);
    EXPECT_EQ(crew.machines, machines);
}

TEST(SearchCrew, AnInterruptCallsItOffAndLeavesTheUserWhereTheyWere) {
    Crew crew(storing(), PageStore::create());
    Bench bench(storing(), 1, crew.options(2));
    bench.go_on_to(kFrontier);
    const auto state = bench.state();
    // A condition that takes a while, so that nobody is done before somebody looks.
    std::atomic<bool> patient{false};
    auto stops = at(kAddi);
    stops.filter_key = 1;
    stops.filter = [&](const Machine&, const Hit&) {
        if (!patient) std::this_thread::sleep_for(std::chrono::milliseconds{1});
        return false;
    };
    for (int patience = 1; patience < 6; ++patience) {
        int polls = 0;
        bench.host.interrupt = [&] { return polls++ == patience; };
        EXPECT_EQ(bench.timeline.go_back(stops).why, StopReason::interrupted);
        EXPECT_EQ(bench.here(), kFrontier);
        EXPECT_EQ(bench.state(), state);
    }
    bench.host.interrupt = nullptr;
    patient = true;
    EXPECT_EQ(bench.timeline.go_back(stops).why, StopReason::history_begin);
    bench.go_on_to(kFrontier + 100);
    EXPECT_EQ(bench.timeline.go_back(at(kAddi)).why, StopReason::stop_point);
}

TEST(SearchCrew, AMachineThatCannotBeMadeIsTold) {
    TimelineOptions options{.epoch_steps = {64}, .use_access_index = false};
    options.search_machines = 2;
    bool works = false;
    const auto store = PageStore::create();
    options.make_search_machine = [&]() -> std::unique_ptr<Machine> {
        if (!works) throw std::runtime_error("no memory left");
        return std::make_unique<toy::ToyMachine>(1, storing(), store);
    };
    Bench bench(storing(), 1, options);
    bench.go_on_to(kFrontier);
    EXPECT_THROW(bench.timeline.go_back(at(0x7000)), std::runtime_error);
    works = true;
    bench.seek(kFrontier);
    EXPECT_EQ(bench.timeline.go_back(at(0x7000)).why, StopReason::history_begin);
}

/// Falls asleep instead of going on.
class Lazy : public toy::ToyMachine {
  public:
    using ToyMachine::ToyMachine;
    RunEnd run(const RunOptions&, Observer*) override { return RunEnd::asleep; }
};

TEST(SearchCrew, AMachineThatDoesNotFollowIsTold) {
    TimelineOptions options{.epoch_steps = {64}, .use_access_index = false};
    options.search_machines = 2;
    const auto store = PageStore::create();
    options.make_search_machine = [&] { return std::make_unique<Lazy>(1, storing(), store); };
    Bench bench(storing(), 1, options);
    bench.go_on_to(kFrontier);
    EXPECT_EQ(bench.timeline.go_back(at(0x7000)).why, StopReason::diverged);
    EXPECT_EQ(bench.here(), kFrontier);
}

TEST(SearchCrew, TellsHowFarItIs) {
    Crew crew(storing(), PageStore::create());
    Bench bench(storing(), 1, crew.options(2));
    bench.go_on_to(kFrontier);
    bench.host.each_look = std::chrono::milliseconds{300};
    bench.timeline.go_back(at(0x7000));
    ASSERT_FALSE(bench.host.progress.empty());
    auto reached = StepCount{kFrontier};
    for (const auto& told : bench.host.progress) {
        EXPECT_LE(told.reached.step, reached);
        reached = told.reached.step;
    }
    EXPECT_LT(reached.value, kFrontier);
}

}  // namespace
}  // namespace backspin::replay
