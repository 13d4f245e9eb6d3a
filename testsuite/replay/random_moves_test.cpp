// Any random sequence of moves agrees with the judge: in where it ends, why, with which hits, and in the
// whole state.

#include <algorithm>
#include <any>
#include <array>
#include <cstdlib>
#include <iterator>
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
    void on_epoch(Position at, const SavedState& state) override { told.emplace_back(at, digest(state)); }
    void on_branch(const BranchInfo& branch) override { branches.push_back(branch.number); }
    void on_accesses(Position begin, StepCount end, const PackedNotes& notes) override {
        EXPECT_LT(begin.step, end);
        EXPECT_GE(begin.step, told_until[begin.branch]) << "told once, in order";
        told_until[begin.branch] = end;
        accesses.push_back({begin, end, notes.to_bytes()});
    }
    std::vector<std::pair<Position, std::uint64_t>> told;
    std::vector<Branch> branches;
    struct Accesses {
        Position begin;
        StepCount end;
        std::vector<std::byte> notes;  ///< as a file has them
    };
    std::vector<Accesses> accesses;
    std::map<Branch, StepCount> told_until;  ///< of accesses
};

/// As a recording's file gives them: made by another machine.
class Stored : public StoredSnapshots {
  public:
    std::optional<StepCount> latest_at_or_before(Position at) const override {
        const auto after = states.upper_bound(at);
        if (after == states.begin() || std::prev(after)->first.branch != at.branch) return std::nullopt;
        return std::prev(after)->first.step;
    }
    std::vector<SavedState> load(Position at) override {
        std::vector<SavedState> loaded;
        const auto found = states.find(at);
        if (found != states.begin() && std::prev(found)->first.branch == at.branch)
            loaded.push_back(std::prev(found)->second);
        loaded.push_back(found->second);
        return loaded;
    }
    std::map<Position, SavedState> states;
};

/// A branch as the judge sees it: a run of its own from the beginning, with all the inputs of its line.
struct Track {
    std::unique_ptr<Judge> judge;
    EventLog inputs;        ///< of the whole line, as branch 0
    std::size_t taken = 0;  ///< of the branch's own
    Position fork;
    StepCount frontier;
    StepCount left_at;
};

class Session {
  public:
    Session(std::uint64_t seed, std::size_t harts, std::vector<toy::Image> images)
        : random_(seed),
          images_(std::move(images)),
          machine_(std::make_unique<toy::ToyMachine>(harts, images_, store_)) {
        if (one_in(4)) machine_->refuse_notes();
        // A history need not begin at power-on.
        if (one_in(3)) {
            for (auto n = below(300); n > 0 && machine_->step(); --n) continue;
        }
        start_ = machine_->save();
        timeline_ = std::make_unique<Timeline>(*machine_, options());
        timeline_->set_host(host_.hooks());
        begin_track({{}, start_.at});
        follow();
    }

    void run(int moves) {
        make_moves(moves);
        replay_agrees();
        all_epochs_were_told();
        become_a_recording();
        make_moves(moves / 4);
        for (const auto& [at, digest] : epochs_.told)
            EXPECT_EQ(digest, tracks_.at(at.branch.id).judge->digest_at(at.step)) << at.step.value;
        EXPECT_EQ(epochs_.branches.size(), tracks_.size() - 1);
    }

  private:
    TimelineOptions options() {
        const std::array<std::uint64_t, 4> spacings{16, 23, 64, 1000};
        TimelineOptions options;
        options.epoch_steps = {spacings.at(random_() % spacings.size())};
        epoch_ = options.epoch_steps;
        options.snapshot_budget.snapshots = 8 + random_() % 64;
        if (one_in(2)) options.snapshot_budget.bytes = (20 + random_() % 200) * kPageSize;
        // So little that nearly all go without: each costs more than its epoch.
        if (one_in(4)) options.snapshot_share = 1e-9;
        leaves_out_epochs_ = options.snapshot_share > 0;
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

    // ---- branches, without a tree of them -------------------------------------------------------

    std::uint32_t current() const { return timeline_->current_branch().number.id; }
    Judge& judge() { return *tracks_.at(current()).judge; }

    /// A new one that has the inputs before its fork that the current one has.
    void begin_track(Position fork) {
        Track track{std::make_unique<Judge>(std::make_unique<toy::ToyMachine>(machine_->harts(), images_),
                                            kLongestInterrupt),
                    {},
                    0,
                    fork,
                    fork.step,
                    fork.step};
        track.judge->begin_at(start_.at);
        if (!tracks_.empty()) {
            for (const auto& event : tracks_.at(current()).inputs.events({}))
                if (event.at.step < fork.step) track.inputs.append(event);
        }
        tracks_.push_back(std::move(track));
    }

    /// The judge does what the current branch has done.
    void follow() {
        auto& track = tracks_.at(current());
        const auto own = timeline_->log().events({current()});
        for (const auto& event : own.subspan(track.taken))
            track.inputs.append({{{}, event.at.step}, event.input});
        track.taken = own.size();
        track.frontier = frontier();
        track.judge->follow(track.inputs, frontier());
    }

    /// Whose place it is on the line of that branch.
    Position owner(std::uint32_t branch, StepCount at) const {
        while (branch != 0 && at < tracks_[branch].fork.step) branch = tracks_[branch].fork.branch.id;
        return {{branch}, at};
    }

    void branch() {
        if (tracks_.size() >= 7) return;
        const auto from = here();
        tracks_.at(current()).left_at = from;
        const auto fork = owner(current(), from);
        begin_track(fork);
        ASSERT_FALSE(timeline_->branch());
        told_.clear();
        EXPECT_EQ(current(), tracks_.size() - 1);
        EXPECT_EQ(timeline_->current_branch().fork, fork);
        EXPECT_EQ(timeline_->position(), (Position{{current()}, from}));
        EXPECT_EQ(timeline_->frontier(), timeline_->position());
        EXPECT_TRUE(timeline_->is_live());
        follow();
        same_state();
    }

    void switch_branch() {
        const auto before = current();
        const auto from = here();
        const auto to = static_cast<std::uint32_t>(below(tracks_.size()));
        const auto left_at = to == before ? from : tracks_[to].left_at;
        tracks_[before].left_at = from;
        const auto stopped = timeline_->switch_to({to});
        if (stopped.why == StopReason::interrupted) {
            EXPECT_LT(countdown_, 0) << "nobody interrupted";
            EXPECT_EQ(current(), before);
            EXPECT_EQ(here(), from);
        } else {
            EXPECT_EQ(stopped.why, StopReason::done);
            EXPECT_EQ(current(), to);
            EXPECT_EQ(here(), left_at);
        }
        EXPECT_EQ(timeline_->position(), owner(current(), here()));
        EXPECT_EQ(frontier(), tracks_[current()].frontier);
        if (to != before) told_.clear();
        same_state();
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
        PastRun past{timeline_->log(), tracks_.front().frontier};
        for (const auto& branch : timeline_->branches()) {
            if (branch.number != Branch{})
                past.branches.push_back({branch.name, branch.fork, branch.frontier});
        }
        timeline_->tell_accesses();
        const auto accesses = std::exchange(epochs_.accesses, {});
        epochs_.told_until = {};
        timeline_.reset();
        machine_ = std::make_unique<toy::ToyMachine>(machine_->harts(), images_, store_);
        machine_->load(start_);
        auto with_stored = options();
        store_some();
        with_stored.stored = &stored_;
        timeline_ = std::make_unique<Timeline>(*machine_, std::move(past), with_stored);
        for (const auto& each : accesses) {
            if (!one_in(5))
                timeline_->add_accesses(each.begin, each.end, *PackedNotes::from_bytes(each.notes));
        }
        timeline_->set_host(host_.hooks());
        EXPECT_FALSE(timeline_->is_live());
        for (auto& track : tracks_) track.left_at = track.fork.step;
        told_.clear();
    }

    void store_some() {
        for (std::uint32_t n = 0; n < tracks_.size(); ++n) {
            toy::ToyMachine machine(machine_->harts(), images_, store_);
            machine.load(start_);
            Timeline replay(machine, {tracks_[n].inputs, tracks_[n].frontier}, {});
            for (auto count = below(4); count > 0; --count) {
                const StepCount at{start_.at.value + below((tracks_[n].frontier - start_.at).value + 1)};
                replay.seek(at);
                stored_.states[owner(n, at)] = machine.save();
            }
        }
    }

    void move() {
        if (one_in(12)) change_stops();
        if (one_in(40)) timeline_->pin_here();
        if (one_in(30)) branch();
        if (one_in(10)) host_.arrives(typed({static_cast<int>(below(256))}));
        countdown_ = one_in(8) ? static_cast<int>(below(6)) : -1;
        host_.interrupt = [this] { return countdown_ >= 0 && countdown_-- == 0; };
        if (one_in(20)) return switch_branch();
        if (one_in(20)) return question();
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
            if (one_in(6)) {
                stops_.points.push_back({StopKind::trap, {kInterruptCause + below(3)}, 1 + below(2)});
                continue;
            }
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
        follow();
        check("go_on", stopped, judge().go_on(from, ends, stops_, told_, options.limit), from);
    }

    /// All hits of a stretch, or the first of them.
    void question() {
        const auto some = [this] { return start_.at + StepCount{below((frontier() - start_.at).value + 1)}; };
        const auto [from, to] = std::minmax({some(), some()});
        const auto most = one_in(3) ? 1 + below(20) : ~std::uint64_t{0};
        std::vector<Hit> expected;
        for (auto at = from; at < to; at += StepCount{1})
            std::ranges::copy(judge().hits_at(at, stops_), std::back_inserter(expected));
        std::vector<Hit> told;
        const auto note = [](const Machine& machine, const Hit&) -> std::any { return machine.now(); };
        const auto before = here();
        const auto stopped =
            timeline_->visit_hits(stops_, from, to, note, [&](const Hit& hit, const std::any& noted) {
                EXPECT_EQ(std::any_cast<StepCount>(noted), hit.at);
                told.push_back(hit);
                return told.size() == most ? Verdict::stop : Verdict::go_on;
            });
        if (expected.size() > most || stopped.why == StopReason::interrupted) expected.resize(told.size());
        EXPECT_EQ(told, expected) << "hits from " << from.value << " to " << to.value << ":" << text(told)
                                  << ", not" << text(expected);
        EXPECT_TRUE(stopped.why == StopReason::done || stopped.why == StopReason::interrupted)
            << text(stopped.why);
        EXPECT_EQ(here(), before);
        same_state();
    }

    void go_back() {
        const auto from = here();
        check("go_back", timeline_->go_back(stops_), judge().go_back(from, stops_, told_), from);
    }

    void seek() {
        const auto from = here();
        StepCount target{one_in(2) ? below(frontier().value + 3)
                                   : frontier().value - std::min(frontier().value, below(100))};
        // Where snapshots lie, and one off them.
        if (one_in(3)) {
            target = {target.value - target.value % epoch_.value + below(3)};
            if (target > StepCount{0}) target = target - StepCount{1};
        }
        auto why = target > frontier() ? StopReason::history_end : StopReason::done;
        if (target < start_.at) why = StopReason::history_begin;
        check("seek", timeline_->seek(target), {why, std::clamp(target, start_.at, frontier()), {}}, from);
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
        follow();
        check(policy.show_interrupts ? "step" : "step, interrupts hidden", stopped,
              judge().step(from, ends, hart, policy, stops_, told_, options.limit), from);
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
              judge().step_back(from, hart, policy.show_interrupts, stops_, told_), from);
        if (stopped.why == StopReason::done) {
            EXPECT_EQ(stopped.hart, hart);
        }
    }

    void write() {
        const auto from = here();
        const bool allowed = timeline_->is_live() && timeline_->at_frontier() && !judge().off_at(here());
        const auto refused =
            one_in(2) ? timeline_->write(MemoryWrite{{0}, {toy::kCounter + below(64)}, {std::byte{1}}})
                      : timeline_->write(RegisterWrite{
                            some_hart(), {1 + static_cast<std::uint32_t>(below(13))}, below(1000)});
        EXPECT_EQ(refused.has_value(), !allowed);
        follow();
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
        EXPECT_EQ(digest(machine_->save()), judge().digest_at(here()));
    }

    /// The inputs of each branch, replayed by a fresh timeline, give the same state at each epoch and at the
    /// end.
    void replay_agrees() {
        for (const auto& track : tracks_) {
            toy::ToyMachine machine(machine_->harts(), images_, store_);
            machine.load(start_);
            Epochs epochs;
            Timeline replay(machine, PastRun{track.inputs, track.frontier},
                            {.epoch_steps = {64}, .snapshot_budget = {}, .listener = &epochs});
            EXPECT_FALSE(replay.is_live());
            EXPECT_EQ(replay.go_on({}).why, StopReason::history_end);
            EXPECT_EQ(replay.position().step, track.frontier);
            EXPECT_EQ(digest(machine.save()), track.judge->digest_at(track.frontier));
            EXPECT_EQ(epochs.told.size(), track.frontier.value / 64 - start_.at.value / 64 + 1);
            for (const auto& [at, digest] : epochs.told)
                EXPECT_EQ(digest, track.judge->digest_at(at.step)) << at.step.value;
        }
    }

    /// Once each, of the branch in which they lie; or never, where snapshots may cost nothing.
    void all_epochs_were_told() {
        std::map<Position, int> times;
        for (const auto& told : epochs_.told) ++times[told.first];
        for (std::uint32_t n = 0; n < tracks_.size(); ++n) {
            const auto after = n == 0 ? start_.at : tracks_[n].fork.step + StepCount{1};
            auto at = StepCount{(after.value + epoch_.value - 1) / epoch_.value * epoch_.value};
            for (; at < tracks_[n].frontier; at += epoch_) {
                const auto told = times[{{n}, at}];
                EXPECT_TRUE(told == 1 || (told == 0 && leaves_out_epochs_)) << n << " at " << at.value;
            }
        }
    }

    std::mt19937_64 random_;
    bool leaves_out_epochs_ = false;
    std::vector<toy::Image> images_;
    std::shared_ptr<PageStore> store_ = PageStore::create();
    std::unique_ptr<toy::ToyMachine> machine_;
    std::vector<Track> tracks_;  ///< by the branch's number
    StepCount epoch_;
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
