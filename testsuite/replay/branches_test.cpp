// Branches: what is shared with the past, what is a future's own, and what is never taken for another's.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "replay/line_accesses.hpp"
#include "testsuite/replay/bench.hpp"

namespace backspin::replay {
namespace {

MemoryWrite write_to(std::uint64_t address, int value) {
    return {{0}, {address}, {static_cast<std::byte>(value)}};
}

TEST(Line, NamesEachStepOnce) {
    const auto line = Line{}.with({1}, {100}).with({4}, {100}).with({7}, {250});
    EXPECT_EQ(line.position({99}), (Position{{0}, {99}}));
    EXPECT_EQ(line.position({100}), (Position{{4}, {100}}));
    EXPECT_EQ(line.position({250}), (Position{{7}, {250}}));
    EXPECT_EQ(line.branch(), Branch{7});
    EXPECT_TRUE(line.has({{0}, {100}})) << "the same state as the fork";
    EXPECT_FALSE(line.has({{0}, {101}})) << "another future";
    EXPECT_FALSE(line.has({{1}, {99}}));
    EXPECT_TRUE(line.has({{7}, {1'000'000}}));
    EXPECT_FALSE(line.has({{2}, {0}}));
    EXPECT_TRUE(line.is_fork({100}));
    EXPECT_FALSE(line.is_fork({101}));
}

TEST(PassedEpochs, UpToAForkAreThoseOfTheParent) {
    PassedEpochs passed({10});
    for (const auto at : {0, 10, 20, 50, 60}) passed.add({static_cast<std::uint64_t>(at)});
    const auto some = passed.until({55});
    EXPECT_TRUE(some.contains({20}));
    EXPECT_TRUE(some.contains({50}));
    EXPECT_FALSE(some.contains({60}));
    EXPECT_TRUE(some.is_newest({60}));
    EXPECT_FALSE(passed.until({15}).contains({20}));
    EXPECT_TRUE(passed.until({15}).contains({10}));
}

AccessNotes wrote(std::uint64_t page) {
    AccessNotes notes;
    notes.written = notes.changed = {{page}};
    return notes;
}

TEST(LineAccesses, KnowsOfThePastInEachFutureAndOfNoOtherFuture) {
    const std::vector<StopPoint> stops{{StopKind::write, {5 << kPageBits}, 8}};
    Line line;
    LineAccesses accesses(line, {100});
    accesses.add(line.position({0}), {100}, PackedNotes(wrote(1)));
    accesses.add(line.position({100}), {200}, PackedNotes(wrote(5)));
    accesses.add(line.position({200}), {300}, PackedNotes(wrote(1)));
    EXPECT_EQ(accesses.latest_candidate({0}, {300}, stops), StepCount{200});

    line = line.with({1}, {150});
    EXPECT_EQ(accesses.containing({120})->end, StepCount{150});
    EXPECT_FALSE(accesses.containing({150})) << "what the other future did says nothing of this one";
    EXPECT_EQ(accesses.latest_candidate({0}, {300}, stops), StepCount{300});
    EXPECT_EQ(accesses.first_candidate({0}, {300}, stops), StepCount{100});
    accesses.add(line.position({150}), {200}, PackedNotes(wrote(1)));
    accesses.add(line.position({200}), {300}, PackedNotes(wrote(1)));
    EXPECT_EQ(accesses.latest_candidate({0}, {300}, stops), StepCount{150});
    EXPECT_EQ(accesses.latest_candidate({0}, {100}, stops), StepCount{0});
    EXPECT_EQ(accesses.first_candidate({150}, {300}, stops), StepCount{300});
    EXPECT_EQ(accesses.first_candidate({120}, {300}, stops), StepCount{120});

    line = Line{};
    EXPECT_FALSE(accesses.containing({300}));
    accesses.add(line.position({300}), {400}, PackedNotes(wrote(5)));
    EXPECT_EQ(accesses.latest_candidate({0}, {400}, stops), StepCount{400});
    EXPECT_EQ(accesses.latest_candidate({0}, {300}, stops), StepCount{200});
}

TEST(LineAccesses, FewBytesForgetOtherBranchesFirst) {
    Line line;
    LineAccesses accesses(line, {100}, 4000);
    const auto add = [&](std::uint64_t n) {
        accesses.add(line.position({100 * n}), {100 * n + 100}, PackedNotes(wrote(n)));
    };
    for (std::uint64_t n = 0; n < 10; ++n) add(n);
    line = Line{}.with({1}, {50});
    for (std::uint64_t n = 1; n < 10; ++n) add(n);
    line = Line{}.with({2}, {50});
    for (std::uint64_t n = 1; n < 60; ++n) add(n);
    EXPECT_LE(accesses.bytes(), 4000U + 1000U);
    EXPECT_TRUE(accesses.containing({5950})) << "what is looked at stays";
    line = Line{}.with({1}, {50});
    EXPECT_FALSE(accesses.containing({950}));
}

// ---- through the front door ---------------------------------------------------------------------

TEST(Branches, AWriteInThePastLeadsToAnotherEndAndTheFirstOneStaysAsItWas) {
    Bench bench(toy::busy_guest(200, true, 3));
    bench.go_on_to(3000);
    const auto end = bench.state();
    bench.seek(1000);
    const auto refused = bench.timeline.write(write_to(toy::kCounter, 77));
    ASSERT_TRUE(refused);
    EXPECT_TRUE(refused->a_branch_could);

    EXPECT_FALSE(bench.timeline.branch("fix"));
    EXPECT_EQ(bench.timeline.position(), (Position{{1}, {1000}}));
    EXPECT_FALSE(bench.timeline.write(write_to(toy::kCounter, 77)));
    bench.go_on_to(3000);
    const auto other_end = bench.state();
    EXPECT_NE(other_end, end);

    EXPECT_EQ(bench.timeline.switch_to({0}).why, StopReason::done);
    EXPECT_EQ(bench.here(), 1000) << "where it was left";
    EXPECT_EQ(bench.go_on_to(5000).why, StopReason::history_end);
    EXPECT_EQ(bench.state(), end);
    EXPECT_EQ(bench.timeline.switch_to({1}).why, StopReason::done);
    EXPECT_EQ(bench.here(), 3000);
    EXPECT_EQ(bench.state(), other_end);
}

TEST(Branches, AreListedWithTheirPlaces) {
    Bench bench(toy::busy_guest(200, true, 3));
    bench.go_on_to(500);
    bench.seek(400);
    ASSERT_FALSE(bench.timeline.branch("first"));
    bench.go_on_to(450);
    bench.seek(300);
    ASSERT_FALSE(bench.timeline.branch());
    const auto all = bench.timeline.branches();
    ASSERT_EQ(all.size(), 3);
    EXPECT_EQ(all[0].name, kMainBranch);
    EXPECT_EQ(all[0].frontier, StepCount{500});
    EXPECT_EQ(all[1].name, "first");
    EXPECT_EQ(all[1].fork, (Position{{0}, {400}}));
    EXPECT_EQ(all[1].cursor, StepCount{300});
    EXPECT_EQ(all[2].name, "branch-2");
    EXPECT_EQ(all[2].fork, (Position{{0}, {300}})) << "of the one that the place belongs to";
    EXPECT_EQ(bench.timeline.current_branch().number, Branch{2});
    EXPECT_THROW(bench.timeline.seek({{1}, {420}}), std::invalid_argument);
    EXPECT_THROW(bench.timeline.seek({{0}, {420}}), std::invalid_argument);
    EXPECT_THROW(bench.timeline.switch_to({3}), std::invalid_argument);
    EXPECT_EQ(bench.timeline.seek({{0}, {299}}).why, StopReason::done);
}

TEST(Branches, NamesAreUniqueAndTheirNumberIsBounded) {
    Bench bench(toy::busy_guest(200, true, 3));
    bench.go_on_to(100);
    ASSERT_FALSE(bench.timeline.branch("one"));
    EXPECT_EQ(bench.timeline.branch("one")->why, "there is a branch 'one' already");
    EXPECT_EQ(bench.timeline.branch("main")->why, "there is a branch 'main' already");
    while (bench.timeline.branches().size() < kMostBranches) ASSERT_FALSE(bench.timeline.branch());
    EXPECT_EQ(bench.timeline.branch()->why, "there are 1000 branches, and there can be no more");
    EXPECT_EQ(bench.timeline.switch_to({0}).why, StopReason::done);
    EXPECT_EQ(bench.timeline.switch_to({999}).why, StopReason::done);
}

TEST(Branches, ARecordingGoesLiveInABranchOnly) {
    Bench live(toy::busy_guest(200, true, 3));
    live.go_on_to(2000);
    Bench replay(live, {.epoch_steps = {64}});
    replay.seek(1200);
    EXPECT_TRUE(replay.timeline.write(write_to(toy::kCounter, 9)));
    ASSERT_FALSE(replay.timeline.branch("what-if"));
    EXPECT_TRUE(replay.timeline.is_live());
    EXPECT_FALSE(replay.timeline.write(write_to(toy::kCounter, 9)));
    EXPECT_EQ(replay.go_on_to(2500).why, StopReason::limit);
    EXPECT_EQ(replay.frontier(), 2500);
    replay.timeline.switch_to({0});
    EXPECT_FALSE(replay.timeline.is_live());
    EXPECT_EQ(replay.go_on_to(2500).why, StopReason::history_end);
    EXPECT_EQ(replay.state(), live.state());
}

TEST(Branches, AreRepeatedFromWhatWasRecorded) {
    Bench live(toy::busy_guest(200, true, 3));
    live.go_on_to(2000);
    const auto main_end = live.state();
    live.seek(1000);
    ASSERT_FALSE(live.timeline.branch("fix"));
    live.timeline.write(write_to(toy::kCounter, 5));
    live.go_on_to(1800);
    const auto fix_end = live.state();

    toy::ToyMachine machine(1, live.images, live.store);
    PastRun past{live.timeline.log(), {2000}, {{"fix", {{0}, {1000}}, {1800}}}};
    Timeline replay(machine, past, {.epoch_steps = {64}});
    EXPECT_EQ(replay.go_on({}).why, StopReason::history_end);
    EXPECT_EQ(digest(machine.save()), main_end);
    EXPECT_EQ(replay.switch_to({1}).why, StopReason::done);
    EXPECT_EQ(replay.position(), (Position{{1}, {1000}}));
    EXPECT_FALSE(replay.is_live());
    EXPECT_EQ(replay.go_on({}).why, StopReason::history_end);
    EXPECT_EQ(replay.position(), (Position{{1}, {1800}}));
    EXPECT_EQ(digest(machine.save()), fix_end);
}

TEST(Branches, APastThatCannotBeIsRefused) {
    const auto images = toy::busy_guest(200, true, 3);
    const auto store = PageStore::create();
    const auto accepts = [&](std::vector<PastRun::Branch> branches, std::vector<Event> events = {}) {
        PastRun past{{}, {1000}, std::move(branches)};
        for (auto& event : events) past.log.append(std::move(event));
        toy::ToyMachine machine(1, images, store);
        const Timeline replay(machine, std::move(past), {});
    };
    EXPECT_NO_THROW(accepts({{"a", {{0}, {1000}}, {1000}}}));
    EXPECT_THROW(accepts({{"a", {{0}, {1001}}, {2000}}}), BadLog);
    EXPECT_THROW(accepts({{"a", {{1}, {10}}, {2000}}}), BadLog) << "its own parent";
    EXPECT_THROW(accepts({{"a", {{0}, {500}}, {2000}}, {"b", {{1}, {400}}, {2000}}}), BadLog);
    EXPECT_THROW(accepts({{"a", {{0}, {500}}, {400}}}), BadLog);
    EXPECT_THROW(accepts({{"a", {{0}, {500}}, {600}}}, {{{{1}, {499}}, typed({1})}}), BadLog);
    EXPECT_THROW(accepts({{"a", {{0}, {500}}, {600}}}, {{{{1}, {600}}, typed({1})}}), BadLog);
    EXPECT_THROW(accepts(std::vector<PastRun::Branch>(1000, {"a", {{0}, {500}}, {600}})), BadLog);
}

TEST(Branches, AnInterruptedSwitchChangesNothing) {
    Bench bench(toy::busy_guest(4000, true, 3), 1,
                {.epoch_steps = {1'000'000}, .snapshot_budget = {.snapshots = 1}});
    bench.host.each_look = std::chrono::milliseconds(10);  // a slow machine, which asks often
    bench.go_on_to(30'000);
    bench.seek(100);
    ASSERT_FALSE(bench.timeline.branch("fix"));
    bench.timeline.switch_to({0});
    bench.seek(29'000);
    bench.timeline.switch_to({1});
    const auto state = bench.state();
    bench.host.interrupt = [] { return true; };
    EXPECT_EQ(bench.timeline.switch_to({0}).why, StopReason::interrupted);
    EXPECT_EQ(bench.timeline.position(), (Position{{1}, {100}}));
    EXPECT_EQ(bench.state(), state);
    bench.host.interrupt = nullptr;
    EXPECT_EQ(bench.timeline.switch_to({0}).why, StopReason::done);
    EXPECT_EQ(bench.here(), 29'000);
}

// The new branch's first snapshot is all of its parent's pages.
TEST(Branches, CostTheSnapshotBudgetOnlyWhatTheyChange) {
    Bench bench(toy::busy_guest(200, true, 3));
    bench.go_on_to(2000);
    const auto before = bench.timeline.snapshots().bytes();
    bench.seek(1000);
    for (int n = 0; n < 50; ++n) ASSERT_FALSE(bench.timeline.branch());
    EXPECT_LT(bench.timeline.snapshots().bytes() - before, 50 * 3 * kPageSize);
}

}  // namespace
}  // namespace backspin::replay
