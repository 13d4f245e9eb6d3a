// The chain of checksums of a recording that somebody changed who knows how it is made.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "snapshots/recording.hpp"
#include "snapshots/recording_schema.hpp"
#include "snapshots/sqlite.hpp"

namespace backspin::snapshots {

/// Computes the chain anew.
inline void reseal(Database& database) {
    Checksum chain{};
    const auto batches = [&] {
        auto row = database.prepare("SELECT count(*) FROM batches");
        row.step();
        return row.integer(0);
    }();
    for (std::int64_t number = 0; number < batches; ++number) {
        BatchChecksum checksum(number, chain);
        for (const auto& table : tables(kRecordingVersion)) {
            auto rows = database.prepare(table.select);
            while (rows.step()) {
                if (rows.integer(0) == number) checksum.add_row(table.id, rows);
            }
        }
        chain = checksum.value();
        database.prepare("UPDATE batches SET checksum=?2 WHERE number=?1")
            .bind(1, number)
            .bind(2, std::span<const std::byte>{chain})
            .run();
    }
}
inline void reseal(const std::filesystem::path& path) {
    Database database(sqlite_uri(path.string(), ""), Database::Mode::read_write);
    reseal(database);
}

}  // namespace backspin::snapshots
