#include "snapshots/recording_schema.hpp"

#include <new>

#include <xxhash.h>

namespace backspin::snapshots {
namespace {

constexpr std::array<Table, kTables> kTableList{{
    {"configuration",
     "CREATE TABLE configuration(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, key TEXT NOT NULL, value "
     "TEXT NOT NULL)",
     "INSERT INTO configuration(batch, key, value) VALUES(?1, ?2, ?3)",
     "SELECT batch, key, value FROM configuration ORDER BY id"},
    {"images",
     "CREATE TABLE images(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, name TEXT NOT NULL, role TEXT NOT "
     "NULL, "
     "size INTEGER NOT NULL, sha256 BLOB NOT NULL)",
     "INSERT INTO images(batch, name, role, size, sha256) VALUES(?1, ?2, ?3, ?4, ?5)",
     "SELECT batch, name, role, size, sha256 FROM images ORDER BY id"},
    {"image_chunks",
     "CREATE TABLE image_chunks(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, image INTEGER NOT NULL, "
     "zstd BLOB NOT NULL)",
     "INSERT INTO image_chunks(batch, image, zstd) VALUES(?1, ?2, ?3)",
     "SELECT batch, image, zstd FROM image_chunks ORDER BY id"},
    {"events",
     "CREATE TABLE events(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, branch INTEGER NOT NULL, "
     "step INTEGER NOT NULL, kind INTEGER NOT NULL, payload BLOB NOT NULL)",
     "INSERT INTO events(batch, branch, step, kind, payload) VALUES(?1, ?2, ?3, ?4, ?5)",
     "SELECT batch, branch, step, kind, payload FROM events ORDER BY id"},
    {"digests",
     "CREATE TABLE digests(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, branch INTEGER NOT NULL, "
     "step INTEGER NOT NULL, component TEXT NOT NULL, value INTEGER NOT NULL)",
     "INSERT INTO digests(batch, branch, step, component, value) VALUES(?1, ?2, ?3, ?4, ?5)",
     "SELECT batch, branch, step, component, value FROM digests ORDER BY id"},
    {"ends",
     "CREATE TABLE ends(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, branch INTEGER NOT NULL, "
     "step INTEGER NOT NULL, time_ns INTEGER NOT NULL, reason TEXT NOT NULL, exit_code INTEGER)",
     "INSERT INTO ends(batch, branch, step, time_ns, reason, exit_code) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
     "SELECT batch, branch, step, time_ns, reason, exit_code FROM ends ORDER BY id"},
}};

}  // namespace

const std::string_view kBatchesSchema =
    "CREATE TABLE batches(number INTEGER PRIMARY KEY, checksum BLOB NOT NULL)";

std::span<const Table, kTables> tables() {
    return kTableList;
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
