// Any random sequence of moves agrees with the judge: in where it ends, why, with which hits, and in the
// whole state.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "replay/timeline.hpp"
#include "testsuite/replay/fake_host.hpp"
#include "testsuite/replay/guests.hpp"
#include "testsuite/replay/judge.hpp"

namespace backspin::replay {
namespace {

constexpr VirtualTime kLongestInterrupt{3000};  // 300 steps of the toy

std::string text(StopReason why) {
    constexpr std::array names{"done",   "stop_point",  "interrupted", "history_begin", "history_end",
                               "asleep", "powered_off", "limit",       "diverged"};
    return names.at(static_cast<std::size_t>(why));
}

std::string text(const std::vector<Hit>& hits) {
    std::ostringstream out;
    for (const auto& hit : hits) {
        out << " {kind " << static_cast<int>(hit.kind) << " address " << std::hex << hit.address.value
            << std::dec << " at " << hit.at.value << " hart " << hit.hart.value << " by "
            << static_cast<int>(hit.by.kind) << "}";
    }
    return out.str();
}

/// Compares what a listener is told with the judge, later: the judge has not been there yet.
class Epochs : public HistoryListener {
  public:
    void on_epoch(Position at, const SavedState& state) override {
        told.emplace_back(at.step, digest(state));
    }
    void on_accesses(Position begin, StepCount end, const PackedNotes& notes) override {
        EXPECT_LT(begin.step, end);
        EXPECT_GE(begin.step, told_until) << "told once, in order";
        told_until = end;
        accesses.push_back({begin.step, end, notes.to_bytes()});
    }
    std::vector<std::pair<StepCount, std::uint64_t>> told;
    struct Accesses {
        StepCount begin, end;
        std::vector<std::byte> notes;  ///< as a file has them
    };
    std::vector<Accesses> accesses;
    StepCount told_until;  ///< of accesses
};

/// As a recording's file gives them: made by another machine.
class Stored : public StoredSnapshots {
  public:
    std::optional<StepCount> latest_at_or_before(StepCount step) const override {
        const auto after = states.upper_bound(step);
        if (after == states.begin()) return std::nullopt;
        return std::prev(after)->first;
    }
    std::vector<SavedState> load(StepCount at) override {
        std::vector<SavedState> loaded;
        const auto found = states.find(at);
        if (found != states.begin()) loaded.push_back(std::prev(found)->second);
        loaded.push_back(found->second);
        return loaded;
    }
    std::map<StepCount, SavedState> states;
};

class Session {
  public:
    Session(std::uint64_t seed, std::size_t harts, std::vector<toy::Image> images)
        : random_(seed),
          images_(std::move(images)),
          machine_(std::make_unique<toy::ToyMachine>(harts, images_, store_)),
          judge_(std::make_unique<toy::ToyMachine>(harts, images_), kLongestInterrupt) {
        if (one_in(4)) machine_->refuse_notes();
        // A history need not begin at power-on.
        if (one_in(3)) {
            for (auto n = below(300); n > 0 && machine_->step(); --n) continue;
        }
        start_ = machine_->save();
        judge_.begin_at(start_.at);
        timeline_ = std::make_unique<Timeline>(*machine_, options());
        timeline_->set_host(host_.hooks());
        judge_.follow(timeline_->log(), start_.at);
    }

    void run(int moves) {
        make_moves(moves);
        replay_agrees();
        become_a_recording();
        make_moves(moves / 4);
        for (const auto& [at, digest] : epochs_.told) EXPECT_EQ(digest, judge_.digest_at(at)) << at.value;
    }

  private:
    TimelineOptions options() {
        const std::array<std::uint64_t, 4> spacings{16, 23, 64, 1000};
        TimelineOptions options;
        options.epoch_steps = {spacings.at(random_() % spacings.size())};
        options.snapshot_budget.snapshots = 8 + random_() % 64;
        if (one_in(2)) options.snapshot_budget.bytes = (20 + random_() % 200) * kPageSize;
        options.longest_interrupt = kLongestInterrupt;
        options.use_access_index = !one_in(4);
        options.listener = &epochs_;
        options.spill = some_spill();
        if (one_in(2)) {
            options.search_machines = 2 + below(2);
            const bool refuses = machine_->refuses_notes();
            options.make_search_machine = [this, harts = machine_->harts(), refuses] {
                auto machine = std::make_unique<toy::ToyMachine>(harts, images_, store_);
                if (refuses) machine->refuse_notes();
                return machine;
            };
        }
        return options;
    }

    /// None, one that holds everything, or one that is thinned all the time or gives up.
    snapshots::Spill* some_spill() {
        if (one_in(3)) return nullptr;
        snapshots::SpillOptions options;
        if (one_in(2)) options.limit = 10'000 + random_() % 200'000;
        spills_.push_back(std::make_unique<snapshots::Spill>(options));
        return spills_.back().get();
    }

    StepCount here() const { return timeline_->position().step; }
    StepCount frontier() const { return timeline_->frontier().step; }
    std::uint64_t below(std::uint64_t n) { return random_() % n; }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    HartId some_hart() { return {static_cast<std::uint32_t>(below(machine_->harts()))}; }
    std::optional<StepCount> end() const {
        return timeline_->goes_live() ? std::nullopt : std::optional(frontier());
    }

    void make_moves(int moves) {
        for (int n = 0; n < moves && !::testing::Test::HasFailure(); ++n) {
            SCOPED_TRACE("move " + std::to_string(n) + " at " + std::to_string(here().value) + " of " +
                         std::to_string(frontier().value));
            move();
        }
    }

    /// The same history, finished, from its beginning.
    void become_a_recording() {
        PastRun past{timeline_->log(), frontier()};
        timeline_->tell_accesses();
        const auto accesses = std::exchange(epochs_.accesses, {});
        epochs_.told_until = {};
        timeline_.reset();
        machine_ = std::make_unique<toy::ToyMachine>(machine_->harts(), images_, store_);
        machine_->load(start_);
        auto with_stored = options();
        store_some(past);
        with_stored.stored = &stored_;
        timeline_ = std::make_unique<Timeline>(*machine_, std::move(past), with_stored);
        for (const auto& each : accesses) {
            if (!one_in(5))
                timeline_->add_accesses(each.begin, each.end, *PackedNotes::from_bytes(each.notes));
        }
        timeline_->set_host(host_.hooks());
        told_.clear();
    }

    void store_some(const PastRun& past) {
        toy::ToyMachine machine(machine_->harts(), images_, store_);
        machine.load(start_);
        Timeline replay(machine, past, {});
        for (auto n = below(4); n > 0; --n) {
            const StepCount at{start_.at.value + below((past.frontier - start_.at).value + 1)};
            replay.seek({{}, at});
            stored_.states[at] = machine.save();
        }
    }

    void move() {
        if (one_in(12)) change_stops();
        if (one_in(40)) timeline_->pin_here();
        if (one_in(10)) host_.arrives(typed({static_cast<int>(below(256))}));
        countdown_ = one_in(8) ? static_cast<int>(below(6)) : -1;
        host_.interrupt = [this] { return countdown_ >= 0 && countdown_-- == 0; };
        switch (below(12)) {
            case 0: return go_on();
            case 1: return go_back();
            case 2: return seek();
            case 3: return write();
            case 4:
            case 5:
            case 6: return step();
            default: return step_back();
        }
    }

    void change_stops() {
        stops_ = {};
        const auto count = below(4);
        for (std::uint64_t n = 0; n < count; ++n) {
            const auto kind = static_cast<StopKind>(below(4));
            const std::array<std::uint64_t, 4> code{toy::kMain, toy::kSecondMain, toy::kHandlerAddress, 0};
            const std::array<std::uint64_t, 6> data{toy::kCounter, toy::kTicks, toy::kConstant,
                                                    0x5000,        toy::kDma,   toy::kDma + 8};
            auto address = kind == StopKind::execute ? code.at(below(4)) + 4 * below(30) : data.at(below(6));
            // A place that has just been passed is more telling than a random one.
            if (kind == StopKind::execute && one_in(2)) address = machine_->context(some_hart()).pc.value;
            stops_.points.push_back({kind, {address}, kind == StopKind::execute ? 1 : 1 + below(8)});
        }
        if (one_in(4)) stops_.timing = DataTiming::after_access;
        if (one_in(4)) {
            stops_.filter_key = below(2);
            stops_.filter = [key = stops_.filter_key](const Machine&, const Hit& hit) {
                return hit.at.value % 3 != key;
            };
        }
    }

    void go_on() {
        const auto from = here();
        const auto ends = end();
        const GoOnOptions options{.limit = from + StepCount{one_in(8) ? below(3) : 1 + below(400)}};
        const auto stopped = timeline_->go_on(stops_, options);
        judge_.follow(timeline_->log(), frontier());
        check("go_on", stopped, judge_.go_on(from, ends, stops_, told_, options.limit), from);
    }

    void go_back() {
        const auto from = here();
        check("go_back", timeline_->go_back(stops_), judge_.go_back(from, stops_, told_), from);
    }

    void seek() {
        const auto from = here();
        const StepCount target{one_in(2) ? below(frontier().value + 3)
                                         : frontier().value - std::min(frontier().value, below(100))};
        auto why = target > frontier() ? StopReason::history_end : StopReason::done;
        if (target < start_.at) why = StopReason::history_begin;
        check("seek", timeline_->seek({{}, target}), {why, std::clamp(target, start_.at, frontier()), {}},
              from);
    }

    void step() {
        const auto from = here();
        const auto ends = end();
        const auto hart = some_hart();
        StepPolicy policy{.show_interrupts = one_in(2)};
        if (one_in(4)) {
            const auto pc = machine_->context(hart).pc;
            policy.range = {{pc.value - std::min(pc.value, 4 * below(4))}, {pc.value + 4 * below(8)}};
        }
        const GoOnOptions options{.limit = from + StepCount{2000}};
        const auto stopped = timeline_->step(hart, policy, stops_, options);
        judge_.follow(timeline_->log(), frontier());
        check(policy.show_interrupts ? "step" : "step, interrupts hidden", stopped,
              judge_.step(from, ends, hart, policy, stops_, told_, options.limit), from);
        if (stopped.why == StopReason::done) {
            EXPECT_EQ(stopped.hart, hart);
        }
    }

    void step_back() {
        const auto from = here();
        const auto hart = some_hart();
        const StepPolicy policy{.show_interrupts = one_in(2)};
        const auto stopped = timeline_->step_back(hart, policy, stops_);
        check(policy.show_interrupts ? "step_back" : "step_back, interrupts hidden", stopped,
              judge_.step_back(from, hart, policy.show_interrupts, stops_, told_), from);
        if (stopped.why == StopReason::done) {
            EXPECT_EQ(stopped.hart, hart);
        }
    }

    void write() {
        const auto from = here();
        const bool allowed = timeline_->is_live() && timeline_->at_frontier() && !judge_.off_at(here());
        const auto refused =
            one_in(2) ? timeline_->write(MemoryWrite{{0}, {toy::kCounter + below(64)}, {std::byte{1}}})
                      : timeline_->write(RegisterWrite{
                            some_hart(), {1 + static_cast<std::uint32_t>(below(13))}, below(1000)});
        EXPECT_EQ(refused.has_value(), !allowed);
        judge_.follow(timeline_->log(), frontier());
        EXPECT_EQ(here(), allowed ? from + StepCount{1} : from);
        if (allowed) told_.clear();
        same_state();
    }
    void check(const char* name, const Stopped& stopped, const Expected& expected, StepCount from) {
        SCOPED_TRACE(std::string(name) + " gave " + text(stopped.why) + " at " +
                     std::to_string(stopped.at.step.value) + text(stopped.hits) + ", expected " +
                     text(expected.why) + " at " + std::to_string(expected.at.value) + text(expected.hits));
        EXPECT_EQ(stopped.at.step, here());
        if (stopped.why == StopReason::interrupted) {
            EXPECT_LT(countdown_, 0) << "nobody interrupted";
            // Backward leaves the user where they were; forward, on the way.
            EXPECT_GE(here(), std::min(from, expected.at));
            EXPECT_LE(here(), std::max(from, expected.at));
            if (expected.at < from) {
                EXPECT_EQ(here(), from);
            }
        } else {
            EXPECT_EQ(text(stopped.why), text(expected.why));
            EXPECT_EQ(stopped.at.step, expected.at);
            EXPECT_EQ(text(stopped.hits), text(expected.hits));
            EXPECT_EQ(stopped.hits, expected.hits);
        }
        told_.clear();
        for (const auto& hit : stopped.hits) {
            if (hit.kind != StopKind::execute) told_.push_back(hit);
        }
        same_state();
    }

    void same_state() {
        EXPECT_EQ(machine_->now(), here());
        EXPECT_EQ(digest(machine_->save()), judge_.digest_at(here()));
    }

    /// The log, replayed by a fresh timeline, gives the same state at each epoch and at the end.
    void replay_agrees() {
        toy::ToyMachine machine(machine_->harts(), images_, store_);
        machine.load(start_);
        Epochs epochs;
        Timeline replay(machine, PastRun{timeline_->log(), frontier()},
                        {.epoch_steps = {64}, .snapshot_budget = {}, .listener = &epochs});
        EXPECT_FALSE(replay.is_live());
        EXPECT_EQ(replay.go_on({}).why, StopReason::history_end);
        EXPECT_EQ(replay.position(), timeline_->frontier());
        EXPECT_EQ(digest(machine.save()), judge_.digest_at(frontier()));
        EXPECT_EQ(epochs.told.size(), frontier().value / 64 - start_.at.value / 64 + 1);
        for (const auto& [at, digest] : epochs.told) EXPECT_EQ(digest, judge_.digest_at(at)) << at.value;
    }

    std::mt19937_64 random_;
    std::vector<toy::Image> images_;
    std::shared_ptr<PageStore> store_ = PageStore::create();
    std::unique_ptr<toy::ToyMachine> machine_;
    Judge judge_;
    SavedState start_;
    Stored stored_;
    Epochs epochs_;
    FakeHost host_;
    std::vector<std::unique_ptr<snapshots::Spill>> spills_;
    std::unique_ptr<Timeline> timeline_;
    Stops stops_;
    std::vector<Hit> told_;
    int countdown_ = -1;
};

class RandomMoves : public ::testing::TestWithParam<int> {};

TEST_P(RandomMoves, AgreeWithTheJudgeOnABusyGuest) {
    std::mt19937_64 random(static_cast<std::uint64_t>(GetParam()));
    const auto guest = toy::busy_guest(30 + static_cast<int>(random() % 400), random() % 2 == 0,
                                       static_cast<int>(random() % 40));
    Session(random(), 1 + random() % 3, guest).run(400);
}

TEST_P(RandomMoves, AgreeWithTheJudgeOnARandomGuest) {
    std::mt19937_64 random(static_cast<std::uint64_t>(GetParam()) + 1000);
    const auto guest = toy::random_guest(random);
    Session(random(), 1 + random() % 3, guest).run(400);
}

/// Twenty seeds are for every commit; BACKSPIN_SOAK=20000 is for a night.
int seeds() {
    const auto* soak = std::getenv("BACKSPIN_SOAK");
    return soak != nullptr ? std::max(std::atoi(soak), 1) : 20;
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomMoves, ::testing::Range(0, seeds()));

}  // namespace
}  // namespace backspin::replay
