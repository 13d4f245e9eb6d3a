// One batch of a recording while it is written.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "snapshots/recording_schema.hpp"
#include "snapshots/sqlite.hpp"

namespace backspin::snapshots {

inline std::int64_t as_column(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

/// Writes the rows of one batch and then the batch. The caller holds the transaction.
class BatchWriter {
  public:
    BatchWriter(Database& database, std::int64_t number, const Checksum& before)
        : database_(database), number_(number), checksum_(number, before) {}

    /// Tables come in the order of TableId, because that is the order in which their rows are hashed.
    template <class... Columns>
    void row(TableId id, const Columns&... columns) {
        if (id != current_) {
            statement_.emplace(database_.prepare(table(id).insert));
            current_ = id;
        }
        checksum_.begin_row(id);
        statement_->bind(1, number_);
        int parameter = 2;
        (column(parameter++, columns), ...);
        statement_->run();
    }

    Checksum close() {
        const auto checksum = checksum_.value();
        database_.prepare("INSERT INTO batches(number, checksum) VALUES(?1, ?2)")
            .bind(1, number_)
            .bind(2, std::span<const std::byte>{checksum})
            .run();
        return checksum;
    }

  private:
    template <class Column>
    void column(int parameter, const Column& value) {
        checksum_.add(value);
        statement_->bind(parameter, value);
    }

    Database& database_;
    std::int64_t number_;
    BatchChecksum checksum_;
    std::optional<TableId> current_;
    std::optional<Statement> statement_;
};

}  // namespace backspin::snapshots
