// Any random sequence of moves of a timeline with this machine agrees with the judge, which executes from the
// start by single steps: the one of testsuite/replay.
#include <array>
#include <cstdlib>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "replay/timeline.hpp"
#include "testsuite/embedding/random_program.hpp"
#include "testsuite/replay/fake_host.hpp"
#include "testsuite/replay/judge.hpp"

namespace backspin::m0 {
namespace {

using replay::Expected;
using replay::StopReason;

constexpr VirtualTime kLongestInterrupt{300 * kNsPerStep};

class JudgedGuest : public Guest, public replay::Judged {
  public:
    using Guest::Guest;
    std::optional<HartId> attempts_next() const override {
        return next_step(state()) == StepKind::attempt ? std::optional(HartId{}) : std::nullopt;
    }
    std::vector<replay::Touched> touches_next(const Input* input) const override {
        std::vector<replay::Touched> touched;
        const Accessor by{input == nullptr ? Accessor::Kind::hart : Accessor::Kind::debugger, 0};
        for (const auto& access : next_accesses(input)) {
            for (std::uint32_t i = 0; i < access.size; ++i) {
                const bool changes = (access.changed >> (8 * i) & 0xff) != 0;
                touched.push_back({access.address + i, access.is_store, changes, HartId{}, by});
            }
        }
        return touched;
    }
    std::uint64_t ns_per_step() const override { return kNsPerStep; }
};

class Session {
  public:
    explicit Session(std::uint64_t seed)
        : random_(seed),
          program_(random_program(random_)),
          machine_(std::make_unique<Guest>(program_)),
          judge_(std::make_unique<JudgedGuest>(program_), kLongestInterrupt),
          timeline_(std::make_unique<replay::Timeline>(*machine_, options())) {
        timeline_->set_host(host_.hooks());
        judge_.follow(timeline_->log(), {});
    }

    void run(int moves) {
        make_moves(moves);
        become_a_recording();
        make_moves(moves / 2);
    }

  private:
    std::uint64_t below(std::uint64_t n) { return random_() % n; }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    StepCount here() const { return timeline_->position().step; }
    StepCount frontier() const { return timeline_->frontier().step; }
    std::optional<StepCount> end() const {
        return timeline_->goes_live() ? std::nullopt : std::optional(frontier());
    }

    replay::TimelineOptions options() {
        replay::TimelineOptions options;
        options.epoch_steps = {std::array{16u, 64u, 1000u}.at(below(3))};
        options.snapshot_budget.snapshots = 8 + below(64);
        options.longest_interrupt = kLongestInterrupt;
        options.use_access_index = !one_in(4);
        return options;
    }

    void become_a_recording() {
        replay::PastRun past{timeline_->log(), frontier()};
        timeline_.reset();
        machine_ = std::make_unique<Guest>(program_);
        timeline_ = std::make_unique<replay::Timeline>(*machine_, std::move(past), options());
        timeline_->set_host(host_.hooks());
        told_.clear();
    }

    void make_moves(int moves) {
        for (int n = 0; n < moves && !::testing::Test::HasFailure(); ++n) {
            SCOPED_TRACE("move " + std::to_string(n) + " at " + std::to_string(here().value));
            if (one_in(10)) change_stops();
            if (one_in(8)) host_.arrives(replay::typed({static_cast<int>(below(256))}));
            switch (below(8)) {
                case 0:
                case 1: go_on(); break;
                case 2: go_back(); break;
                case 3: seek(); break;
                case 4: write(); break;
                case 5: step_back(); break;
                default: step(); break;
            }
        }
    }

    void change_stops() {
        stops_ = {};
        for (auto n = below(4); n > 0; --n) {
            const auto kind =
                std::array{StopKind::execute, StopKind::write, StopKind::read, StopKind::access}.at(below(4));
            std::uint64_t address = kDataAt + below(kDataBytes);
            if (one_in(4)) address = kStackTop - 1 - below(64);
            if (one_in(8)) address = kUart0;
            if (kind == StopKind::execute)
                address = one_in(2) ? kMain + 2 * below(150) : handler_of(kSystick);
            stops_.points.push_back({kind, {address}, kind == StopKind::execute ? 1 : 1 + below(8)});
        }
        if (one_in(4)) stops_.timing = replay::DataTiming::after_access;
    }

    void go_on() {
        const auto from = here();
        const auto ends = end();
        const replay::GoOnOptions options{.limit = from + StepCount{1 + below(400)}};
        const auto stopped = timeline_->go_on(stops_, options);
        judge_.follow(timeline_->log(), frontier());
        check("go_on", stopped, judge_.go_on(from, ends, stops_, told_, options.limit));
    }

    void go_back() {
        const auto from = here();
        check("go_back", timeline_->go_back(stops_), judge_.go_back(from, stops_, told_));
    }

    void seek() {
        const StepCount target{below(frontier().value + 1)};
        check("seek", timeline_->seek({{}, target}), {StopReason::done, target, {}});
    }

    void step() {
        const auto from = here();
        const auto ends = end();
        replay::StepPolicy policy{.show_interrupts = one_in(3), .range = {}};
        if (one_in(4)) {
            const auto pc = machine_->context({}).pc.value;
            policy.range = {{pc}, {pc + 2 * below(8)}};
        }
        const replay::GoOnOptions options{.limit = from + StepCount{2000}};
        const auto stopped = timeline_->step({}, policy, stops_, options);
        judge_.follow(timeline_->log(), frontier());
        check("step", stopped, judge_.step(from, ends, {}, policy, stops_, told_, options.limit));
    }

    void step_back() {
        const auto from = here();
        const replay::StepPolicy policy{.show_interrupts = one_in(3), .range = {}};
        const auto stopped = timeline_->step_back({}, policy, stops_);
        check("step_back", stopped, judge_.step_back(from, {}, policy.show_interrupts, stops_, told_));
    }

    void write() {
        const bool allowed = timeline_->is_live() && timeline_->at_frontier() && !judge_.off_at(here());
        const auto from = here();
        const auto refused =
            one_in(2)
                ? timeline_->write(MemoryWrite{{}, {kDataAt + below(64)}, {std::byte{1}}})
                : timeline_->write(RegisterWrite{{}, {static_cast<std::uint32_t>(below(6))}, below(1000)});
        EXPECT_EQ(refused.has_value(), !allowed);
        judge_.follow(timeline_->log(), frontier());
        EXPECT_EQ(here(), allowed ? from + StepCount{1} : from);
        if (allowed) told_.clear();
        same_state();
    }

    void check(const std::string& name, const replay::Stopped& stopped, const Expected& expected) {
        SCOPED_TRACE(name);
        EXPECT_EQ(stopped.why, expected.why);
        EXPECT_EQ(stopped.at.step, expected.at);
        EXPECT_EQ(stopped.hits, expected.hits);
        told_.clear();
        for (const auto& hit : stopped.hits) {
            if (hit.kind != StopKind::execute) told_.push_back(hit);
        }
        same_state();
    }

    void same_state() {
        EXPECT_EQ(machine_->now(), here());
        EXPECT_EQ(replay::digest(machine_->save()), judge_.digest_at(here()));
    }

    std::mt19937_64 random_;
    Program program_;
    std::unique_ptr<Guest> machine_;
    replay::Judge judge_;
    replay::FakeHost host_;
    std::unique_ptr<replay::Timeline> timeline_;
    replay::Stops stops_;
    std::vector<Hit> told_;
};

class M0RandomMoves : public ::testing::TestWithParam<int> {};

TEST_P(M0RandomMoves, AgreeWithTheJudge) {
    Session(static_cast<std::uint64_t>(GetParam())).run(300);
}

/// Ten seeds are for every commit; BACKSPIN_SOAK=20000 is for a night.
int seeds() {
    const auto* soak = std::getenv("BACKSPIN_SOAK");
    return soak != nullptr ? std::max(std::atoi(soak), 1) : 10;
}

INSTANTIATE_TEST_SUITE_P(Seeds, M0RandomMoves, ::testing::Range(0, seeds()));

}  // namespace
}  // namespace backspin::m0
