#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "snapshots/recording.hpp"
#include "snapshots/recording_events.hpp"
#include "snapshots/recording_schema.hpp"
#include "snapshots/sqlite.hpp"

namespace backspin::snapshots {
namespace {

namespace fs = std::filesystem;

// A killed process loses at most this much, plus the length of one commit.
constexpr std::chrono::seconds kCommitInterval{1};
// Bounds what waits in memory when inputs come faster than once a second can write: about one large network
// burst.
constexpr std::size_t kPendingLimit = std::size_t{1} << 20;
// Level 3 is zstd's default: firmware and kernels shrink to a third at hundreds of MB/s, and higher levels
// gain little.
constexpr int kCompressionLevel = 3;

[[noreturn]] void fail(const fs::path& path, const std::string& what) {
    throw RecordingError(path.string() + ": " + what);
}

std::string error_text(int error) {
    return std::generic_category().message(error);
}

fs::path with_suffix(const fs::path& path, const char* suffix) {
    auto longer = path;
    longer += suffix;
    return longer;
}

std::int64_t as_column(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

/// A file that is gone when this goes, unless it was published.
class TemporaryFile {
  public:
    explicit TemporaryFile(fs::path path) : path_(std::move(path)) {
        // Exclusive: a name that someone else prepared, a symbolic link above all, is not followed.
        const int file = ::open(path_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
        if (file < 0) fail(path_, "cannot be created: " + error_text(errno));
        ::close(file);
    }
    ~TemporaryFile() {
        if (published_) return;
        std::error_code ignored;
        fs::remove(path_, ignored);
        fs::remove(with_suffix(path_, "-journal"), ignored);
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    const fs::path& path() const { return path_; }

    /// Renames to `name` in one move: nobody sees half a file, and with `refuse` nobody's file is lost.
    void publish(const fs::path& name, Overwrite overwrite) {
        const unsigned flags = overwrite == Overwrite::refuse ? RENAME_NOREPLACE : 0U;
        int failed = ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, name.c_str(), flags);
        if (failed != 0 && errno == EINVAL && flags != 0) {
            // A file system that cannot do it in one move: hard links refuse an existing name, too.
            failed = ::link(path_.c_str(), name.c_str());
            if (failed == 0) ::unlink(path_.c_str());
        }
        if (failed != 0) fail(name, "cannot be written: " + error_text(errno));
        published_ = true;
    }

  private:
    fs::path path_;
    bool published_ = false;
};

void refuse_existing(const fs::path& path) {
    std::error_code ignored;
    if (fs::symlink_status(path, ignored).type() != fs::file_type::not_found) {
        fail(path, "exists already; name another file, or allow it to be replaced with --force");
    }
    if (fs::exists(with_suffix(path, "-wal"), ignored)) {
        fail(path, "the write-ahead log of another recording lies beside it (" + path.string() +
                       "-wal); name another file, or allow it to be replaced with --force");
    }
}

void check_target(const fs::path& path, Overwrite overwrite) {
    if (path.filename().empty()) fail(path, "is not a file name");
    if (overwrite == Overwrite::refuse) refuse_existing(path);
    std::error_code ignored;
    const auto type = fs::status(path, ignored).type();
    if (type != fs::file_type::not_found && type != fs::file_type::regular) {
        fail(path, "is not a plain file; name another one");
    }
}

void check_setup(const fs::path& path, const Configuration& configuration,
                 std::span<const ImageSource> images) {
    if (configuration.size() > kMostKeys) fail(path, "more than 256 configuration keys");
    for (const auto& [key, value] : configuration) {
        if (key.size() > kLongestKey || value.size() > kLongestValue) {
            fail(path, "the configuration of " + key.substr(0, kLongestKey) + " is too long to be recorded");
        }
    }
    if (images.size() > kMostImages) fail(path, "more than 64 images");
    for (const auto& image : images) {
        if (image.name.size() > kLongestName || image.role.size() > kLongestName) {
            fail(path, "an image's name is longer than 255 bytes; give it a shorter one");
        }
        if (image.bytes.size() > kLargestImage) fail(path, image.name + " is larger than 1 GiB");
    }
}

std::vector<std::byte> compressed(std::span<const std::byte> bytes) {
    std::vector<std::byte> out(ZSTD_compressBound(bytes.size()));
    const auto size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), kCompressionLevel);
    if (ZSTD_isError(size) != 0) throw RecordingError(std::string("zstd: ") + ZSTD_getErrorName(size));
    out.resize(size);
    return out;
}

/// Writes the rows of one batch and then the batch. The caller holds the transaction.
class BatchWriter {
  public:
    BatchWriter(Database& database, std::int64_t number, const Checksum& before)
        : database_(database), number_(number), checksum_(number, before) {}

    template <class... Columns>
    void row(TableId table, const Columns&... columns) {
        // Rows are hashed table by table, so a batch must not come back to a table that it left.
        if (table != current_) {
            statement_.emplace(database_.prepare(tables()[static_cast<std::size_t>(table)].insert));
            current_ = table;
        }
        checksum_.begin_row(table);
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

void write_setup(BatchWriter& batch, const Configuration& configuration,
                 std::span<const ImageSource> images) {
    for (const auto& [key, value] : configuration) {
        batch.row(TableId::configuration, std::string_view{key}, std::string_view{value});
    }
    for (const auto& image : images) {
        const auto hash = sha256(image.bytes);
        batch.row(TableId::images, std::string_view{image.name}, std::string_view{image.role},
                  as_column(image.bytes.size()), std::span<const std::byte>{hash});
    }
    std::int64_t number = 0;
    for (const auto& image : images) {
        for (auto rest = image.bytes; !rest.empty();
             rest = rest.subspan(std::min(rest.size(), kImageChunk))) {
            const auto chunk = compressed(rest.first(std::min(rest.size(), kImageChunk)));
            batch.row(TableId::image_chunks, number, std::span<const std::byte>{chunk});
        }
        ++number;
    }
}

/// Schema and first batch, as one plain file. Returns the batch's checksum.
Checksum write_first_batch(const fs::path& file, const Configuration& configuration,
                           std::span<const ImageSource> images) {
    Database database(sqlite_uri(file.string(), ""), Database::Mode::read_write);
    database.limit_length(kLongestColumn);
    database.execute("PRAGMA application_id=" + std::to_string(kApplicationId) +
                     "; PRAGMA user_version=" + std::to_string(kRecordingVersion));
    database.execute("BEGIN IMMEDIATE");
    database.execute(std::string(kBatchesSchema));
    for (const auto& table : tables()) database.execute(std::string(table.schema));
    BatchWriter batch(database, 0, Checksum{});
    write_setup(batch, configuration, images);
    const auto checksum = batch.close();
    database.execute("COMMIT");
    return checksum;
}

std::string explain(const SqliteError& error) {
    switch (error.code()) {
        case SQLITE_FULL: return "the disk is full; make room, or record to another disk";
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return "another process has it locked; end that process";
        case SQLITE_READONLY: return "cannot be written; check the permissions of the file and its folder";
        default: return error.what();
    }
}

}  // namespace

struct RecordingWriter::State {
    fs::path path;
    std::optional<Database> database;
    std::int64_t next_batch = 1;
    Checksum chain{};
    std::vector<RecordedEvent> events;
    std::vector<RecordedDigest> digests;
    std::optional<RecordedEnd> end;
    std::size_t pending_bytes = 0;
    std::map<Branch, StepCount> last_event;
    std::chrono::steady_clock::time_point last_commit = std::chrono::steady_clock::now();
    bool failed = false;

    void open_for_recording();
    void commit();
    void write_batch();
    void note_pending(std::size_t bytes);
    void fold();
};

void RecordingWriter::State::open_for_recording() {
    database.emplace(sqlite_uri(path.string(), ""), Database::Mode::read_write);
    database->limit_length(kLongestColumn);
    // NORMAL: no wait for the disk at each commit. A killed process loses nothing that was committed; a power
    // cut may lose the newest commits, but never leaves a damaged file.
    database->execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
}

void RecordingWriter::State::write_batch() {
    BatchWriter batch(*database, next_batch, chain);
    for (const auto& event : events) {
        const auto encoded = encode(event.input);
        batch.row(TableId::events, std::int64_t{event.at.branch.id}, as_column(event.at.step.value),
                  static_cast<std::int64_t>(encoded.kind), std::span<const std::byte>{encoded.payload});
    }
    for (const auto& digest : digests) {
        batch.row(TableId::digests, std::int64_t{digest.at.branch.id}, as_column(digest.at.step.value),
                  std::string_view{digest.component}, as_column(digest.value));
    }
    if (end) {
        const auto branch = std::int64_t{end->at.branch.id};
        const auto step = as_column(end->at.step.value);
        const auto time = as_column(end->time.ns);
        if (end->exit_code) {
            batch.row(TableId::ends, branch, step, time, std::string_view{end->reason},
                      std::int64_t{*end->exit_code});
        } else {
            batch.row(TableId::ends, branch, step, time, std::string_view{end->reason}, nullptr);
        }
    }
    const auto checksum = batch.close();
    database->execute("COMMIT");
    chain = checksum;
    ++next_batch;
}

void RecordingWriter::State::commit() {
    if (failed) fail(path, "an earlier write failed, so nothing more is recorded");
    last_commit = std::chrono::steady_clock::now();
    if (events.empty() && digests.empty() && !end) return;
    try {
        database->execute("BEGIN IMMEDIATE");
        write_batch();
    } catch (const SqliteError& error) {
        failed = true;
        try {
            database->execute("ROLLBACK");
        } catch (const SqliteError&) {
            // SQLite has already rolled back by itself; which of the two happened makes no difference.
        }
        fail(path, explain(error) + "; what was recorded before is kept");
    }
    events.clear();
    digests.clear();
    pending_bytes = 0;
}

void RecordingWriter::State::note_pending(std::size_t bytes) {
    pending_bytes += bytes;
    if (pending_bytes >= kPendingLimit) commit();
}

void RecordingWriter::State::fold() {
    if (!database) return;
    database->execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE");
    database.reset();
}

RecordingWriter::RecordingWriter(const fs::path& path, Overwrite overwrite,
                                 const Configuration& configuration, std::span<const ImageSource> images)
    : state_(std::make_unique<State>()) {
    state_->path = path;
    check_target(path, overwrite);
    check_setup(path, configuration, images);
    TemporaryFile file(with_suffix(path, ("." + std::to_string(::getpid()) + ".new").c_str()));
    try {
        state_->chain = write_first_batch(file.path(), configuration, images);
        if (overwrite == Overwrite::replace) {
            // The log of the old file would be taken for the new one's.
            std::error_code ignored;
            fs::remove(with_suffix(path, "-wal"), ignored);
            fs::remove(with_suffix(path, "-shm"), ignored);
        }
        file.publish(path, overwrite);
        state_->open_for_recording();
    } catch (const SqliteError& error) {
        fail(path, explain(error));
    }
}

RecordingWriter::RecordingWriter(RecordingWriter&&) noexcept = default;

RecordingWriter::~RecordingWriter() {
    if (!state_ || !state_->database) return;
    try {
        if (!state_->failed) state_->commit();
        state_->fold();
    } catch (const std::exception&) {
        // A destructor has nobody to tell; the file then keeps its write-ahead log, and its reader says so.
    }
}

void RecordingWriter::add(const RecordedEvent& event) {
    const auto [last, first] = state_->last_event.try_emplace(event.at.branch, event.at.step);
    if (!first && event.at.step <= last->second) {
        throw std::invalid_argument("inputs must be recorded in the order of their positions");
    }
    last->second = event.at.step;
    const auto size = encode(event.input).payload.size();
    if (size > kLargestPayload) fail(state_->path, "an input larger than 1 MiB cannot be recorded");
    state_->events.push_back(event);
    state_->note_pending(size + sizeof(RecordedEvent));
}

void RecordingWriter::add(const RecordedDigest& digest) {
    if (digest.component.size() > kLongestName) throw std::invalid_argument("a component's name is too long");
    state_->digests.push_back(digest);
    state_->note_pending(sizeof(RecordedDigest));
}

void RecordingWriter::commit_if_due(std::chrono::steady_clock::time_point now) {
    if (now - state_->last_commit >= kCommitInterval) commit();
}

void RecordingWriter::commit() {
    state_->commit();
}

void RecordingWriter::finish(const RecordedEnd& end) {
    if (end.reason.size() > kLongestName) throw std::invalid_argument("the reason of an end is too long");
    state_->end = end;
    state_->commit();
    state_->end.reset();
    try {
        state_->fold();
    } catch (const SqliteError& error) {
        fail(state_->path, explain(error));
    }
}

void fold_log(const fs::path& path) {
    RecordingReader reader(path);  // refuses what is not a recording before anything is written
    if (!reader.has_log()) return;
    try {
        Database database(sqlite_uri(path.string(), ""), Database::Mode::read_write);
        database.execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE");
    } catch (const SqliteError& error) {
        fail(path, explain(error));
    }
}

}  // namespace backspin::snapshots
