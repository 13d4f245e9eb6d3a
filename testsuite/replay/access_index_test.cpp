#include "replay/access_index.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>
#include <vector>

namespace backspin::replay {
namespace {

StopPoint write_to(std::uint64_t address, std::uint64_t length = 1) {
    return {StopKind::write, {address}, length};
}

AccessNotes writing(std::uint64_t page) {
    AccessNotes notes;
    notes.written = notes.changed = {{page}};
    return notes;
}

StepCount latest(const AccessIndex& index, std::uint64_t end, const StopPoint& stop) {
    return index.latest_candidate({}, {end}, std::array{stop});
}

TEST(PackedNotes, UnpackToWhatTheyWere) {
    std::mt19937_64 random(1);
    for (int n = 0; n < 200; ++n) {
        const auto some = [&] {
            std::set<PageNumber> pages;
            for (auto left = random() % 40; left > 0; --left)
                pages.insert({random() >> (kPageBits + random() % 52)});
            return std::vector<PageNumber>(pages.begin(), pages.end());
        };
        const AccessNotes notes{some(), some(), some(), some(), some(), random() % 2 == 0};
        const PackedNotes packed(notes);
        EXPECT_EQ(packed.unpack(), notes);
        const auto read = PackedNotes::from_bytes(packed.to_bytes());
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(read->unpack(), notes);
    }
}

TEST(PackedNotes, AreReadFromAnyBytesOrRefused) {
    std::mt19937_64 random(3);
    AccessNotes notes;
    notes.executed = notes.read = {{1}, {0x80}, {0x8000'0000'0000}};
    notes.written = {{0xf'ffff'ffff'ffff}};  // the last page there is
    const auto whole = PackedNotes(notes).to_bytes();
    EXPECT_EQ(PackedNotes::from_bytes(whole)->unpack(), notes);
    EXPECT_FALSE(PackedNotes::from_bytes({}).has_value());
    int refused = 0;
    for (int n = 0; n < 20'000; ++n) {
        auto bytes = whole;
        for (auto left = 1 + random() % 3; left > 0; --left)
            bytes[random() % bytes.size()] = static_cast<std::byte>(random());
        bytes.resize(bytes.size() - random() % 3);
        const auto read = PackedNotes::from_bytes(bytes);
        if (!read) {
            ++refused;
            continue;
        }
        // Whatever it is, it is notes like others.
        EXPECT_EQ(PackedNotes::from_bytes(PackedNotes(read->unpack()).to_bytes())->unpack(), read->unpack());
        EXPECT_TRUE(std::ranges::is_sorted(read->unpack().read));
    }
    EXPECT_GT(refused, 1000);
}

TEST(PackedNotes, ExcludeByTheKindOfAccess) {
    AccessNotes notes;
    notes.executed = {{1}};
    notes.read = {{2}};
    notes.written = {{3}};
    const PackedNotes packed(notes);
    const auto may = [&](StopKind kind, std::uint64_t page) {
        return packed.may_hit({kind, {page << kPageBits}, 8});
    };
    for (const std::uint64_t page : {0, 1, 2, 3, 4}) {
        EXPECT_EQ(may(StopKind::execute, page), page == 1);
        EXPECT_EQ(may(StopKind::write, page), page == 3);
        EXPECT_EQ(may(StopKind::read, page), page == 2 || page == 3);  // an atomic is noted as a store
        EXPECT_EQ(may(StopKind::access, page), page == 2 || page == 3);
    }
}

TEST(PackedNotes, KnowARangeByItsPages) {
    const PackedNotes packed(writing(3));
    EXPECT_TRUE(packed.may_hit(write_to(0x2fff, 2)));
    EXPECT_TRUE(packed.may_hit(write_to(0x3fff, 1)));
    EXPECT_TRUE(packed.may_hit(write_to(0, ~std::uint64_t{0})));
    EXPECT_TRUE(packed.may_hit(write_to(0x5000, ~std::uint64_t{0})));  // over the end and round again
    EXPECT_FALSE(packed.may_hit(write_to(0x2fff, 1)));
    EXPECT_FALSE(packed.may_hit(write_to(0x4000, 0x1000000)));
}

TEST(PackedNotes, WritesFromOutsideGoToPhysicalAddresses) {
    AccessNotes notes;
    notes.changed = notes.changed_from_outside = {{3}};
    EXPECT_TRUE(PackedNotes(notes).may_hit(write_to(0x3000)));
    EXPECT_FALSE(PackedNotes(notes).may_hit(write_to(0x4000)));
    EXPECT_FALSE(PackedNotes(notes).may_hit({StopKind::read, {0x3000}, 1}));
    notes.translated = true;  // then any address may lead there
    EXPECT_TRUE(PackedNotes(notes).may_hit(write_to(0x4000)));
    EXPECT_TRUE(PackedNotes(notes).may_hit({StopKind::access, {0x4000}, 1}));
    EXPECT_FALSE(PackedNotes(notes).may_hit({StopKind::read, {0x4000}, 1}));
}

TEST(AccessIndex, ExcludesNothingThatItDoesNotKnow) {
    AccessIndex index({100});
    index.add({100}, {200}, writing(1));
    EXPECT_EQ(latest(index, 300, write_to(0x5000)), StepCount{300});
    EXPECT_EQ(latest(index, 200, write_to(0x5000)), StepCount{100});
    EXPECT_EQ(latest(index, 150, write_to(0x5000)), StepCount{100});
    EXPECT_EQ(latest(index, 150, write_to(0x1000)), StepCount{150});
}

TEST(AccessIndex, MergesPiecesOfOneEpochAndOfNoTwo) {
    AccessIndex index({100});
    index.add({0}, {40}, writing(1));
    index.add({60}, {100}, writing(2));
    EXPECT_EQ(index.stretches(), 2);
    index.add({40}, {60}, writing(3));
    EXPECT_EQ(index.stretches(), 1);
    index.add({100}, {200}, writing(4));
    EXPECT_EQ(index.stretches(), 2);
    EXPECT_EQ(latest(index, 200, write_to(0x3000)), StepCount{100});
    // A part that is run again says nothing that is not known.
    index.add({110}, {120}, writing(9));
    EXPECT_EQ(latest(index, 200, write_to(0x9000)), StepCount{0});
}

TEST(AccessIndex, AgreesWithAListOfAllSteps) {
    std::mt19937_64 random(2);
    for (int round = 0; round < 100; ++round) {
        constexpr std::uint64_t kSteps = 400;
        const StepCount epoch{1 + random() % 60};
        std::vector<std::uint64_t> page_of(kSteps);
        for (auto& page : page_of) page = random() % 50;
        AccessIndex index(epoch, round % 2 == 0 ? AccessIndex::kMostBytes : 500);
        std::vector<bool> known(kSteps);
        for (int n = 0; n < 40; ++n) {
            const auto begin = random() % kSteps;
            const auto boundary = std::min((begin / epoch.value + 1) * epoch.value, kSteps);
            const auto end = begin + 1 + random() % (boundary - begin);
            AccessNotes notes;
            for (auto at = begin; at < end; ++at) {
                notes.merge(writing(page_of[at]));
                known[at] = true;
            }
            index.add({begin}, {end}, notes);
            const auto stop = write_to(random() % 50 << kPageBits);
            const auto candidate = index.latest_candidate({}, {kSteps}, std::array{stop});
            const auto first = index.first_candidate({}, {kSteps}, std::array{stop});
            for (std::uint64_t at = 0; at < kSteps; ++at) {
                const bool may = !known[at] || page_of[at] == stop.address.value >> kPageBits;
                if (!may) continue;
                EXPECT_LT(at, candidate.value);
                EXPECT_GE(at, first.value);
            }
        }
    }
}

TEST(AccessIndex, KeepsToItsBytesAndHidesNothing) {
    AccessIndex index({10}, 20'000);
    for (std::uint64_t n = 0; n < 5000; ++n) index.add({10 * n}, {10 * n + 10}, writing(n));
    EXPECT_LE(index.bytes(), 20'000 + 1000);
    EXPECT_GE(index.stretches(), 50);
    for (std::uint64_t n = 0; n < 5000; ++n)
        EXPECT_GE(latest(index, 50'000, write_to(n << kPageBits)).value, 10 * n + 10);
}

}  // namespace
}  // namespace backspin::replay
