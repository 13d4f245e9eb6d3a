#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <set>
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

constexpr const char* kCopyAgain = "copy it again from where it came";

/// What is wrong, without the file's name: that is put before it in one place.
class Damage : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// The fields of SQLite's 100-byte header that tell what is before us ("SQLite file format", section 1.3).
struct Header {
    std::uint64_t page_size = 0;
    std::uint64_t page_count = 0;
    bool page_count_valid = false;
    bool write_ahead_log = false;
    std::uint32_t user_version = 0;
    std::uint32_t application_id = 0;
};

std::uint32_t big_endian(std::span<const std::byte> bytes, std::size_t at, std::size_t size) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
    return value;
}

class FileDescriptor {
  public:
    explicit FileDescriptor(const fs::path& path)
        : value_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
        if (value_ < 0) throw Damage("cannot be opened: " + std::generic_category().message(errno));
    }
    ~FileDescriptor() { ::close(value_); }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    int get() const { return value_; }

  private:
    int value_;
};

/// Whether a process holds SQLite's shared lock on the file ("File locking", unix: 510 bytes from 1 GiB + 2).
bool being_written(int file) {
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = 0x40000002;
    lock.l_len = 510;
    return ::fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

Header read_header(int file) {
    struct stat status{};
    if (::fstat(file, &status) != 0) throw Damage(std::generic_category().message(errno));
    if (!S_ISREG(status.st_mode)) throw Damage("is not a plain file");
    std::array<std::byte, 100> bytes{};
    const auto got = ::pread(file, bytes.data(), bytes.size(), 0);
    if (got < 0) throw Damage("cannot be read: " + std::generic_category().message(errno));
    constexpr std::string_view kMagic{"SQLite format 3\0", 16};
    const auto length = static_cast<std::size_t>(got);
    if (length == 0) throw Damage("is empty, so it is not a recording");
    if (std::memcmp(bytes.data(), kMagic.data(), std::min(length, kMagic.size())) != 0) {
        throw Damage("is not a Backspin recording; recordings are made by 'backspin record' or 'run --save'");
    }
    if (length < bytes.size()) {
        throw Damage("is truncated: only " + std::to_string(length) + " bytes are left; " + kCopyAgain);
    }
    Header header;
    header.application_id = big_endian(bytes, 68, 4);
    header.user_version = big_endian(bytes, 60, 4);
    header.page_size = big_endian(bytes, 16, 2) == 1 ? 65536 : big_endian(bytes, 16, 2);
    header.page_count = big_endian(bytes, 28, 4);
    header.page_count_valid = big_endian(bytes, 24, 4) == big_endian(bytes, 92, 4);
    header.write_ahead_log = big_endian(bytes, 18, 1) == 2;
    if (header.application_id != kApplicationId) {
        throw Damage("is an SQLite database, but not a Backspin recording");
    }
    if (header.user_version > kRecordingVersion) {
        throw Damage("is a recording of format " + std::to_string(header.user_version) +
                     ", newer than this program's " + std::to_string(kRecordingVersion) +
                     "; open it with a newer Backspin");
    }
    if (header.user_version == 0)
        throw Damage(std::string("has no format version: it is damaged; ") + kCopyAgain);
    const auto expected = header.page_size * header.page_count;
    const auto actual = static_cast<std::uint64_t>(status.st_size);
    if (!header.write_ahead_log && header.page_count_valid && actual < expected) {
        throw Damage("is truncated: " + std::to_string(actual) + " of " + std::to_string(expected) +
                     " bytes are there; " + kCopyAgain);
    }
    return header;
}

void compare_schema(Database& database) {
    std::set<std::string> expected{std::string(kBatchesSchema)};
    for (const auto& table : tables()) expected.emplace(table.schema);
    auto rows = database.prepare("SELECT sql FROM sqlite_schema");
    while (rows.step()) {
        if (expected.erase(std::string(rows.text(0))) == 0) {
            throw Damage(
                "has a table that is not of this format: it is damaged or was made by something else");
        }
    }
    if (!expected.empty()) throw Damage(std::string("lacks a table: it is damaged; ") + kCopyAgain);
}

std::uint64_t number_at(const Statement& row, int column, std::uint64_t most, const char* what) {
    const auto value = row.integer(column);
    if (row.type(column) != ColumnType::integer || value < 0 || static_cast<std::uint64_t>(value) > most) {
        throw Damage(std::string("holds ") + what + " out of bounds");
    }
    return static_cast<std::uint64_t>(value);
}

std::string text_at(const Statement& row, int column, std::size_t longest, const char* what) {
    const auto value = row.text(column);
    if (row.type(column) != ColumnType::text || value.size() > longest) {
        throw Damage(std::string("holds ") + what + " out of bounds");
    }
    return std::string(value);
}

constexpr auto kMostSteps = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
constexpr auto kMostBranches = std::uint64_t{std::numeric_limits<std::uint32_t>::max()};

/// Columns `column` and `column` + 1.
Position position_at(const Statement& row, int column) {
    const auto branch = number_at(row, column, kMostBranches, "a branch");
    return {{static_cast<std::uint32_t>(branch)}, {number_at(row, column + 1, kMostSteps, "a position")}};
}

RecordedEvent event_at(const Statement& row) {
    const auto at = position_at(row, 1);
    const auto kind = number_at(row, 3, kMostSteps, "a kind of input");
    auto input = decode(kind, row.blob(4));
    if (row.type(4) != ColumnType::blob || !input) {
        throw Damage("holds an input of unknown form at step " + std::to_string(at.step.value));
    }
    return {at, std::move(*input)};
}

RecordedDigest digest_at(const Statement& row) {
    if (row.type(4) != ColumnType::integer) throw Damage("holds a digest that is not a number");
    return {position_at(row, 1), text_at(row, 3, kLongestName, "a component's name"),
            static_cast<std::uint64_t>(row.integer(4))};
}

}  // namespace

struct RecordingReader::State {
    fs::path path;
    Header header;
    bool has_log = false;
    mutable std::optional<Database> database;
    Configuration configuration;
    std::vector<ImageInfo> images;
    std::vector<std::uint64_t> stored_chunks;  ///< per image
    std::uint64_t events = 0;
    std::uint64_t digests = 0;
    std::optional<RecordedEnd> end;
    Position last;
    std::optional<std::string> warning;
    std::map<Branch, StepCount> last_event;

    void open();
    void open_database();
    void verify();
    void verify_batch(std::int64_t number, std::span<std::optional<Statement>> cursors,
                      BatchChecksum& checksum);
    void take(TableId table, const Statement& row);
    void take_configuration(const Statement& row);
    void take_image(const Statement& row);
    void take_event(const Statement& row);
    void take_end(const Statement& row);
    void check_images() const;
    void word_warning();
    std::vector<std::byte> unpacked(std::size_t index) const;

    Statement select(TableId table) const {
        return database->prepare(tables()[static_cast<std::size_t>(table)].select);
    }
    void reached(Position at) {
        if (at.step >= last.step) last = at;
    }

    /// Runs `work` and puts the file's name before whatever goes wrong.
    template <class Work>
    auto named(Work&& work) const {
        try {
            return work();
        } catch (const Damage& damage) {
            throw RecordingError(path.string() + ": " + damage.what());
        } catch (const SqliteError& error) {
            const bool damaged = error.code() == SQLITE_CORRUPT || error.code() == SQLITE_NOTADB ||
                                 error.code() == SQLITE_TOOBIG || error.code() == SQLITE_ERROR;
            const std::string text = error.what();
            throw RecordingError(path.string() +
                                 (damaged ? ": is damaged (" + text + ") after step " +
                                                std::to_string(last.step.value) + "; " + kCopyAgain
                                          : ": cannot be read: " + text));
        }
    }
};

void RecordingReader::State::open_database() {
    std::error_code ignored;
    auto log = path;
    log += "-wal";
    const auto log_size = fs::file_size(log, ignored);
    has_log = !ignored && log_size > 0;
    if (has_log) {
        // The log is read through an index in memory, which SQLite offers in exclusive mode only; and that
        // mode wants a write lock, which a file that we may only read cannot give: hence no locks.
        // being_written() stands in for them.
        database.emplace(sqlite_uri(path.string(), "mode=ro"), Database::Mode::read_only, "unix-none");
        database->keep_log_on_close();
        database->execute("PRAGMA locking_mode=EXCLUSIVE");
    } else {
        database.emplace(sqlite_uri(path.string(), "mode=ro&immutable=1"), Database::Mode::read_only);
    }
    database->limit_length(kLongestColumn);
}

void RecordingReader::State::open() {
    {
        const FileDescriptor file(path);
        header = read_header(file.get());
        if (being_written(file.get())) {
            throw Damage("is being written by another process; wait until that has ended");
        }
    }
    open_database();
    compare_schema(*database);
    verify();
    check_images();
    word_warning();
}

void RecordingReader::State::verify() {
    std::array<std::optional<Statement>, kTables> cursors;
    for (std::size_t table = 0; table < kTables; ++table) {
        cursors[table].emplace(select(static_cast<TableId>(table)));
        if (!cursors[table]->step()) cursors[table].reset();
    }
    auto batches = database->prepare("SELECT number, checksum FROM batches ORDER BY number");
    Checksum chain{};
    std::int64_t number = 0;
    for (; batches.step(); ++number) {
        const auto where =
            "batch " + std::to_string(number) + ", after step " + std::to_string(last.step.value);
        if (batches.integer(0) != number) throw Damage("lacks " + where + "; " + kCopyAgain);
        BatchChecksum checksum(number, chain);
        verify_batch(number, cursors, checksum);
        chain = checksum.value();
        if (!std::ranges::equal(batches.blob(1), chain)) {
            throw Damage("was altered or damaged: " + where + ", does not match its checksum; " + kCopyAgain);
        }
    }
    if (number == 0) throw Damage(std::string("holds nothing: it is damaged; ") + kCopyAgain);
    for (const auto& cursor : cursors) {
        if (cursor) {
            throw Damage("was altered or damaged: rows after step " + std::to_string(last.step.value) +
                         " belong to no batch; " + kCopyAgain);
        }
    }
}

void RecordingReader::State::verify_batch(std::int64_t number, std::span<std::optional<Statement>> cursors,
                                          BatchChecksum& checksum) {
    for (std::size_t table = 0; table < kTables; ++table) {
        auto& cursor = cursors[table];
        while (cursor && cursor->type(0) == ColumnType::integer && cursor->integer(0) == number) {
            checksum.add_row(static_cast<TableId>(table), *cursor);
            take(static_cast<TableId>(table), *cursor);
            if (!cursor->step()) cursor.reset();
        }
    }
}

void RecordingReader::State::take(TableId table, const Statement& row) {
    switch (table) {
        case TableId::configuration: take_configuration(row); break;
        case TableId::images: take_image(row); break;
        case TableId::image_chunks:
            ++stored_chunks.at(
                number_at(row, 1, images.empty() ? 0 : images.size() - 1, "a piece of no image"));
            break;
        case TableId::events: take_event(row); break;
        case TableId::digests:
            reached(digest_at(row).at);
            ++digests;
            break;
        case TableId::ends: take_end(row); break;
    }
}

void RecordingReader::State::take_configuration(const Statement& row) {
    auto key = text_at(row, 1, kLongestKey, "a configuration key");
    auto value = text_at(row, 2, kLongestValue, "a configuration value");
    if (configuration.size() == kMostKeys) throw Damage("holds more configuration than allowed");
    if (!configuration.emplace(std::move(key), std::move(value)).second) {
        throw Damage("holds a configuration key twice");
    }
}

void RecordingReader::State::take_image(const Statement& row) {
    if (images.size() == kMostImages) throw Damage("holds more images than allowed");
    ImageInfo image{text_at(row, 1, kLongestName, "an image's name"),
                    text_at(row, 2, kLongestName, "an image's role"),
                    number_at(row, 3, kLargestImage, "an image's size"),
                    {}};
    const auto hash = row.blob(4);
    if (hash.size() != image.sha256.size()) throw Damage("holds an image hash of a wrong length");
    std::ranges::copy(hash, image.sha256.begin());
    images.push_back(std::move(image));
    stored_chunks.push_back(0);
}

void RecordingReader::State::take_event(const Statement& row) {
    const auto event = event_at(row);
    const auto [entry, first] = last_event.try_emplace(event.at.branch, event.at.step);
    if (!first && event.at.step <= entry->second) throw Damage("holds inputs that are out of order");
    entry->second = event.at.step;
    reached({event.at.branch, event.at.step + StepCount{1}});
    ++events;
}

void RecordingReader::State::take_end(const Statement& row) {
    if (end) throw Damage("ends twice");
    end.emplace();
    end->at = position_at(row, 1);
    end->time = {number_at(row, 3, kMostSteps, "a time")};
    end->reason = text_at(row, 4, kLongestName, "the reason of its end");
    if (row.type(5) != ColumnType::null) {
        end->exit_code = static_cast<std::uint32_t>(number_at(row, 5, kMostBranches, "an exit code"));
    }
    reached(end->at);
}

void RecordingReader::State::check_images() const {
    for (std::size_t i = 0; i < images.size(); ++i) {
        if (stored_chunks[i] != (images[i].size + kImageChunk - 1) / kImageChunk) {
            throw Damage("does not hold all of image " + std::to_string(i) + "; " + kCopyAgain);
        }
    }
}

void RecordingReader::State::word_warning() {
    const auto name = path.string();
    const auto until = "step " + std::to_string(last.step.value);
    if (has_log && end) {
        warning = name + ": its write-ahead log " + name +
                  "-wal belongs to it; keep both together, or fold it in with "
                  "'backspin repair " +
                  name + "'";
    } else if (has_log) {
        warning = name + ": its recorder was killed; it is good up to " + until + "; its write-ahead log " +
                  name + "-wal belongs to it: keep both together, or fold it in with 'backspin repair " +
                  name + "'";
    } else if (!end && header.write_ahead_log) {
        warning = name + ": its recorder was killed, and " + name +
                  "-wal is not beside it; bring that here if you have it; without it, it is good up to " +
                  until;
    } else if (!end) {
        warning = name + ": its recorder did not end cleanly; it is good up to " + until;
    }
}

std::vector<std::byte> RecordingReader::State::unpacked(std::size_t index) const {
    const auto& info = images.at(index);
    std::vector<std::byte> bytes(info.size);
    std::size_t filled = 0;
    auto rows = select(TableId::image_chunks);
    while (rows.step()) {
        if (static_cast<std::uint64_t>(rows.integer(1)) != index) continue;
        const auto packed = rows.blob(2);
        const auto room = std::span{bytes}.subspan(filled);
        const auto size =
            ZSTD_decompress(room.data(), std::min(room.size(), kImageChunk), packed.data(), packed.size());
        if (ZSTD_isError(size) != 0) throw Damage(std::string("holds a damaged image; ") + kCopyAgain);
        filled += size;
    }
    if (filled != bytes.size() || sha256(bytes) != info.sha256) {
        throw Damage(std::string("holds an image that does not match its hash; ") + kCopyAgain);
    }
    return bytes;
}

RecordingReader::RecordingReader(const fs::path& path) : state_(std::make_unique<State>()) {
    state_->path = path;
    state_->named([this] { state_->open(); });
}
RecordingReader::~RecordingReader() = default;
RecordingReader::RecordingReader(RecordingReader&&) noexcept = default;
RecordingReader& RecordingReader::operator=(RecordingReader&&) noexcept = default;

const fs::path& RecordingReader::path() const {
    return state_->path;
}
std::uint32_t RecordingReader::version() const {
    return state_->header.user_version;
}
const Configuration& RecordingReader::configuration() const {
    return state_->configuration;
}
const std::vector<ImageInfo>& RecordingReader::images() const {
    return state_->images;
}
std::vector<std::byte> RecordingReader::image(std::size_t index) const {
    return state_->named([&] { return state_->unpacked(index); });
}
std::uint64_t RecordingReader::event_count() const {
    return state_->events;
}
std::uint64_t RecordingReader::digest_count() const {
    return state_->digests;
}
const std::optional<RecordedEnd>& RecordingReader::end() const {
    return state_->end;
}
Position RecordingReader::last_position() const {
    return state_->last;
}
const std::optional<std::string>& RecordingReader::warning() const {
    return state_->warning;
}
bool RecordingReader::has_log() const {
    return state_->has_log;
}

void RecordingReader::for_each_event(const std::function<void(const RecordedEvent&)>& visit) const {
    state_->named([&] {
        auto rows = state_->select(TableId::events);
        while (rows.step()) visit(event_at(rows));
    });
}

void RecordingReader::for_each_digest(const std::function<void(const RecordedDigest&)>& visit) const {
    state_->named([&] {
        auto rows = state_->select(TableId::digests);
        while (rows.step()) visit(digest_at(rows));
    });
}

}  // namespace backspin::snapshots
