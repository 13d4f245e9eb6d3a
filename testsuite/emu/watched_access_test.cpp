// Data stops under translation: they are of virtual addresses, hold before the access, and only if it will be
// made.
#include <gtest/gtest.h>

#include <vector>

#include "testsuite/emu/paging.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

constexpr auto kCodeAt = PagedGuest::kVirtualCode, kDataAt = PagedGuest::kVirtualData;
constexpr std::uint64_t kPage = PagedGuest::kPage;

class Recorder : public Observer {
  public:
    Verdict on_hit(const Hit& hit) override {
        hits.push_back(hit);
        return verdict;
    }
    std::vector<Hit> hits;
    Verdict verdict = Verdict::go_on;
};

class WatchedAccessTest : public ::testing::TestWithParam<Scheme> {
  protected:
    /// The hits of a run of so many steps from where the guest is.
    static std::vector<Hit> hits(PagedGuest& guest, std::vector<StopPoint> points, std::uint64_t steps) {
        auto& machine = guest.machine();
        const auto start = machine.save();
        machine.set_stop_points(points);
        Recorder recorder;
        RunOptions run;
        run.until = machine.now() + StepCount{steps};
        EXPECT_EQ(machine.run(run, &recorder), RunEnd::reached);
        const auto watched = machine.save();
        // Watching changes nothing.
        machine.load(start);
        EXPECT_EQ(machine.run(run), RunEnd::reached);
        EXPECT_EQ(machine.save().fields, watched.fields);
        EXPECT_EQ(machine.save().pages.digest(), watched.pages.digest());
        machine.load(start);
        return recorder.hits;
    }
    static StopPoint watch(StopKind kind, std::uint64_t at, std::uint64_t length = 1) {
        return {kind, VirtualAddress{at}, length};
    }
};
INSTANTIATE_TEST_SUITE_P(Schemes, WatchedAccessTest, ::testing::Values(kSv32, kSv39),
                         [](const auto& info) { return info.param.name; });

/// The address is the program's; the same bytes under another name are another place.
TEST_P(WatchedAccessTest, IsOfTheVirtualAddress) {
    PagedGuest guest(GetParam(), {store(Opcode::sw, a1, 0, a0), store(Opcode::sw, a1, 0, a2)});
    guest.map(kDataAt + 8 * kPage, Guest::kData, pte::kData);
    guest.set(a0, kDataAt + 4);
    guest.set(a1, 7);
    guest.set(a2, kDataAt + 8 * kPage + 4);
    auto found = hits(guest, {watch(StopKind::write, kDataAt + 4, 4)}, 2);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].at, StepCount{0});
    EXPECT_TRUE(found[0].changes_value);
    found = hits(guest, {watch(StopKind::write, kDataAt + 8 * kPage + 4, 4)}, 2);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].at, StepCount{1});
    EXPECT_FALSE(found[0].changes_value) << "the first store has written that already";
    EXPECT_TRUE(hits(guest, {watch(StopKind::write, Guest::kData + 4, 4)}, 2).empty());
}

/// An access that faults is not made: neither for want of a page nor of a right, nor if only its second page
/// is missing.
TEST_P(WatchedAccessTest, AFaultingAccessIsNoHit) {
    struct Case {
        Word word;
        std::uint64_t at;
        bool hits;
    };
    for (const auto& [word, at, hit] :
         std::initializer_list<Case>{{load(Opcode::lw, a1, 0, a0), kDataAt + 2 * kPage, false},
                                     {store(Opcode::sw, a1, 0, a0), kDataAt + 2 * kPage, false},
                                     {store(Opcode::sw, a1, 0, a0), kDataAt + 2 * kPage - 2, false},
                                     {load(Opcode::lw, a1, 0, a0), kDataAt + 2 * kPage - 2, false},
                                     {store(Opcode::sw, a1, 0, a0), kCodeAt, false},
                                     {load(Opcode::lw, a1, 0, a0), kCodeAt, true},
                                     {atomic(Opcode::amoadd_w, a1, a1, a0), kCodeAt, false},
                                     {atomic(Opcode::lr_w, a1, zero, a0), kCodeAt, true},
                                     {atomic(Opcode::sc_w, a1, a1, a0), kDataAt, false},  // it fails
                                     {load(Opcode::lw, a1, 0, a0), kDataAt + 2 * kPage - 4, true}}) {
        PagedGuest guest(GetParam(), {word});
        guest.set(a0, at);
        const auto found = hits(guest, {watch(StopKind::access, at, 4)}, 1);
        EXPECT_EQ(found.size(), hit ? 1u : 0u) << std::hex << word << " " << at;
    }
}

/// Looking whether an access will be made sets no accessed or dirty bit; making it does.
TEST_P(WatchedAccessTest, AStopComesBeforeAnyBitIsSet) {
    for (const Word word : {load(Opcode::lw, a1, 0, a0), store(Opcode::sw, a1, 0, a0),
                            atomic(Opcode::amoadd_w, a1, a1, a0), atomic(Opcode::lr_w, a1, zero, a0)}) {
        PagedGuest guest(GetParam(), {word});
        guest.map(kDataAt, Guest::kData, pte::kV | pte::kR | pte::kW);
        guest.edit([](Hart& hart) { hart.menvcfg = envcfg::kAdue; });
        guest.set(a0, kDataAt);
        auto& machine = guest.machine();
        const auto before = machine.save();
        const std::vector points{watch(StopKind::access, kDataAt)};
        machine.set_stop_points(points);
        Recorder recorder;
        recorder.verdict = Verdict::stop;
        RunOptions run;
        run.until = StepCount{1};
        EXPECT_EQ(machine.run(run, &recorder), RunEnd::stopped);
        EXPECT_EQ(machine.save().fields, before.fields);
        EXPECT_EQ(machine.save().pages.digest(), before.pages.digest());
        EXPECT_EQ(recorder.hits.size(), 1u);
        guest.run(1);
        EXPECT_NE(guest.entry(kDataAt) & pte::kA, 0u);
    }
}

/// A value that is spread over two pages is compared with both of them.
TEST_P(WatchedAccessTest, AnAccessOverTwoPagesComparesBoth) {
    PagedGuest guest(GetParam(), {store(Opcode::sw, a1, 0, a0)});
    guest.map(kDataAt + kPage, Guest::kData + 6 * kPage, pte::kData);
    guest.put(Guest::kData + 6 * kPage, {0x1234});
    guest.set(a0, kDataAt + kPage - 2);
    guest.set(a1, 0x1234'0000);
    for (std::uint64_t byte = 0; byte < 4; ++byte) {
        const auto found = hits(guest, {watch(StopKind::write, kDataAt + kPage - 2 + byte)}, 1);
        ASSERT_EQ(found.size(), 1u);
        EXPECT_FALSE(found[0].changes_value) << byte;
    }
    guest.set(a1, 0x1334'0000);
    EXPECT_TRUE(hits(guest, {watch(StopKind::write, kDataAt + kPage + 1)}, 1)[0].changes_value);
    EXPECT_FALSE(hits(guest, {watch(StopKind::write, kDataAt + kPage)}, 1)[0].changes_value);
}

/// An execute stop is of a virtual address, too, and holds at one that is not even mapped.
TEST_P(WatchedAccessTest, ExecuteStopsAreOfVirtualAddresses) {
    PagedGuest guest(GetParam(), {nop(), jalr(zero, a0, 0)});
    guest.set(a0, kDataAt + 4 * kPage);
    EXPECT_EQ(hits(guest, {{StopKind::execute, VirtualAddress{kCodeAt + 4}, 1}}, 3).size(), 1u);
    EXPECT_EQ(hits(guest, {{StopKind::execute, VirtualAddress{kDataAt + 4 * kPage}, 1}}, 3).size(), 1u);
    EXPECT_TRUE(hits(guest, {{StopKind::execute, VirtualAddress{Guest::kCode + 4}, 1}}, 3).empty());
}

}  // namespace
}  // namespace backspin::emu
