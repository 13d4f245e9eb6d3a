#include "snapshots/recording_schema.hpp"

#include <algorithm>
#include <new>

#include <xxhash.h>

namespace backspin::snapshots {
namespace {

constexpr Table kConfiguration{TableId::configuration, "configuration",
                               "CREATE TABLE configuration(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, "
                               "key TEXT NOT NULL, value TEXT NOT NULL)",
                               "INSERT INTO configuration(batch, key, value) VALUES(?1, ?2, ?3)",
                               "SELECT batch, key, value FROM configuration ORDER BY id"};
constexpr Table kImages{TableId::images, "images",
                        "CREATE TABLE images(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, name TEXT NOT "
                        "NULL, role TEXT NOT NULL, size INTEGER NOT NULL, sha256 BLOB NOT NULL)",
                        "INSERT INTO images(batch, name, role, size, sha256) VALUES(?1, ?2, ?3, ?4, ?5)",
                        "SELECT batch, name, role, size, sha256 FROM images ORDER BY id"};
constexpr Table kImageChunks{TableId::image_chunks, "image_chunks",
                             "CREATE TABLE image_chunks(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, "
                             "image INTEGER NOT NULL, zstd BLOB NOT NULL)",
                             "INSERT INTO image_chunks(batch, image, zstd) VALUES(?1, ?2, ?3)",
                             "SELECT batch, image, zstd FROM image_chunks ORDER BY id"};
constexpr Table kEvents{TableId::events, "events",
                        "CREATE TABLE events(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, branch INTEGER "
                        "NOT NULL, step INTEGER NOT NULL, kind INTEGER NOT NULL, payload BLOB NOT NULL)",
                        "INSERT INTO events(batch, branch, step, kind, payload) VALUES(?1, ?2, ?3, ?4, ?5)",
                        "SELECT batch, branch, step, kind, payload FROM events ORDER BY id"};
constexpr Table kDigests{
    TableId::digests, "digests",
    "CREATE TABLE digests(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, branch INTEGER NOT NULL, step "
    "INTEGER NOT NULL, component TEXT NOT NULL, value INTEGER NOT NULL)",
    "INSERT INTO digests(batch, branch, step, component, value) VALUES(?1, ?2, ?3, ?4, ?5)",
    "SELECT batch, branch, step, component, value FROM digests ORDER BY id"};
constexpr Table kEnds{
    TableId::ends, "ends",
    "CREATE TABLE ends(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, branch INTEGER NOT NULL, step INTEGER "
    "NOT NULL, time_ns INTEGER NOT NULL, reason TEXT NOT NULL, exit_code INTEGER)",
    "INSERT INTO ends(batch, branch, step, time_ns, reason, exit_code) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    "SELECT batch, branch, step, time_ns, reason, exit_code FROM ends ORDER BY id"};
constexpr Table kComponents{
    TableId::components, "components",
    "CREATE TABLE components(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, name TEXT NOT NULL)",
    "INSERT INTO components(batch, name) VALUES(?1, ?2)", "SELECT batch, name FROM components ORDER BY id"};
constexpr Table kEpochs{TableId::epochs, "epochs",
                        "CREATE TABLE epochs(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, branch INTEGER "
                        "NOT NULL, step INTEGER NOT NULL, digests BLOB NOT NULL)",
                        "INSERT INTO epochs(batch, branch, step, digests) VALUES(?1, ?2, ?3, ?4)",
                        "SELECT batch, branch, step, digests FROM epochs ORDER BY id"};
constexpr Table kPacks{TableId::packs, "packs",
                       "CREATE TABLE packs(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, snapshot INTEGER "
                       "NOT NULL, seed INTEGER NOT NULL, hashes BLOB NOT NULL, blob INTEGER NOT NULL, size "
                       "INTEGER NOT NULL, checksum BLOB NOT NULL)",
                       "INSERT INTO packs(batch, snapshot, seed, hashes, blob, size, checksum) VALUES(?1, "
                       "?2, ?3, ?4, ?5, ?6, ?7)",
                       "SELECT batch, snapshot, seed, hashes, blob, size, checksum FROM packs ORDER BY id"};
constexpr Table kSnapshots{
    TableId::snapshots, "snapshots",
    "CREATE TABLE snapshots(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, branch INTEGER NOT NULL, step "
    "INTEGER NOT NULL, name TEXT NOT NULL, pages INTEGER NOT NULL, size INTEGER NOT NULL, fields BLOB NOT "
    "NULL, ends BLOB NOT NULL)",
    "INSERT INTO snapshots(batch, branch, step, name, pages, size, fields, ends) VALUES(?1, ?2, ?3, ?4, ?5, "
    "?6, ?7, ?8)",
    "SELECT batch, branch, step, name, pages, size, fields, ends FROM snapshots ORDER BY id"};
constexpr Table kSnapshotPages{TableId::snapshot_pages, "snapshot_pages",
                               "CREATE TABLE snapshot_pages(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, "
                               "snapshot INTEGER NOT NULL, changes BLOB NOT NULL)",
                               "INSERT INTO snapshot_pages(batch, snapshot, changes) VALUES(?1, ?2, ?3)",
                               "SELECT batch, snapshot, changes FROM snapshot_pages ORDER BY id"};
constexpr Table kDiskBlocks{
    TableId::disk_blocks, "disk_blocks",
    "CREATE TABLE disk_blocks(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, drive INTEGER NOT NULL, block "
    "INTEGER NOT NULL, sha256 BLOB NOT NULL, blob INTEGER, size INTEGER, checksum BLOB)",
    "INSERT INTO disk_blocks(batch, drive, block, sha256, blob, size, checksum) VALUES(?1, ?2, ?3, ?4, ?5, "
    "?6, ?7)",
    "SELECT batch, drive, block, sha256, blob, size, checksum FROM disk_blocks ORDER BY id"};
constexpr Table kOutput{
    TableId::output, "output",
    "CREATE TABLE output(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, branch INTEGER NOT NULL, step "
    "INTEGER NOT NULL, channel INTEGER NOT NULL, bytes BLOB NOT NULL, time_ns INTEGER NOT NULL)",
    "INSERT INTO output(batch, branch, step, channel, bytes, time_ns) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    "SELECT batch, branch, step, channel, bytes, time_ns FROM output ORDER BY id"};
constexpr Table kOutputOf2{
    TableId::output, "output",
    "CREATE TABLE output(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, branch INTEGER "
    "NOT NULL, step INTEGER NOT NULL, channel INTEGER NOT NULL, bytes BLOB NOT NULL)",
    "INSERT INTO output(batch, branch, step, channel, bytes) VALUES(?1, ?2, ?3, ?4, ?5)",
    "SELECT batch, branch, step, channel, bytes FROM output ORDER BY id"};
constexpr Table kBookmarks{TableId::bookmarks, "bookmarks",
                           "CREATE TABLE bookmarks(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, branch "
                           "INTEGER NOT NULL, step INTEGER NOT NULL, name TEXT NOT NULL)",
                           "INSERT INTO bookmarks(batch, branch, step, name) VALUES(?1, ?2, ?3, ?4)",
                           "SELECT batch, branch, step, name FROM bookmarks ORDER BY id"};
constexpr Table kBranches{TableId::branches, "branches",
                          "CREATE TABLE branches(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, number "
                          "INTEGER NOT NULL, parent INTEGER NOT NULL, step INTEGER NOT NULL, name TEXT NOT "
                          "NULL)",
                          "INSERT INTO branches(batch, number, parent, step, name) VALUES(?1, ?2, ?3, ?4, "
                          "?5)",
                          "SELECT batch, number, parent, step, name FROM branches ORDER BY id"};

constexpr Table kAccesses{
    TableId::accesses, "accesses",
    "CREATE TABLE accesses(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, branch INTEGER NOT NULL, step "
    "INTEGER NOT NULL, until INTEGER NOT NULL, size INTEGER NOT NULL, notes BLOB NOT NULL)",
    "INSERT INTO accesses(batch, branch, step, until, size, notes) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    "SELECT batch, branch, step, until, size, notes FROM accesses ORDER BY id"};
constexpr Table kPatches{
    TableId::patches, "patches",
    "CREATE TABLE patches(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, branch INTEGER NOT NULL, step "
    "INTEGER NOT NULL, base INTEGER NOT NULL, size INTEGER NOT NULL, patch BLOB NOT NULL)",
    "INSERT INTO patches(batch, branch, step, base, size, patch) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    "SELECT batch, branch, step, base, size, patch FROM patches ORDER BY id"};

constexpr std::array kVersion1{kConfiguration, kImages, kImageChunks, kEvents, kDigests, kEnds};
constexpr std::array kVersion2{kConfiguration, kImages,    kImageChunks, kEvents,    kEnds,
                               kComponents,    kEpochs,    kPacks,       kSnapshots, kSnapshotPages,
                               kDiskBlocks,    kOutputOf2, kBookmarks};
constexpr std::array kVersion3{kConfiguration, kImages, kImageChunks, kEvents,    kEnds,
                               kComponents,    kEpochs, kPacks,       kSnapshots, kSnapshotPages,
                               kDiskBlocks,    kOutput, kBookmarks};
constexpr std::array kVersion4{
    kConfiguration, kImages,        kImageChunks, kEvents, kEnds,      kComponents, kEpochs,  kPacks,
    kSnapshots,     kSnapshotPages, kDiskBlocks,  kOutput, kBookmarks, kAccesses,   kPatches, kBranches};

}  // namespace

const std::string_view kBatchesSchema =
    "CREATE TABLE batches(number INTEGER PRIMARY KEY, checksum BLOB NOT NULL)";
const std::string_view kBlobsSchema = "CREATE TABLE blobs(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)";

std::span<const Table> tables(std::uint32_t version) {
    if (version == 1) return kVersion1;
    if (version == 2) return kVersion2;
    if (version == 3) return kVersion3;
    return kVersion4;
}

const Table& table(TableId id) {
    return *std::ranges::find(kVersion4, id, &Table::id);
}

void BatchChecksum::Free::operator()(XXH3_state_s* state) const {
    XXH3_freeState(state);
}

BatchChecksum::BatchChecksum(std::int64_t number, const Checksum& before) : state_(XXH3_createState()) {
    if (!state_) throw std::bad_alloc();
    XXH3_128bits_reset(state_.get());
    add(std::span<const std::byte>{before});
    add(number);
}

void BatchChecksum::bytes(const void* data, std::size_t size) {
    if (size != 0) XXH3_128bits_update(state_.get(), data, size);
}

void BatchChecksum::tagged(ColumnType type, const void* data, std::size_t size) {
    std::array<std::byte, 9> head{static_cast<std::byte>(type)};
    for (std::size_t i = 0; i < 8; ++i) head[i + 1] = static_cast<std::byte>(std::uint64_t{size} >> (8 * i));
    bytes(head.data(), head.size());
    bytes(data, size);
}

void BatchChecksum::begin_row(TableId table) {
    const auto tag = static_cast<std::uint8_t>(0x80U | static_cast<std::uint8_t>(table));
    bytes(&tag, 1);
}

void BatchChecksum::add(std::int64_t value) {
    std::array<std::byte, 8> little_endian;
    const auto bits = static_cast<std::uint64_t>(value);
    for (std::size_t i = 0; i < 8; ++i) little_endian[i] = static_cast<std::byte>(bits >> (8 * i));
    tagged(ColumnType::integer, little_endian.data(), little_endian.size());
}

void BatchChecksum::add(std::string_view text) {
    tagged(ColumnType::text, text.data(), text.size());
}
void BatchChecksum::add(std::span<const std::byte> blob) {
    tagged(ColumnType::blob, blob.data(), blob.size());
}
void BatchChecksum::add(std::nullptr_t) {
    tagged(ColumnType::null, nullptr, 0);
}

void BatchChecksum::add_row(TableId table, const Statement& row) {
    begin_row(table);
    for (int column = 1; column < row.columns(); ++column) {
        switch (row.type(column)) {
            case ColumnType::integer: add(row.integer(column)); break;
            case ColumnType::text: add(row.text(column)); break;
            case ColumnType::blob: add(row.blob(column)); break;
            case ColumnType::null: add(nullptr); break;
            case ColumnType::real:
                tagged(ColumnType::real, nullptr, 0);
                break;  // never written: will not match
        }
    }
}

Checksum BatchChecksum::value() const {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state_.get()));
    Checksum checksum;
    for (std::size_t i = 0; i < checksum.size(); ++i)
        checksum[i] = static_cast<std::byte>(canonical.digest[i]);
    return checksum;
}

}  // namespace backspin::snapshots
