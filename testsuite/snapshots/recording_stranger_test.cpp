// A recording that somebody else made: cut, flipped, rewritten with an SQL tool.
#include "snapshots/recording.hpp"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recording_fixture.hpp"
#include "snapshots/recording_events.hpp"

namespace backspin::snapshots {
namespace {

using ::testing::HasSubstr;

TEST(RecordingOfAStranger, SaysWhatIsWrong) {
    const Folder folder;
    EXPECT_THAT(refusal(folder / "none.bsr"), HasSubstr("cannot be opened: No such file"));
    spill(folder / "empty", "");
    EXPECT_THAT(refusal(folder / "empty"), HasSubstr("is empty"));
    spill(folder / "text", std::string(5000, 'x'));
    EXPECT_THAT(refusal(folder / "text"), HasSubstr("is not a Backspin recording"));
    EXPECT_THAT(refusal(folder.path()), HasSubstr("is not a plain file"));

    tamper(folder / "other", "CREATE TABLE t(x)");
    EXPECT_THAT(refusal(folder / "other"), HasSubstr("is an SQLite database, but not"));

    write(folder / "newer", sample(2));
    tamper(folder / "newer", "PRAGMA user_version=7");
    EXPECT_THAT(refusal(folder / "newer"), HasSubstr("format 7, newer than this program's 4"));

    write(folder / "schema", sample(2));
    tamper(folder / "schema", "CREATE TABLE extra(x)");
    EXPECT_THAT(refusal(folder / "schema"), HasSubstr("a table that is not of this format"));
}

TEST(RecordingOfAStranger, EveryChangedOrMissingRowIsSeen) {
    const Folder folder;
    const auto original = folder / "original";
    write(original, sample(20));
    const auto after = [&](const std::string& sql) {
        const auto path = folder / "tampered";
        fs::copy_file(original, path, fs::copy_options::overwrite_existing);
        tamper(path, sql);
        return refusal(path);
    };
    EXPECT_THAT(after("UPDATE events SET step=step+1 WHERE id=8"), HasSubstr("batch 2, after step 406"));
    EXPECT_THAT(after("UPDATE events SET payload=x'00000000ff' WHERE id=1"), HasSubstr("checksum"));
    EXPECT_THAT(after("DELETE FROM events WHERE id=8"), HasSubstr("checksum"));
    EXPECT_THAT(after("DELETE FROM epochs WHERE id>1"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE epochs SET step=step+1 WHERE id=20"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE components SET name='hart 1' WHERE id=1"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE snapshots SET name='other' WHERE id=1"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE packs SET seed=seed+1 WHERE id=1"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE output SET channel=3 WHERE id=2"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE output SET bytes=x'41' WHERE id=2"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE bookmarks SET step=step+1 WHERE id=1"), HasSubstr("checksum"));
    EXPECT_THAT(after("DELETE FROM bookmarks"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE branches SET step=step+1 WHERE id=1"), HasSubstr("checksum"));
    EXPECT_THAT(after("DELETE FROM branches WHERE id=2"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE disk_blocks SET drive=2 WHERE id=1"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE disk_blocks SET sha256=zeroblob(32) WHERE id=1"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE configuration SET value='1' WHERE key='ram'"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE images SET name='other' WHERE id=1"), HasSubstr("checksum"));
    EXPECT_THAT(after("DELETE FROM image_chunks WHERE id=2"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE ends SET exit_code=0"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE ends SET exit_code=NULL"), HasSubstr("checksum"));
    EXPECT_THAT(after("DELETE FROM batches WHERE number=2"), HasSubstr("lacks batch 2"));
    EXPECT_THAT(after("DELETE FROM batches WHERE number=5"), HasSubstr("belong to no batch"));
    EXPECT_THAT(after("DELETE FROM batches"), HasSubstr("holds nothing"));
    EXPECT_THAT(after("UPDATE events SET batch=3 WHERE batch=2"), HasSubstr("checksum"));
    EXPECT_THAT(after("UPDATE events SET step=-1 WHERE id=1"), HasSubstr("out of bounds"));
    EXPECT_THAT(after("UPDATE events SET kind=99 WHERE id=1"), HasSubstr("unknown form"));
    // What is outside the chain is named by what is inside.
    EXPECT_THAT(after("DELETE FROM blobs WHERE id=2"), HasSubstr("lacks content 2"));
    EXPECT_THAT(after("UPDATE blobs SET id=99 WHERE id=2"), HasSubstr("lacks content 2"));
    EXPECT_THAT(after("UPDATE blobs SET bytes=bytes||x'00' WHERE id=2"), HasSubstr("lacks content 2"));
    EXPECT_THAT(after("UPDATE blobs SET bytes=CAST(bytes AS TEXT) WHERE id=2"), HasSubstr("lacks content 2"));
    EXPECT_THAT(after("INSERT INTO blobs VALUES(99, x'00')"), HasSubstr("belongs to nothing"));
    EXPECT_THAT(after("UPDATE blobs SET bytes=zeroblob(length(bytes)) WHERE id=1"),
                HasSubstr("block 3145728 of drive 1 does not match"));
    EXPECT_THAT(after("UPDATE blobs SET bytes=zeroblob(length(bytes)) WHERE id=2"),
                HasSubstr("pages of snapshot 0 do not match"));
    EXPECT_EQ(after("VACUUM"), "opened");  // the same content, differently laid out
}

enum class Seen : std::uint8_t { reported, harmless };

/// Opening a damaged copy either throws RecordingError or gives exactly what was written.
Seen expect_reported_or_harmless(const fs::path& damaged, const Content& content, const std::string& what) {
    try {
        EXPECT_EQ(read(damaged), content) << what;
        return Seen::harmless;
    } catch (const RecordingError& error) {
        EXPECT_THAT(error.what(), HasSubstr(damaged.string())) << what;
        EXPECT_THAT(error.what(), ::testing::Not(HasSubstr("\n"))) << what;
        return Seen::reported;
    }
}

Sample small_sample() {
    auto made = sample(30);
    made.content.images[0].resize(9000);
    return made;
}

TEST(RecordingOfAStranger, TruncatedAnywhereIsReported) {
    const Folder folder;
    const auto made = small_sample();
    write(folder / "run.bsr", made);
    const auto whole = slurp(folder / "run.bsr");
    std::mt19937 random(1);
    for (int i = 0; i < 300; ++i) {
        const std::size_t length = i < 120 ? static_cast<std::size_t>(i) : random() % whole.size();
        spill(folder / "cut.bsr", std::string_view{whole}.substr(0, length));
        EXPECT_NE(refusal(folder / "cut.bsr"), "opened") << length << " of " << whole.size() << " bytes";
    }
}

TEST(RecordingOfAStranger, FlippedBitsAreReportedOrHarmless) {
    const Folder folder;
    const auto made = small_sample();
    const auto& content = made.content;
    write(folder / "run.bsr", made);
    const auto whole = slurp(folder / "run.bsr");
    std::mt19937 random(2);
    for (int i = 0; i < 1500; ++i) {
        auto damaged = whole;
        // The header first: there a bit means most.
        const std::size_t at = i < 800 ? static_cast<std::size_t>(i / 8) : random() % whole.size();
        const unsigned bit = i < 800 ? static_cast<unsigned>(i % 8) : random() % 8;
        damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ 1U << bit);
        spill(folder / "flipped.bsr", damaged);
        expect_reported_or_harmless(folder / "flipped.bsr", content,
                                    "bit " + std::to_string(bit) + " of byte " + std::to_string(at));
    }
}

constexpr std::size_t kFilePage = 4096;

/// In every page of the file: in its header, in the list of where its rows lie, and anywhere.
TEST(RecordingOfAStranger, AFlippedBitInAnyPageIsReportedOrHarmless) {
    const Folder folder;
    const auto made = small_sample();
    write(folder / "run.bsr", made);
    // Pages that nothing uses any more: nobody of ours leaves any, but a file may have them.
    tamper(folder / "run.bsr",
           "PRAGMA secure_delete=OFF; CREATE TABLE gone(x); INSERT INTO gone VALUES(randomblob(40000)); "
           "DROP TABLE gone");
    const auto whole = slurp(folder / "run.bsr");
    ASSERT_EQ(whole.size() % kFilePage, 0U);
    const auto pages = whole.size() / kFilePage;
    std::mt19937 random(4);
    std::size_t harmless = 0;
    std::size_t untouchable = 0;
    for (std::size_t page = 0; page < pages; ++page) {
        std::size_t reported = 0;
        for (const std::size_t offset : {random() % 12, 12 + random() % 40, random() % kFilePage,
                                         random() % kFilePage, random() % kFilePage}) {
            auto damaged = whole;
            const auto at = page * kFilePage + offset;
            damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ 1U << random() % 8);
            spill(folder / "flipped.bsr", damaged);
            const auto seen = expect_reported_or_harmless(folder / "flipped.bsr", made.content,
                                                          "byte " + std::to_string(at));
            if (seen == Seen::reported) ++reported;
            if (seen == Seen::harmless) ++harmless;
        }
        if (reported == 0) ++untouchable;
    }
    // The pages that nothing uses are the ones in which nothing is seen; in all others, something is.
    EXPECT_GE(untouchable, 8U);
    EXPECT_LE(untouchable, 12U);
    EXPECT_GT(harmless, 0U);
}

TEST(RecordingOfAStranger, ADamagedLogIsReportedOrLeavesAPrefix) {
    const Folder folder;
    const auto path = folder / "run.bsr";
    const auto made = small_sample();
    const auto& content = made.content;
    in_killed_process([&] {
        auto writer = begin(path, made);
        fill(writer, made, 1);
        ::raise(SIGKILL);
    });
    const auto whole = slurp(folder / "run.bsr-wal");
    std::mt19937 random(3);
    for (int i = 0; i < 400; ++i) {
        auto damaged = whole;
        // The log's header and that of its first page: there a bit means most.
        constexpr int kHeaders = 56;
        const std::size_t at = i < 2 * kHeaders ? static_cast<std::size_t>(i / 2) : random() % whole.size();
        if (i % 2 == 0) {
            damaged.resize(at);
        } else {
            damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ 1U << random() % 8);
        }
        spill(folder / "run.bsr-wal", damaged);
        try {
            const auto got = read(path);
            ASSERT_LE(got.events.size(), content.events.size());
            EXPECT_TRUE(std::equal(got.events.begin(), got.events.end(), content.events.begin())) << at;
            EXPECT_EQ(got.images, content.images);
        } catch (const RecordingError& error) {
            EXPECT_THAT(error.what(), HasSubstr(path.string()));
        }
    }
}

}  // namespace
}  // namespace backspin::snapshots
