#include <algorithm>
#include <set>
#include <system_error>
#include <unordered_map>

#include <sqlite3.h>
#include <zstd.h>

#include "snapshots/recording.hpp"
#include "snapshots/recording_codec.hpp"
#include "snapshots/recording_content.hpp"
#include "snapshots/recording_header.hpp"
#include "snapshots/recording_rows.hpp"
#include "snapshots/recording_tail.hpp"
#include "snapshots/snapshot_loader.hpp"
#include "snapshots/sqlite.hpp"

namespace backspin::snapshots {
namespace {

namespace fs = std::filesystem;

void compare_schema(Database& database, std::uint32_t version) {
    std::set<std::string> expected{std::string(kBatchesSchema)};
    if (version >= 2) expected.emplace(kBlobsSchema);
    for (const auto& table : tables(version)) expected.emplace(table.schema);
    auto rows = database.prepare("SELECT sql FROM sqlite_schema");
    while (rows.step()) {
        if (expected.erase(std::string(rows.text(0))) == 0) {
            throw Damage(
                "has a table that is not of this format: it is damaged or was made by something else");
        }
    }
    if (!expected.empty()) throw Damage(std::string("lacks a table: it is damaged; ") + kCopyAgain);
}

}  // namespace

struct RecordingReader::State {
    fs::path path;
    RecordingHeader header;
    bool has_log = false;
    mutable std::optional<Database> database;
    mutable std::optional<RecordingContent> content;
    std::optional<std::string> warning;
    mutable SnapshotLoader loader;
    std::int64_t batches = 0;
    Checksum chain{};  ///< of the last batch

    void open();
    void open_database();
    void verify();
    void verify_batch(std::int64_t number, std::span<std::optional<Statement>> cursors,
                      BatchChecksum& checksum);
    void word_warning();
    std::vector<std::byte> unpacked(std::size_t index) const;
    RecordingTail tail() const;
    std::vector<std::byte> disk_block(std::uint32_t drive, std::uint64_t block) const;
    std::vector<std::byte> patch(std::size_t index) const;
    void for_each_digest(const std::function<void(const RecordedDigest&)>& visit) const;

    std::span<const Table> all_tables() const { return tables(header.user_version); }
    Statement select(TableId id) const {
        return database->prepare(std::ranges::find(all_tables(), id, &Table::id)->select);
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
                                                std::to_string(content ? content->last.step.value : 0) +
                                                "; " + kCopyAgain
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
    header = read_header(path);
    open_database();
    compare_schema(*database, header.user_version);
    content.emplace(header.user_version);
    verify();
    content->end(*database);
    word_warning();
}

void RecordingReader::State::verify() {
    std::vector<std::optional<Statement>> cursors;
    for (const auto& table : all_tables()) {
        auto& cursor = cursors.emplace_back(database->prepare(table.select));
        if (!cursor->step()) cursor.reset();
    }
    auto rows = database->prepare("SELECT number, checksum FROM batches ORDER BY number");
    std::int64_t number = 0;
    for (; rows.step(); ++number) {
        const auto where =
            "batch " + std::to_string(number) + ", after step " + std::to_string(content->last.step.value);
        if (rows.integer(0) != number) throw Damage("lacks " + where + "; " + kCopyAgain);
        BatchChecksum checksum(number, chain);
        verify_batch(number, cursors, checksum);
        chain = checksum.value();
        if (!std::ranges::equal(rows.blob(1), chain)) {
            throw Damage("was altered or damaged: " + where + ", does not match its checksum; " + kCopyAgain);
        }
    }
    batches = number;
    if (number == 0) throw Damage(std::string("holds nothing: it is damaged; ") + kCopyAgain);
    for (const auto& cursor : cursors) {
        if (cursor) {
            throw Damage("was altered or damaged: rows after step " +
                         std::to_string(content->last.step.value) + " belong to no batch; " + kCopyAgain);
        }
    }
}

void RecordingReader::State::verify_batch(std::int64_t number, std::span<std::optional<Statement>> cursors,
                                          BatchChecksum& checksum) {
    for (std::size_t i = 0; i < cursors.size(); ++i) {
        const auto id = all_tables()[i].id;
        auto& cursor = cursors[i];
        while (cursor && cursor->type(0) == ColumnType::integer && cursor->integer(0) == number) {
            checksum.add_row(id, *cursor);
            content->take(id, *cursor);
            if (!cursor->step()) cursor.reset();
        }
    }
    content->end_batch();
}

void RecordingReader::State::word_warning() {
    const auto name = path.string();
    const auto until = "step " + std::to_string(content->last.step.value);
    if (has_log && content->recorded_end) {
        warning = name + ": its write-ahead log " + name +
                  "-wal belongs to it; keep both together, or fold it in with "
                  "'backspin repair " +
                  name + "'";
    } else if (has_log) {
        warning = name + ": its recorder was killed; it is good up to " + until + "; its write-ahead log " +
                  name + "-wal belongs to it: keep both together, or fold it in with 'backspin repair " +
                  name + "'";
    } else if (!content->recorded_end && header.write_ahead_log) {
        warning = name + ": its recorder was killed, and " + name +
                  "-wal is not beside it; bring that here if you have it; without it, it is good up to " +
                  until;
    } else if (!content->recorded_end) {
        warning = name + ": its recorder did not end cleanly; it is good up to " + until;
    }
}

std::vector<std::byte> RecordingReader::State::unpacked(std::size_t index) const {
    const auto& info = content->images.at(index);
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

std::vector<std::byte> RecordingReader::State::disk_block(std::uint32_t drive, std::uint64_t block) const {
    const auto& reference = content->disk_contents.at({drive, block});
    const auto packed = read_blob(*database, reference);
    const auto size = packed ? ZSTD_getFrameContentSize(packed->data(), packed->size()) : 0;
    auto bytes = packed && size <= kDiskBlock ? uncompressed(*packed, size) : std::nullopt;
    if (!bytes || sha256(*bytes) != content->disk_blocks.at(drive).at(block).sha256) {
        throw Damage("was altered or damaged: block " + std::to_string(block) + " of drive " +
                     std::to_string(drive) + " does not match its hash; " + kCopyAgain);
    }
    return std::move(*bytes);
}

std::vector<std::byte> RecordingReader::State::patch(std::size_t index) const {
    const auto& info = content->patches.at(index);
    auto row = database->prepare("SELECT size, patch FROM patches WHERE id=?1");
    row.bind(1, static_cast<std::int64_t>(index) + 1);
    auto patch = row.step() ? uncompressed(bytes_at(row, 1, kLongestPatch, "a patch"),
                                           number_at(row, 0, kLongestPatch, "the size of a patch"))
                            : std::nullopt;
    if (!patch) throw Damage("holds a patch of unknown form at step " + std::to_string(info.at.step.value));
    return std::move(*patch);
}

void RecordingReader::State::for_each_digest(const std::function<void(const RecordedDigest&)>& visit) const {
    if (header.user_version == 1) {
        for (auto rows = select(TableId::digests); rows.step();) visit(digest_at(rows));
        return;
    }
    auto names = content->components;
    names.emplace_back(kMemoryComponent);
    std::vector<std::uint64_t> values(names.size());
    bool first = true;
    for (auto rows = select(TableId::epochs); rows.step(); first = false) {
        const auto at = position_at(rows, 1);
        if (!decode_digests(rows.blob(3), first, values)) throw Damage("holds digests of unknown form");
        for (std::size_t i = 0; i < names.size(); ++i) visit({at, names[i], values[i]});
    }
}

RecordingTail RecordingReader::State::tail() const {
    RecordingTail tail{header.user_version, batches, chain, content->components, 0, {}, 0,
                       content->packs,      0,       0};
    tail.snapshots = static_cast<std::int64_t>(content->snapshots.size());
    tail.branches = content->branches.size();
    if (header.user_version >= 2) {
        auto highest = database->prepare("SELECT ifnull(max(id), 0) FROM blobs");
        highest.step();
        tail.blobs = highest.integer(0);
    }
    if (content->snapshots.empty()) return tail;
    SnapshotLoader last;
    tail.memory = last.load(*database, *content, content->snapshots.size() - 1, PageStore::create()).pages;
    tail.pages = tail.memory.page_count();
    return tail;
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
    return state_->content->configuration;
}
const std::vector<ImageInfo>& RecordingReader::images() const {
    return state_->content->images;
}
std::vector<std::byte> RecordingReader::image(std::size_t index) const {
    return state_->named([&] { return state_->unpacked(index); });
}
std::uint64_t RecordingReader::event_count() const {
    return state_->content->events;
}
std::uint64_t RecordingReader::output_count() const {
    return state_->content->outputs;
}
std::uint64_t RecordingReader::digest_count() const {
    return state_->content->digests;
}
const std::optional<RecordedEnd>& RecordingReader::end() const {
    return state_->content->recorded_end;
}
const std::map<Branch, RecordedEnd>& RecordingReader::ends() const {
    return state_->content->ends;
}
const std::vector<RecordedBranch>& RecordingReader::branches() const {
    return state_->content->branches;
}
StepCount RecordingReader::last_step(Branch branch) const {
    return state_->content->last_of(branch);
}
Position RecordingReader::last_position() const {
    return state_->content->last;
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
    state_->named([&] { state_->for_each_digest(visit); });
}

void RecordingReader::for_each_output(const std::function<void(const RecordedOutput&)>& visit) const {
    if (version() == 1) return;
    state_->named([&] {
        auto rows = state_->select(TableId::output);
        while (rows.step()) visit(output_at(rows, version()));
    });
}

void RecordingReader::for_each_accesses(const std::function<void(RecordedAccesses)>& visit) const {
    if (version() < 4) return;
    state_->named([&] {
        auto rows = state_->select(TableId::accesses);
        while (rows.step()) visit(accesses_at(rows));
    });
}

RecordingTail RecordingReader::tail() const {
    return state_->named([&] { return state_->tail(); });
}

Position RecordingReader::begin() const {
    return state_->content->begin;
}
const std::vector<RecordedBookmark>& RecordingReader::bookmarks() const {
    return state_->content->bookmarks;
}
const std::vector<SnapshotInfo>& RecordingReader::snapshots() const {
    return state_->content->snapshots;
}
const std::vector<TableSize>& RecordingReader::table_sizes() const {
    return state_->content->sizes;
}

const std::vector<PatchInfo>& RecordingReader::patches() const {
    return state_->content->patches;
}

std::vector<std::byte> RecordingReader::load_patch(std::size_t index) const {
    return state_->named([&] { return state_->patch(index); });
}

SavedState RecordingReader::load_snapshot(std::size_t index, const std::shared_ptr<PageStore>& store) const {
    return state_->named([&] {
        auto& content = *state_->content;
        return state_->loader.load(*state_->database, content, index, store);
    });
}

const std::map<std::uint64_t, DiskBlockInfo>& RecordingReader::disk_blocks(std::uint32_t drive) const {
    static const std::map<std::uint64_t, DiskBlockInfo> kNone;
    const auto& drives = state_->content->disk_blocks;
    const auto found = drives.find(drive);
    return found == drives.end() ? kNone : found->second;
}

std::vector<std::byte> RecordingReader::disk_block(std::uint32_t drive, std::uint64_t block) const {
    return state_->named([&] { return state_->disk_block(drive, block); });
}

}  // namespace backspin::snapshots
