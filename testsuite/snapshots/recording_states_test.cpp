// Machine states in a recording: what is stored once, what is shared, where a recording begins.
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "recording_fixture.hpp"
#include "snapshots/recording_codec.hpp"

namespace backspin::snapshots {
namespace {

const Sample kNothing = sample(0);

TEST(RecordedStates, AreLoadedInAnyOrder) {
    const Folder folder;
    const auto made = sample(60);
    write(folder / "run.bsr", made);
    const RecordingReader reader(folder / "run.bsr");
    const auto store = PageStore::create();
    std::mt19937 random(3);
    for (int i = 0; i < 40; ++i) {
        const auto index = random() % reader.snapshots().size();
        const auto state = reader.load_snapshot(index, store);
        EXPECT_FALSE(state.trusted);
        EXPECT_EQ(values_of(reader.snapshots()[index].at.branch, state), made.content.snapshots[index]);
    }
}

TEST(RecordedStates, ShareThePagesInWhichTheyDoNotDiffer) {
    const Folder folder;
    write(folder / "run.bsr", sample(60));
    const RecordingReader reader(folder / "run.bsr");
    const auto store = PageStore::create();
    const auto first = reader.load_snapshot(3, store);
    const auto before = store->pages_in_use();
    const auto second = reader.load_snapshot(4, store);
    std::size_t differ = 0;
    PageRoot::for_each_difference(first.pages, second.pages, [&](auto...) { ++differ; });
    EXPECT_GT(differ, 0U);
    EXPECT_LE(store->pages_in_use() - before, differ);
}

TEST(RecordedStates, HoldEachContentOnce) {
    const Folder folder;
    const auto made = sample(100);
    write(folder / "run.bsr", made);
    std::set<std::vector<std::byte>> contents;
    for (const auto& state : made.content.snapshots) {
        for (const auto& [index, page] : state.memory) contents.insert(page);
    }
    contents.erase(std::vector<std::byte>(kPageSize));
    const RecordingReader reader(folder / "run.bsr");
    std::uint64_t hashes = 0;
    for (const auto& size : reader.table_sizes()) {
        // Numbers, size and checksum of the row: 4 of 8 bytes, 16 bytes; then 16 bytes a page.
        if (size.table == "packs") hashes = size.bytes - size.rows * (4 * 8 + 16);
    }
    EXPECT_EQ(hashes / sizeof(Checksum), contents.size());
}

TEST(RecordedStates, OfALargeMemoryFillManyPacks) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    PageTable memory(PageStore::create(), kMemoryPages);
    std::mt19937_64 random(1);
    for (std::uint64_t i = 0; i < 1200; ++i) {
        auto page = memory.write_page({i})->bytes();
        for (auto& byte : page) byte = static_cast<std::byte>(random() % 5);
    }
    const SavedState state{{7}, std::vector<std::byte>(3), {1, 2, 3}, memory.share(), true};
    auto writer = begin(path, kNothing);
    writer.add_snapshot({{0}, {7}}, state, "large");
    writer.add_snapshot({{0}, {8}}, state);
    writer.finish({{{0}, {9}}, {}, "ended", std::nullopt});
    const RecordingReader reader(path);
    ASSERT_EQ(reader.snapshots().size(), 2U);
    EXPECT_GT(reader.snapshots()[0].bytes, 1200U * 1000);
    EXPECT_LT(reader.snapshots()[1].bytes, 100U);
    EXPECT_EQ(values_of({}, reader.load_snapshot(0, PageStore::create())), values_of({}, state));
}

TEST(RecordedStates, MayBeTheBeginning) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    auto made = sample(20);
    const auto begins = made.content.events[9].at;
    {
        auto writer = begin(path, made, Overwrite::refuse, StartState{begins, made.states[9], "boot"});
        writer.add_branch({{1}, begins, "other"});
        for (std::size_t i = 10; i < 20; ++i) add(writer, made, i);
        writer.finish(*made.content.end);
    }
    const RecordingReader reader(path);
    EXPECT_EQ(reader.begin(), begins);
    ASSERT_EQ(reader.snapshots().size(), 3U);
    EXPECT_EQ(reader.snapshots()[0].name, "boot");
    EXPECT_EQ(values_of(begins.branch, reader.load_snapshot(0, PageStore::create())),
              made.content.snapshots[1]);
    EXPECT_EQ(values_of({}, reader.load_snapshot(2, PageStore::create())).memory,
              made.content.snapshots[3].memory);
    EXPECT_EQ(reader.event_count(), 10U);
}

TEST(RecordedStates, OfAnOrdinaryRecordingAreNotItsBeginning) {
    const Folder folder;
    write(folder / "run.bsr", sample(20));
    EXPECT_EQ(RecordingReader(folder / "run.bsr").begin(), Position{});
}

TEST(Recording, MovesToAnotherNameAndGoesOn) {
    const Folder folder;
    const auto made = sample(20);
    auto writer = begin(folder / "first", made);
    for (std::size_t i = 0; i < 10; ++i) add(writer, made, i);
    spill(folder / "second", "an older file");
    spill(folder / "second-wal", "and its log");
    writer.move_to(folder / "second");
    EXPECT_FALSE(fs::exists(folder / "first"));
    for (std::size_t i = 10; i < 20; ++i) add(writer, made, i);
    writer.finish(*made.content.end);
    EXPECT_EQ(read(folder / "second"), made.content);
    EXPECT_EQ(folder.files(), 1U);
}

TEST(Recording, CountsWhatItWroteSinceItsBeginning) {
    const Folder folder;
    const auto made = sample(10);
    auto writer = begin(folder / "run.bsr", made, Overwrite::refuse, StartState{{}, made.states[0], {}});
    writer.commit();
    EXPECT_EQ(writer.bytes_written(), 0U);
    for (std::size_t i = 1; i < 10; ++i) add(writer, made, i);
    writer.commit();
    EXPECT_GT(writer.bytes_written(), 4 * kPageSize);
    EXPECT_GT(writer.packing_time().count(), 0);
}

// ---- how they are packed --------------------------------------------------------------------------

TEST(RecordedChanges, ComeBackAndRefuseWhatIsNotOfTheirForm) {
    const std::vector<PageChange> changes{{{0}, kFirstPage},    {{1}, kFirstPage + 1},
                                          {{5}, kZeroPage},     {{1000}, kUnwrittenPage},
                                          {{1001}, 1ULL << 40}, {{(1ULL << 30) - 1}, 77}};
    const auto bytes = encode_changes(changes);
    EXPECT_EQ(decode_changes(bytes, kMostPages), changes);
    EXPECT_EQ(decode_changes(bytes, kMostPages - 1), std::nullopt);  // the last index is beyond the end
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        const auto got = decode_changes(std::span{bytes}.first(length), kMostPages);
        // Cut between two changes it is a shorter list, elsewhere it is none.
        EXPECT_TRUE(!got || std::equal(got->begin(), got->end(), changes.begin())) << length;
    }
    const std::vector<std::byte> endless(11, std::byte{0xff});
    EXPECT_EQ(decode_changes(endless, kMostPages), std::nullopt);
    const std::vector<std::byte> too_many(2 * (kChangesPerRow + 1));
    EXPECT_EQ(decode_changes(too_many, kMostPages), std::nullopt);
    EXPECT_EQ(decode_changes(too_many, 10), std::nullopt);
}

TEST(RecordedChanges, OfNewPagesInARowTakeTwoBytesEach) {
    std::vector<PageChange> changes(1000);
    for (std::uint64_t i = 0; i < changes.size(); ++i) changes[i] = {{i}, kFirstPage + i};
    EXPECT_EQ(encode_changes(changes).size(), 2000U);
}

TEST(RecordedDigests, HoldWhatDiffers) {
    const std::vector<std::uint64_t> first{1, ~0ULL, 3, 4, 5, 6, 7, 8, 9};
    auto second = first;
    second[8] = 10;
    const auto whole = encode_digests({}, first);
    const auto change = encode_digests(first, second);
    EXPECT_EQ(whole.size(), 2U + 9 * 8);
    EXPECT_EQ(change.size(), 2U + 8);
    std::vector<std::uint64_t> got(9);
    EXPECT_TRUE(decode_digests(whole, true, got));
    EXPECT_EQ(got, first);
    EXPECT_TRUE(decode_digests(change, false, got));
    EXPECT_EQ(got, second);

    EXPECT_FALSE(decode_digests(change, true, got));  // the first one is whole
    EXPECT_FALSE(decode_digests(std::span{whole}.first(1), true, got));
    EXPECT_FALSE(decode_digests(std::span{whole}.first(whole.size() - 1), true, got));
    auto longer = whole;
    longer.push_back({});
    EXPECT_FALSE(decode_digests(longer, true, got));
    auto unknown = whole;
    unknown[1] |= std::byte{2};  // a tenth component
    EXPECT_FALSE(decode_digests(unknown, true, got));
}

}  // namespace
}  // namespace backspin::snapshots
