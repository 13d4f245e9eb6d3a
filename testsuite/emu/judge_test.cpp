// The judge: whatever way the machine is run, at every position it is in the state that the reference gives.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "emu/riscv_machine.hpp"
#include "testsuite/emu/judge.hpp"

namespace backspin::emu {
namespace {

using testing::Arrangement;
using testing::expect_same;
using testing::Judge;
using testing::machine_at_power_on;
using testing::RandomProgram;
using testing::Trapped;
using testing::with_devices;

Input random_input(std::mt19937_64& random, const Board& board) {
    const auto any = [&](std::uint64_t low, std::uint64_t high) {
        return std::uniform_int_distribution<std::uint64_t>(low, high)(random);
    };
    const HartId hart{static_cast<std::uint32_t>(any(0, board.harts.size() - 1))};
    switch (any(0, 4)) {
        case 0: return IdleWarp{VirtualTime{any(0, 500000)}};
        case 1: {
            std::vector<std::byte> bytes(any(1, 12));
            for (auto& byte : bytes) byte = static_cast<std::byte>(any(0, 255));
            const auto at = memory_map::kRamBase.value + any(0, RandomProgram::kBytes - 16);
            return MemoryWrite{hart, VirtualAddress{at}, bytes};
        }
        case 2: return RegisterWrite{hart, RegisterId{static_cast<std::uint32_t>(any(1, 27))}, random()};
        default: {
            std::vector<std::byte> bytes(std::min<std::uint64_t>(board.uart.room_for_input(), any(1, 3)));
            for (auto& byte : bytes) byte = static_cast<std::byte>(any(0, 255));
            return DeviceInput{kConsoleChannel, bytes};
        }
    }
}

/// The judge has something to judge: programs do ask the host for its clock, in machines with one hart and
/// with several.
TEST(Judge, RandomProgramsAskTheHostForItsClock) {
    std::size_t asked_alone = 0, asked_among_others = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        const Arrangement arrangement(seed);
        if (!arrangement.machine.board.rtc_is_hosts) continue;
        const RandomProgram program(seed, arrangement.program);
        const auto machine = machine_at_power_on(arrangement, program);
        RunOptions run;
        run.until = StepCount{3000};
        while (machine->run(run) == RunEnd::asleep && machine->board().rtc.asks_host()) {
            (machine->harts() == 1 ? asked_alone : asked_among_others) += 1;
            machine->apply(DeviceInput{kRtcChannel, std::vector<std::byte>(GoldfishRtc::kReadingSize)});
        }
    }
    EXPECT_GT(asked_alone, 0U);
    EXPECT_GT(asked_among_others, 0U);
}

/// Sixty programs are for every commit; BACKSPIN_SOAK=20000 is for a night.
int seeds() {
    const auto* soak = std::getenv("BACKSPIN_SOAK");
    return soak != nullptr ? std::max(std::atoi(soak), 60) : 60;
}

struct Engine {
    EngineKind kind;
    std::int32_t entries_before_translation;
    std::size_t code_bytes = std::size_t{32} << 20;
};

enum class Way : std::uint8_t { translated, otherwise };

/// Each program with its blocks translated at once, and in one other way: hot blocks only and hardly any room
/// for them, or none.
Engine engine_for(int seed, Way way) {
    if (way == Way::translated) return {EngineKind::automatic, 1};
    if (seed % 2 == 0) return {EngineKind::automatic, 4, EngineOptions::kLeastCodeBytes};
    return {EngineKind::interpreting, 0};
}

class JudgeTest : public ::testing::TestWithParam<std::tuple<int, Way>> {
  protected:
    static constexpr std::uint64_t kSteps = 3000;

    void SetUp() override {
        const auto seed = static_cast<std::uint64_t>(std::get<int>(GetParam()));
        random_.seed(seed);
        arrangement_.emplace(seed);
        program_.emplace(seed, arrangement_->program);
        const auto at_power_on = machine_at_power_on(*arrangement_, *program_)->save();
        begin_ = with_devices(seed, *arrangement_, at_power_on);
        judge_.emplace(*arrangement_, at_power_on.pages, begin_);
        for (std::uint64_t n = 0; n < kSteps; ++n) {
            std::optional<Input> input;
            if (any(0, 99) < 2) input = random_input(random_, judge_->board());
            if (any(0, 99) < 3) input = testing::random_device_input(random_, judge_->board());
            if (!judge_->step(input)) {
                // Asleep, off, or waiting for its host: only an input still moves it.
                input = judge_->board().rtc.asks_host() ? random_reading() : IdleWarp{VirtualTime{100}};
                judge_->step(input);
            }
            if (input) log_.emplace(StepCount{n}, *input);
        }
    }

    std::uint64_t any(std::uint64_t low, std::uint64_t high) {
        return std::uniform_int_distribution<std::uint64_t>(low, high)(random_);
    }

    std::unique_ptr<RiscvMachine> new_machine() const {
        const auto engine = std::apply(engine_for, GetParam());
        const EngineOptions options{engine.kind, engine.entries_before_translation, engine.code_bytes};
        auto machine = machine_at_power_on(*arrangement_, *program_, options);
        machine->load(begin_);
        return machine;
    }

    Input random_reading() {
        std::vector<std::byte> bytes(any(0, 9) == 0 ? any(1, 9) : GoldfishRtc::kReadingSize);
        for (auto& byte : bytes) byte = static_cast<std::byte>(any(0, 255));
        return DeviceInput{kRtcChannel, bytes};
    }

    /// Runs the machine to a position as a replay does: inputs at their places.
    void run_to(RiscvMachine& machine, StepCount until, Observer* observer = nullptr) {
        while (machine.now() < until) {
            const auto next = log_.lower_bound(machine.now());
            if (next != log_.end() && next->first == machine.now()) {
                ASSERT_EQ(machine.apply(next->second, observer), Verdict::go_on);
                continue;
            }
            RunOptions run;
            run.until = next != log_.end() ? std::min(until, next->first) : until;
            ASSERT_EQ(machine.run(run, observer), RunEnd::reached) << "before " << machine.now().value;
        }
    }

    /// To the end, in pieces from snapshot to snapshot: what is written after one is copied first.
    void run_with_snapshots(RiscvMachine& machine, Observer& observer) {
        std::vector<SavedState> kept;
        while (machine.now() < judge_->last()) {
            kept.push_back(machine.save());
            const auto until = std::min(judge_->last(), machine.now() + StepCount{any(1, 300)});
            ASSERT_NO_FATAL_FAILURE(run_to(machine, until, &observer));
        }
    }

    std::mt19937_64 random_;
    std::optional<Arrangement> arrangement_;
    std::optional<RandomProgram> program_;
    SavedState begin_;
    std::optional<Judge> judge_;
    std::map<StepCount, Input> log_;
};

TEST_P(JudgeTest, StepByStepEveryStateIsTheReferences) {
    const auto owned_machine = new_machine();
    auto& machine = *owned_machine;
    while (machine.now() < judge_->last()) {
        const auto at = machine.now();
        if (const auto input = log_.find(at); input != log_.end()) {
            machine.apply(input->second);
        } else {
            const auto info = machine.step();
            ASSERT_TRUE(info.has_value()) << at.value;
            ASSERT_EQ(info->kind, judge_->info(at).kind) << at.value;
            ASSERT_EQ(info->returned_from_trap, judge_->info(at).returned_from_trap) << at.value;
        }
        ASSERT_EQ(machine.now(), at + StepCount{1});
        ASSERT_NO_FATAL_FAILURE(expect_same(machine, *judge_, "stepped"));
    }
}

TEST_P(JudgeTest, InRandomSlicesWithRestoresEveryEndIsTheReferences) {
    const auto owned_machine = new_machine();
    auto& machine = *owned_machine;
    std::vector<SavedState> kept{machine.save()};
    for (int moves = 0; moves < 200; ++moves) {
        if (any(0, 3) == 0) machine.load(kept[any(0, kept.size() - 1)]);
        const auto far = any(0, 9) == 0 ? any(1, kSteps) : any(1, 40);
        const auto until = std::min(judge_->last(), machine.now() + StepCount{far});
        ASSERT_NO_FATAL_FAILURE(run_to(machine, until));
        ASSERT_NO_FATAL_FAILURE(expect_same(machine, *judge_, "sliced"));
        if (any(0, 4) == 0) kept.push_back(machine.save());
        if (machine.now() == judge_->last()) machine.load(kept.front());
    }
}

TEST_P(JudgeTest, SavedStatesLoadToTheSameBytes) {
    const auto owned_machine = new_machine();
    auto& machine = *owned_machine;
    const auto owned_other = new_machine();
    auto& other = *owned_other;
    for (std::uint64_t n = 0; n < kSteps; n += any(1, 200)) {
        ASSERT_NO_FATAL_FAILURE(run_to(machine, StepCount{n}));
        const auto first = machine.save();
        other.load(first);
        const auto second = other.save();
        ASSERT_EQ(first.fields, second.fields);
        ASSERT_EQ(first.ends, second.ends);
        ASSERT_EQ(first.pages.digest(), second.pages.digest());
    }
}

/// Keeps what an armed run reports.
class Collector : public Observer {
  public:
    Verdict on_hit(const Hit& hit) override {
        hits.push_back(hit);
        return Verdict::go_on;
    }
    Verdict on_interrupt(HartId, const ExecutionContext& interrupted) override {
        interrupts.push_back(interrupted.pc);
        return Verdict::go_on;
    }
    std::vector<Hit> hits;
    std::vector<VirtualAddress> interrupts;
};

TEST_P(JudgeTest, ExecuteStopsAreTheAttemptsAndChangeNothing) {
    // Stop at addresses that the program does pass.
    std::vector<StopPoint> points;
    for (int i = 0; i < 5; ++i) {
        points.push_back({StopKind::execute, judge_->pc(StepCount{any(0, kSteps - 1)}), 1});
    }
    std::vector<StepCount> expected;
    std::size_t interrupts = 0;
    for (std::uint64_t n = 0; n < kSteps; ++n) {
        const StepCount at{n};
        interrupts += judge_->info(at).kind == StepKind::interrupt ? 1 : 0;
        const auto is_stop =
            std::ranges::any_of(points, [&](const auto& p) { return p.address == judge_->pc(at); });
        if (judge_->info(at).kind == StepKind::attempt && is_stop) expected.push_back(at);
    }
    const auto owned_machine = new_machine();
    auto& machine = *owned_machine;
    machine.set_stop_points(points);
    Collector collector;
    while (machine.now() < judge_->last()) {
        const auto until = std::min(judge_->last(), machine.now() + StepCount{any(1, 300)});
        ASSERT_NO_FATAL_FAILURE(run_to(machine, until, &collector));
        ASSERT_NO_FATAL_FAILURE(expect_same(machine, *judge_, "armed"));
    }
    std::vector<StepCount> got;
    for (const auto& hit : collector.hits) got.push_back(hit.at);
    EXPECT_EQ(got, expected);
    EXPECT_EQ(collector.interrupts.size(), interrupts);
}

/// Stops at every hit and goes on over it by a plain step.
class Stopper : public Observer {
  public:
    Verdict on_hit(const Hit& hit) override {
        last = hit;
        return Verdict::stop;
    }
    std::optional<Hit> last;
};

/// Every trap is told once, before it, with nothing of it done; and then it happens as if nobody had looked.
TEST_P(JudgeTest, TrapStopsAreTheTrapsAndComeBeforeThem) {
    const auto& traps = judge_->traps();
    StopPoint point{StopKind::trap, VirtualAddress{0}, ~std::uint64_t{0}};
    if (!traps.empty() && any(0, 1) == 0)
        point = {StopKind::trap, VirtualAddress{traps[any(0, traps.size() - 1)].cause}, 1};
    std::vector<Trapped> expected;
    std::ranges::copy_if(traps, std::back_inserter(expected), [&](const Trapped& trap) {
        return point.length != 1 || trap.cause == point.address.value;
    });

    const auto owned_machine = new_machine();
    auto& machine = *owned_machine;
    machine.set_stop_points(std::span(&point, 1));
    std::vector<Trapped> got;
    Stopper stopper;
    while (machine.now() < judge_->last()) {
        if (const auto input = log_.find(machine.now()); input != log_.end()) {
            ASSERT_EQ(machine.apply(input->second, &stopper), Verdict::go_on);
            continue;
        }
        const auto next = log_.upper_bound(machine.now());
        RunOptions run;
        run.until = next != log_.end() ? std::min(judge_->last(), next->first) : judge_->last();
        const auto end = machine.run(run, &stopper);
        ASSERT_NO_FATAL_FAILURE(expect_same(machine, *judge_, "at a trap"));
        if (end == RunEnd::reached) continue;
        ASSERT_EQ(end, RunEnd::stopped);
        ASSERT_EQ(stopper.last->kind, StopKind::trap);
        ASSERT_EQ(stopper.last->at, machine.now());
        got.push_back({stopper.last->at, stopper.last->hart, stopper.last->address.value});
        ASSERT_TRUE(machine.step().has_value());
        ASSERT_NO_FATAL_FAILURE(expect_same(machine, *judge_, "after a trap"));
    }
    EXPECT_TRUE(got == expected) << got.size() << " traps of " << expected.size();
}

/// Pieces of pages that the program does change, from comparing states of the reference.
std::vector<StopPoint> some_that_change(const Judge& judge, std::uint64_t ram_bytes,
                                        std::mt19937_64& random) {
    std::vector<StopPoint> points;
    const auto& from = judge.state(StepCount{0}).pages;
    PageRoot::for_each_difference(
        from, judge.state(judge.last()).pages, [&](PageIndex index, const Page*, const Page*) {
            if (index.value >= ram_bytes / kPageSize) return;  // of a drive
            const auto at = memory_map::kRamBase.value + index.value * kPageSize + random() % 4001;
            points.push_back({StopKind::write, VirtualAddress{at}, 1 + random() % 90});
        });
    return points;
}

using Changes = std::vector<std::pair<StepCount, std::uint64_t>>;

/// Each step that changes bytes of each range, from comparing neighbouring states; ranges by where they
/// start.
Changes changes_of(const Judge& judge, const std::vector<StopPoint>& points) {
    const auto bytes_of = [&](StepCount at, const StopPoint& point) {
        std::vector<std::byte> bytes(point.length);
        const auto& pages = judge.state(at).pages;
        for (std::uint64_t i = 0; i < point.length; ++i) {
            const auto offset = point.address.value + i - memory_map::kRamBase.value;
            bytes[i] = pages.page(PageIndex{offset / kPageSize})[offset % kPageSize];
        }
        return bytes;
    };
    Changes changes;
    for (StepCount at; at < judge.last(); at += StepCount{1}) {
        for (const auto& point : points) {
            if (bytes_of(at, point) != bytes_of(at + StepCount{1}, point))
                changes.emplace_back(at, point.address.value);
        }
    }
    std::ranges::sort(changes);
    return changes;
}

Changes changes_told(const Collector& collector) {
    Changes changes;
    for (const auto& hit : collector.hits) {
        if (hit.changes_value) changes.emplace_back(hit.at, hit.address.value);
    }
    std::ranges::sort(changes);
    return changes;
}

TEST_P(JudgeTest, PhysicalWatchesReportEveryChangeUnderAnyAddress) {
    auto points = some_that_change(*judge_, arrangement_->machine.ram_bytes, random_);
    for (auto& point : points) point.space = StopSpace::physical;
    const auto machine = new_machine();
    machine->set_stop_points(points);
    Collector collector;
    ASSERT_NO_FATAL_FAILURE(run_with_snapshots(*machine, collector));
    ASSERT_NO_FATAL_FAILURE(expect_same(*machine, *judge_, "watched"));
    EXPECT_EQ(changes_told(collector), changes_of(*judge_, points));
}

TEST_P(JudgeTest, WatchesReportEveryChangeAndStopBeforeIt) {
    const auto owned_machine = new_machine();
    auto& machine = *owned_machine;
    const auto points = some_that_change(*judge_, arrangement_->machine.ram_bytes, random_);
    machine.set_stop_points(points);
    Collector collector;
    ASSERT_NO_FATAL_FAILURE(run_with_snapshots(machine, collector));
    ASSERT_NO_FATAL_FAILURE(expect_same(machine, *judge_, "watched"));
    // In machine mode an address is the same for the program and for memory.
    if (!arrangement_->program.privileged) {
        EXPECT_EQ(changes_told(collector), changes_of(*judge_, points));
    }

    // A stop leaves the machine before the step, in the reference's state.
    const auto owned_stopped = new_machine();
    auto& stopped = *owned_stopped;
    stopped.set_stop_points(points);
    Stopper stopper;
    for (int stops = 0; stops < 20 && stopped.now() < judge_->last();) {
        if (const auto input = log_.find(stopped.now()); input != log_.end()) {
            const auto at = stopped.now();
            if (stopped.apply(input->second, &stopper) == Verdict::go_on) continue;
            ASSERT_EQ(stopped.now(), at);
            ASSERT_NO_FATAL_FAILURE(expect_same(stopped, *judge_, "stopped at a watch by an input"));
            stopped.apply(input->second);
            ASSERT_NO_FATAL_FAILURE(expect_same(stopped, *judge_, "an input behind a watch"));
            continue;
        }
        const auto next = log_.lower_bound(stopped.now());
        RunOptions run;
        run.until = next != log_.end() ? std::min(judge_->last(), next->first) : judge_->last();
        if (stopped.run(run, &stopper) != RunEnd::stopped) continue;
        ++stops;
        ASSERT_EQ(stopped.now(), stopper.last->at);
        ASSERT_NO_FATAL_FAILURE(expect_same(stopped, *judge_, "stopped at a watch"));
        ASSERT_TRUE(stopped.step().has_value());
    }
}

bool has(const std::vector<PageNumber>& pages, PageNumber page) {
    return std::ranges::binary_search(pages, page);
}

TEST_P(JudgeTest, NotesNameEveryPageThatIsTouched) {
    const auto owned_machine = new_machine();
    auto& machine = *owned_machine;
    const auto owned_armed = new_machine();
    auto& armed = *owned_armed;
    // Everything: of the hits, those of a page are told by a stop that is that page.
    std::vector<StopPoint> points;
    for (std::uint64_t at = 0; at < RandomProgram::kBytes; at += kPageSize) {
        for (const auto base : {memory_map::kRamBase.value, testing::random_layout::kAlias}) {
            for (const auto kind : {StopKind::read, StopKind::write})
                points.push_back({kind, VirtualAddress{base + at}, kPageSize});
        }
    }
    armed.set_stop_points(points);
    machine.take_access_notes();
    while (machine.now() < judge_->last()) {
        const auto begin = machine.now();
        const auto until = std::min(judge_->last(), begin + StepCount{any(1, 300)});
        if (any(0, 3) == 0) {  // what else it does in between does no harm
            const auto here = machine.save();
            ASSERT_NO_FATAL_FAILURE(run_to(machine, std::min(judge_->last(), begin + StepCount{any(1, 50)})));
            machine.load(here);
        }
        ASSERT_NO_FATAL_FAILURE(run_to(machine, until));
        const auto notes = *machine.take_access_notes();

        for (auto at = begin; at < until; at += StepCount{1}) {
            if (judge_->info(at).kind != StepKind::attempt) continue;
            ASSERT_TRUE(has(notes.executed, page_number(judge_->pc(at)))) << at.value;
        }
        PageRoot::for_each_difference(
            judge_->state(begin).pages, judge_->state(until).pages,
            [&](PageIndex index, const Page*, const Page*) {
                if (index.value >= arrangement_->machine.ram_bytes / kPageSize) return;  // of a drive
                const auto at = memory_map::kRamBase.value + index.value * kPageSize;
                EXPECT_TRUE(has(notes.changed, page_number(PhysicalAddress{at})))
                    << std::hex << at << std::dec << " from " << begin.value << " to " << until.value;
            });
        Collector collector;
        ASSERT_NO_FATAL_FAILURE(run_to(armed, until, &collector));
        for (const auto& hit : collector.hits) {
            const auto page = page_number(hit.address);
            const bool is_outside = hit.by != Accessor{} || !notes.changed_from_outside.empty();
            EXPECT_TRUE(has(notes.written, page) || (hit.kind == StopKind::read && has(notes.read, page)) ||
                        (is_outside && (notes.translated || has(notes.changed_from_outside, page))))
                << hit.at.value << " page " << std::hex << page.value;
        }
    }
}

/// So that none of the above is about devices that do nothing.
TEST(Judge, DevicesOfTheRandomProgramsWriteMemory) {
    std::size_t by_event = 0, by_input = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const Arrangement arrangement(seed);
        const RandomProgram program(seed, arrangement.program);
        const auto at_power_on = machine_at_power_on(arrangement, program)->save();
        Judge judge(arrangement, at_power_on.pages, with_devices(seed, arrangement, at_power_on));
        std::mt19937_64 random(seed);
        while (judge.last() < StepCount{1500}) {
            std::optional<Input> input;
            if (random() % 30 == 0) input = testing::random_device_input(random, judge.board());
            if (!judge.step(input)) judge.step(IdleWarp{VirtualTime{100}});
            const auto at = judge.last() - StepCount{1};
            if (judge.memory_digest(at) == judge.memory_digest(judge.last())) continue;
            if (judge.info(at).kind == StepKind::device_event) ++by_event;
            if (input && std::holds_alternative<DeviceInput>(*input)) ++by_input;
        }
    }
    EXPECT_GT(by_event, 15u);
    EXPECT_GT(by_input, 10u);
}

std::string name_of(const ::testing::TestParamInfo<JudgeTest::ParamType>& info) {
    const auto [seed, way] = info.param;
    return std::to_string(seed) + (way == Way::translated ? "_translated" : "_otherwise");
}

INSTANTIATE_TEST_SUITE_P(RandomPrograms, JudgeTest,
                         ::testing::Combine(::testing::Range(1, seeds() + 1),
                                            ::testing::Values(Way::translated, Way::otherwise)),
                         name_of);

}  // namespace
}  // namespace backspin::emu
