// Recordings by somebody who knows the format: every checksum of the chain is right, and what it covers is
// not.
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recording_fixture.hpp"
#include "snapshots/recording_codec.hpp"
#include "snapshots/recording_schema.hpp"
#include "snapshots/sqlite.hpp"
#include "testsuite/snapshots/reseal.hpp"

namespace backspin::snapshots {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class HostileRecording : public ::testing::Test {
  protected:
    static void SetUpTestSuite() {
        folder_ = new Folder();
        write(original(), sample(20));
    }
    static void TearDownTestSuite() {
        delete folder_;
        folder_ = nullptr;
    }
    static fs::path original() { return *folder_ / "original"; }
    static fs::path changed() { return *folder_ / "changed"; }

    /// What is said of the recording after this change, with all checksums right.
    static std::string after(const std::string& sql) {
        fs::copy_file(original(), changed(), fs::copy_options::overwrite_existing);
        tamper(changed(), sql);
        reseal(changed());
        return refusal(changed());
    }

    static inline Folder* folder_ = nullptr;
};

TEST_F(HostileRecording, ResealedAsItIsOpens) {
    EXPECT_EQ(after("UPDATE bookmarks SET name='another name' WHERE id=1"), "opened");
}

TEST_F(HostileRecording, EveryColumnIsBounded) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"DELETE FROM images", "a piece of no image"},
        {"DELETE FROM images WHERE id=2; UPDATE image_chunks SET image=1 WHERE id=1", "a piece of no image"},
        {"UPDATE image_chunks SET image=0, id=99 WHERE id=3", "opened"},
        {"UPDATE image_chunks SET image=1 WHERE id=3", "does not hold all of image 0"},
        {"UPDATE image_chunks SET image=-1 WHERE id=3", "a piece of no image"},
        {"UPDATE components SET name=hex(zeroblob(128)) WHERE id=1", "a component's name out of bounds"},
        {"UPDATE components SET name=x'00' WHERE id=1", "a component's name out of bounds"},
        {"DELETE FROM components WHERE id=1", "digests of unknown form"},
        {"INSERT INTO components(batch, name) VALUES(0, 'one more')", "digests of unknown form"},
        {"INSERT INTO components(batch, name) VALUES(1, 'late')", "a component after its beginning"},
        {"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<1100) "
         "INSERT INTO components(batch, name) SELECT 0, 'c'||i FROM n",
         "more components than allowed"},
        {"UPDATE epochs SET step=-1 WHERE id=2", "a position out of bounds"},
        {"UPDATE epochs SET branch=4294967296 WHERE id=2", "a branch out of bounds"},
        {"UPDATE epochs SET digests=x'00' WHERE id=1", "digests of unknown form"},
        {"UPDATE epochs SET digests=x'0f' WHERE id=2", "digests of unknown form"},
        {"UPDATE epochs SET digests=7 WHERE id=2", "digests out of bounds"},
        {"UPDATE epochs SET digests=x'' WHERE id=2", "digests of unknown form"},
        {"DELETE FROM epochs WHERE id=1", "digests of unknown form"},
        {"UPDATE packs SET snapshot=-1 WHERE id=1", "the number of a snapshot out of bounds"},
        {"UPDATE packs SET snapshot=1<<40 WHERE id=1", "the number of a snapshot out of bounds"},
        {"UPDATE packs SET snapshot=0", "pages of a snapshot after it"},
        {"UPDATE packs SET seed='x' WHERE id=1", "a seed that is not a number"},
        {"UPDATE packs SET hashes=x'' WHERE id=1", "a pack of no pages"},
        {"UPDATE packs SET hashes=zeroblob(17) WHERE id=1", "a pack of no pages"},
        {"UPDATE packs SET hashes=zeroblob(16*257) WHERE id=1", "the hashes of pages out of bounds"},
        {"UPDATE packs SET hashes=zeroblob(length(hashes)) WHERE id=1", "pages of snapshot 0 do not match"},
        {"UPDATE packs SET hashes=zeroblob(length(hashes)+16) WHERE id=1", "do not match"},
        {"UPDATE packs SET hashes=substr(hashes,17) WHERE id=4", "lacks pages of snapshot 3"},
        {"DELETE FROM packs WHERE id=4; DELETE FROM blobs WHERE id=(SELECT max(id) FROM blobs)",
         "lacks pages of snapshot 3"},
        {"UPDATE packs SET blob=-1 WHERE id=1", "the number of a content out of bounds"},
        {"UPDATE packs SET blob=99 WHERE id=1", "lacks content"},
        {"UPDATE packs SET blob=(SELECT blob FROM packs WHERE id=2), size=(SELECT size FROM packs WHERE "
         "id=2) "
         "WHERE id=1",
         "lacks content"},
        {"UPDATE packs SET size=1<<40 WHERE id=1", "the size of a content out of bounds"},
        {"UPDATE packs SET size=size+1 WHERE id=1", "lacks content"},
        {"UPDATE packs SET checksum=x'00' WHERE id=1", "a checksum out of bounds"},
        {"UPDATE packs SET checksum=zeroblob(16) WHERE id=1", "pages of snapshot 0 do not match"},
        {"UPDATE snapshots SET step=-1 WHERE id=1", "a position out of bounds"},
        {"UPDATE snapshots SET branch=-1 WHERE id=1", "a branch out of bounds"},
        {"UPDATE snapshots SET name=hex(zeroblob(128)) WHERE id=1", "the name of a snapshot out of bounds"},
        {"UPDATE snapshots SET pages=-1", "the size of a snapshot out of bounds"},
        {"UPDATE snapshots SET pages=1<<31", "the size of a snapshot out of bounds"},
        {"UPDATE snapshots SET pages=1", "a list of pages of unknown form"},
        {"UPDATE snapshots SET pages=pages+1 WHERE id=2", "snapshots of different machines"},
        {"UPDATE snapshots SET size=1<<30 WHERE id=1", "the size of a snapshot out of bounds"},
        {"UPDATE snapshots SET size=size+1 WHERE id=1", "other components than the recording's"},
        {"UPDATE snapshots SET fields=x'00' WHERE id=1", "a damaged snapshot 0"},
        {"UPDATE snapshots SET fields='text' WHERE id=1", "a snapshot out of bounds"},
        {"UPDATE snapshots SET ends=x'' WHERE id=1", "other components than the recording's"},
        {"UPDATE snapshots SET ends=x'140000000a0000003c000000' WHERE id=1", "other components"},
        {"UPDATE snapshots SET ends=zeroblob(5000) WHERE id=1", "a snapshot's components out of bounds"},
        {"UPDATE snapshots SET batch=0 WHERE id=1; UPDATE packs SET batch=0 WHERE id=1; "
         "UPDATE snapshot_pages SET batch=0 WHERE id=1",
         "before its beginning"},
        {"UPDATE snapshot_pages SET snapshot=-1 WHERE id=1", "the number of a snapshot out of bounds"},
        {"UPDATE snapshot_pages SET snapshot=99 WHERE id=4", "pages of no snapshot"},
        {"UPDATE snapshot_pages SET snapshot=0 WHERE id=3", "pages of no snapshot"},
        {"UPDATE snapshot_pages SET changes=x'' WHERE id=1", "a list of pages of unknown form"},
        {"UPDATE snapshot_pages SET changes=x'ff' WHERE id=1", "a list of pages of unknown form"},
        {"UPDATE snapshot_pages SET changes='0000' WHERE id=1", "a list of pages out of bounds"},
        {"UPDATE snapshot_pages SET changes=zeroblob(70000) WHERE id=1", "a list of pages of unknown form"},
        // Page 2 + 10000, of which there is none; then one that is below all.
        {"UPDATE snapshot_pages SET changes=x'00a09c01' WHERE id=1", "lacks pages of snapshot 0"},
        {"UPDATE snapshot_pages SET changes=x'0005' WHERE id=1", "lacks pages of snapshot 0"},
        {"INSERT INTO snapshot_pages(id, batch, snapshot, changes) SELECT 99, batch, snapshot, changes FROM "
         "snapshot_pages WHERE id=4",
         "a list of pages of unknown form"},
        {"UPDATE disk_blocks SET drive=-1 WHERE id=1", "the number of a drive out of bounds"},
        {"UPDATE disk_blocks SET drive=1<<32 WHERE id=1", "the number of a drive out of bounds"},
        {"UPDATE disk_blocks SET block=-1 WHERE id=1", "the number of a disk block out of bounds"},
        {"UPDATE disk_blocks SET block=1<<41 WHERE id=1", "the number of a disk block out of bounds"},
        {"UPDATE disk_blocks SET block=7", "a disk block twice"},
        {"UPDATE disk_blocks SET sha256=x'00' WHERE id=1", "a disk block's hash of a wrong length"},
        {"UPDATE disk_blocks SET sha256=zeroblob(32)", "of drive 1 does not match its hash"},
        {"UPDATE disk_blocks SET blob=NULL", "lacks content"},
        {"UPDATE disk_blocks SET size=NULL WHERE blob IS NOT NULL", "the size of a content out of bounds"},
        {"UPDATE output SET step=-1 WHERE id=1", "a position out of bounds"},
        {"UPDATE output SET channel=-1 WHERE id=1", "a channel out of bounds"},
        {"UPDATE output SET channel=1<<32 WHERE id=1", "a channel out of bounds"},
        {"UPDATE output SET bytes=zeroblob(65537) WHERE id=1", "output out of bounds"},
        {"UPDATE output SET bytes='text' WHERE id=1", "output out of bounds"},
        {"UPDATE bookmarks SET step=-1 WHERE id=1", "a position out of bounds"},
        {"UPDATE bookmarks SET name=hex(zeroblob(128)) WHERE id=1", "the name of a bookmark out of bounds"},
        {"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<66000) "
         "INSERT INTO bookmarks(batch, branch, step, name) SELECT 4, 0, 1, 'b' FROM n",
         "more bookmarks than allowed"},
        {"UPDATE patches SET step=-1 WHERE id=1", "a position out of bounds"},
        {"UPDATE patches SET base=step WHERE id=1", "a patch to a state that is not before it"},
        {"UPDATE patches SET size=1<<25 WHERE id=1", "the size of a patch out of bounds"},
        {"UPDATE patches SET size=size-1 WHERE id=1", "a patch of unknown form at step"},
        {"UPDATE patches SET patch='text' WHERE id=1", "a patch out of bounds"},
        {"UPDATE patches SET patch=x'00' WHERE id=1", "a patch of unknown form at step"},
        {"UPDATE patches SET id=id+100", "a patch of unknown form at step"},
        {"UPDATE accesses SET step=-1 WHERE id=1", "a position out of bounds"},
        {"UPDATE accesses SET until=step WHERE id=1", "accesses of no steps"},
        {"UPDATE accesses SET until=-5 WHERE id=1", "a position out of bounds"},
        {"UPDATE accesses SET until=step+1000000 WHERE id=1", "accesses that are out of order"},
        {"UPDATE accesses SET size=1<<25 WHERE id=2", "the size of accesses out of bounds"},
        {"UPDATE accesses SET size=size+1 WHERE id=2", "accesses of unknown form at step"},
        {"UPDATE accesses SET notes='text' WHERE id=2", "accesses out of bounds"},
        {"UPDATE accesses SET notes=x'00' WHERE id=2", "accesses of unknown form at step"},
        {"UPDATE branches SET name='a letter' WHERE id=1", "opened"},
        {"UPDATE branches SET number=3 WHERE id=1", "branches that are out of order"},
        {"UPDATE branches SET number='1' WHERE id=1", "opened"},  // the column makes a number of it
        {"UPDATE branches SET number=-1 WHERE id=1", "a branch out of bounds"},
        {"UPDATE branches SET parent=1 WHERE id=1", "a branch of no branch"},
        {"UPDATE branches SET parent=7 WHERE id=2", "a branch of no branch"},
        {"UPDATE branches SET parent=1<<32 WHERE id=2", "a branch out of bounds"},
        {"UPDATE branches SET step=149 WHERE id=2", "a branch that begins before its parent"},
        {"UPDATE branches SET step=206 WHERE id=1", "speaks of branch 1 before its beginning"},
        {"UPDATE branches SET step=-1 WHERE id=1", "a position out of bounds"},
        {"UPDATE branches SET step=2007, parent=0 WHERE id=2", "a branch that begins after its parent's end"},
        {"UPDATE branches SET name=hex(zeroblob(128)) WHERE id=1", "the name of a branch out of bounds"},
        {"DELETE FROM branches", "speaks of branch 1, which it does not have"},
        {"UPDATE events SET branch=3 WHERE id=20", "speaks of branch 3, which it does not have"},
        {"WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i+1 FROM n WHERE i<1001) "
         "INSERT INTO branches(batch, number, parent, step, name) SELECT 4, i, 0, 1, 'b' FROM n",
         "more branches than allowed"},
    };
    for (const auto& [sql, expected] : cases) {
        const auto said = after(sql);
        EXPECT_THAT(said, HasSubstr(expected)) << sql;
        EXPECT_THAT(said, Not(HasSubstr("\n"))) << sql;
    }
}

/// Puts other content into a blob, with its size and checksum right where they are referred to.
std::string with_content(const fs::path& original, const fs::path& path, const std::string& table,
                         const std::vector<std::byte>& content) {
    fs::copy_file(original, path, fs::copy_options::overwrite_existing);
    {
        Database database(sqlite_uri(path.string(), ""), Database::Mode::read_write);
        const auto number = [&] {
            auto row = database.prepare("SELECT min(blob) FROM " + table);
            row.step();
            return row.integer(0);
        }();
        const auto checksum = checksum_of(content);
        database.prepare("UPDATE blobs SET bytes=?2 WHERE id=?1").bind(1, number).bind(2, content).run();
        database.prepare("UPDATE " + table + " SET size=?2, checksum=?3 WHERE blob=?1")
            .bind(1, number)
            .bind(2, static_cast<std::int64_t>(content.size()))
            .bind(3, std::span<const std::byte>{checksum})
            .run();
    }
    reseal(path);
    return refusal(path);
}

TEST_F(HostileRecording, ContentsUnpackToWhatTheyShouldOrNotAtAll) {
    const std::vector<std::byte> garbage(100, std::byte{0x5a});
    const std::vector<std::byte> much(std::size_t{16} << 20);
    const std::vector<std::byte> block(kDiskBlock + 1);
    for (const auto& content :
         {garbage, std::vector<std::byte>{}, compressed(much, 1), compressed(garbage, 1)}) {
        EXPECT_THAT(with_content(original(), changed(), "packs", content), HasSubstr("pages of snapshot 0"));
        EXPECT_THAT(with_content(original(), changed(), "disk_blocks", content),
                    HasSubstr("of drive 1 does not"));
    }
    EXPECT_THAT(with_content(original(), changed(), "disk_blocks", compressed(block, 1)),
                HasSubstr("of drive 1 does not"));
}

}  // namespace
}  // namespace backspin::snapshots
