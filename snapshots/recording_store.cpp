#include "snapshots/recording_store.hpp"

#include <algorithm>
#include <cassert>
#include <random>
#include <system_error>
#include <utility>

#include "snapshots/recording_events.hpp"

namespace backspin::snapshots {
namespace {

namespace fs = std::filesystem;

// Bounds what waits in memory when inputs come faster than once a second can write: about one large network
// burst.
constexpr std::size_t kStagedLimit = std::size_t{1} << 20;
// Level 3 is zstd's default: firmware and kernels shrink to a third at hundreds of MB/s, and higher levels
// gain little.
constexpr int kCompressionLevel = 3;

// With so many epochs waiting whoever records will soon wait, too.
constexpr std::size_t kInAHurry = 48;

/// Not the machine's randomness: only that a guest cannot know in advance which pages will have equal hashes.
std::uint64_t random_seed() {
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
}

/// The one of the last pages, so that they are found again.
std::uint64_t seed_after(const RecordingTail& tail) {
    return tail.packs.size() == 0 ? random_seed() : tail.packs.all().back().seed;
}

std::vector<std::string_view> views(const std::vector<std::string>& texts) {
    return {texts.begin(), texts.end()};
}

std::vector<std::byte> little_endian(const std::vector<std::uint32_t>& values) {
    std::vector<std::byte> bytes;
    for (const auto value : values) {
        for (unsigned shift = 0; shift < 32; shift += 8)
            bytes.push_back(static_cast<std::byte>(value >> shift));
    }
    return bytes;
}

void write_images(BatchWriter& batch, std::span<const ImageSource> images) {
    for (const auto& image : images) {
        const auto hash = sha256(image.bytes);
        batch.row(TableId::images, std::string_view{image.name}, std::string_view{image.role},
                  as_column(image.bytes.size()), std::span<const std::byte>{hash});
    }
    std::int64_t number = 0;
    for (const auto& image : images) {
        for (auto rest = image.bytes; !rest.empty();
             rest = rest.subspan(std::min(rest.size(), kImageChunk))) {
            const auto chunk = compressed(rest.first(std::min(rest.size(), kImageChunk)), kCompressionLevel);
            batch.row(TableId::image_chunks, number, std::span<const std::byte>{chunk});
        }
        ++number;
    }
}

void write_end(BatchWriter& batch, const RecordedEnd& end) {
    const auto branch = std::int64_t{end.at.branch.id};
    const auto step = as_column(end.at.step.value);
    const auto time = as_column(end.time.ns);
    if (end.exit_code) {
        batch.row(TableId::ends, branch, step, time, std::string_view{end.reason},
                  std::int64_t{*end.exit_code});
    } else {
        batch.row(TableId::ends, branch, step, time, std::string_view{end.reason}, nullptr);
    }
}

/// Moves all of `from` behind `to`, and counts it.
template <class Value, class Counter>
void append(std::vector<Value>& to, std::vector<Value>& from, Counter& rows) {
    rows += from.size();
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

// ---- the file -----------------------------------------------------------------------------------

RecordingStore::RecordingStore(TemporaryFile& file, const fs::path& path, Overwrite overwrite,
                               const RecordingSetup& setup)
    : component_names_(views(setup.component_names)), digests_(component_names_), packer_(random_seed()) {
    write_first_batch(file.path(), setup);
    if (overwrite == Overwrite::replace) remove_log(path);
    file.publish(path, overwrite);
    open(path);
}

RecordingStore::RecordingStore(const fs::path& path, const RecordingTail& tail)
    : next_batch_(tail.batches),
      chain_(tail.chain),
      digests_(component_names_),
      next_snapshot_(tail.snapshots),
      packer_(seed_after(tail), tail.packs, tail.blobs + 1, tail.memory) {
    open(path);
    // From here on nobody else writes; what was read before must still be all there is.
    begin_transaction();
    auto last = database_->prepare("SELECT number, checksum FROM batches ORDER BY number DESC LIMIT 1");
    const bool same =
        last.step() && last.integer(0) + 1 == next_batch_ && std::ranges::equal(last.blob(1), chain_);
    if (!same) fail(path, "was changed by another process meanwhile; try again");
}

void RecordingStore::open(const fs::path& path) {
    path_ = path;
    database_.emplace(sqlite_uri(path.string(), ""), Database::Mode::read_write);
    database_->limit_length(kLongestColumn);
    // NORMAL: no wait for the disk at each commit. A killed process loses nothing that was committed; a power
    // cut may lose the newest commits, but never leaves a damaged file.
    database_->execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
}

void RecordingStore::move_to(const fs::path& path) {
    assert(!busy());
    commit();
    close();  // a log belongs to its file by name
    remove_log(path);
    std::error_code error;
    fs::rename(path_, path, error);
    if (error) fail(path, "cannot be written: " + error.message());
    open(path);
}

/// Schema and first batch, as one plain file.
void RecordingStore::write_first_batch(const fs::path& file, const RecordingSetup& setup) {
    database_.emplace(sqlite_uri(file.string(), ""), Database::Mode::read_write);
    database_->limit_length(kLongestColumn);
    database_->execute("PRAGMA application_id=" + std::to_string(kApplicationId) +
                       "; PRAGMA user_version=" + std::to_string(kRecordingVersion));
    begin_transaction();
    database_->execute(std::string(kBatchesSchema));
    database_->execute(std::string(kBlobsSchema));
    for (const auto& table : tables(kRecordingVersion)) database_->execute(std::string(table.schema));
    if (setup.start) {
        patches_.begin_at(setup.start->at, setup.start->state.pages);
        snapshots_.push_back({setup.start->at, setup.start->state, setup.start->name});
        while (busy()) advance();
    }
    {
        BatchWriter batch(*database_, 0, chain_);
        for (const auto& [key, value] : setup.configuration)
            batch.row(TableId::configuration, std::string_view{key}, std::string_view{value});
        write_images(batch, setup.images);
        for (const auto& name : component_names_) batch.row(TableId::components, name);
        write_states(batch);
        chain_ = batch.close();
    }
    database_->execute("COMMIT");
    in_transaction_ = false;
    next_batch_ = 1;
    staged_ = {};
    bytes_ = 0;
    database_.reset();
}

void RecordingStore::close() {
    assert(!busy());
    fold(*database_);
    database_.reset();
}

void RecordingStore::abandon() noexcept {
    if (!database_) return;
    try {
        // SQLite may have rolled back by itself; then this fails, which makes no difference.
        if (in_transaction_) database_->execute("ROLLBACK");
    } catch (const SqliteError&) {
        in_transaction_ = false;
    }
    try {
        fold(*database_);
    } catch (const SqliteError&) {
        // Then the log stays beside the file, and its reader says so.
        database_->keep_log_on_close();
    }
    database_.reset();
}

// ---- from queue to rows -------------------------------------------------------------------------

void RecordingStore::take(RecordingQueue queue) {
    append(staged_.events, queue.events, staged_.rows);
    append(staged_.outputs, queue.outputs, staged_.rows);
    append(staged_.bookmarks, queue.bookmarks, staged_.rows);
    append(staged_.branches, queue.branches, staged_.rows);
    append(staged_.ends, queue.ends, staged_.rows);
    staged_.bytes += queue.bytes;
    for (const auto& epoch : queue.epochs) stage(epoch);
    stage_patches(queue);
    for (const auto& block : queue.disk_blocks) stage(block);
    for (const auto& accesses : queue.accesses) stage(accesses);
    for (auto& snapshot : queue.snapshots) snapshots_.push_back(std::move(snapshot));
}

void RecordingStore::stage(const QueuedEpoch& epoch) {
    std::vector<std::uint64_t> values;
    for (const auto& digest : digests_.of(epoch.state)) values.push_back(digest.value);
    staged_.epochs.push_back({epoch.at, encode_digests(last_digests_, values)});
    staged_.bytes += sizeof(EpochRow) + staged_.epochs.back().digests.size();
    ++staged_.rows;
    last_digests_ = std::move(values);
}

/// Of the epochs that are not in the file as snapshots.
void RecordingStore::stage_patches(const RecordingQueue& queue) {
    const bool in_a_hurry = queue.epochs.size() > kInAHurry;
    auto whole = queue.snapshots.begin();
    for (const auto& [at, state] : queue.epochs) {
        if (at == Position{}) patches_.begin_at(at, state.pages);  // power-on
        for (; whole != queue.snapshots.end() && whole->at <= at; ++whole)
            patches_.begin_at(whole->at, whole->state.pages);
        auto patch = patches_.next(at, state, in_a_hurry);
        if (!patch) continue;
        staged_.bytes += sizeof *patch + patch->packed.size();
        staged_.patches.push_back(std::move(*patch));
        ++staged_.rows;
    }
    for (; whole != queue.snapshots.end(); ++whole) patches_.begin_at(whole->at, whole->state.pages);
}

void RecordingStore::stage(const QueuedDiskBlock& block) {
    DiskBlockRow row{block.drive, block.block, sha256(block.bytes), std::nullopt};
    if (block.embed) {
        begin_transaction();
        row.blob = packer_.add_blob(*database_, compressed(block.bytes, kCompressionLevel));
        bytes_ += row.blob->size;
    }
    staged_.disk_blocks.push_back(row);
    staged_.bytes += sizeof row;
    ++staged_.rows;
}

void RecordingStore::stage(const RecordedAccesses& accesses) {
    auto notes = compressed(accesses.notes, kCompressionLevel);
    if (notes.size() > kLongestNotes) return;
    staged_.bytes += sizeof(AccessesRow) + notes.size();
    staged_.accesses.push_back({accesses.begin, accesses.end, accesses.notes.size(), std::move(notes)});
    ++staged_.rows;
}

void RecordingStore::advance() {
    const auto began = std::chrono::steady_clock::now();
    begin_transaction();
    if (!packing_) {
        packer_.begin(snapshots_.front().state.pages);
        packing_ = true;
    }
    if (auto pack = packer_.advance(*database_)) {
        bytes_ += pack->blob.size;
        staged_.packs.push_back({next_snapshot_, std::move(*pack)});
        staged_.bytes += sizeof(PackRow) + kPagesPerPack * sizeof(Checksum);
        ++staged_.rows;
    }
    if (!packer_.busy()) stage_snapshot();
    packing_time_ += std::chrono::steady_clock::now() - began;
}

void RecordingStore::stage_snapshot() {
    const auto& [at, state, name] = snapshots_.front();
    staged_.snapshots.push_back({at, name, state.pages.page_count(), state.fields.size(),
                                 compressed(state.fields, kCompressionLevel), little_endian(state.ends)});
    const auto changes = packer_.take_changes();
    for (auto rest = std::span{changes}; !rest.empty();
         rest = rest.subspan(std::min(rest.size(), kChangesPerRow))) {
        staged_.changes.push_back(
            {next_snapshot_, encode_changes(rest.first(std::min(rest.size(), kChangesPerRow)))});
        staged_.bytes += staged_.changes.back().changes.size();
    }
    ++staged_.rows;
    ++next_snapshot_;
    packing_ = false;
    snapshots_.pop_front();
}

// ---- from rows to batches -----------------------------------------------------------------------

bool RecordingStore::full() const {
    return staged_.bytes >= kStagedLimit;
}

void RecordingStore::begin_transaction() {
    if (in_transaction_) return;
    database_->execute("BEGIN IMMEDIATE");
    in_transaction_ = true;
}

void RecordingStore::commit() {
    if (staged_.rows == 0) return;
    begin_transaction();
    write_batch();
    in_transaction_ = false;
    ++next_batch_;
    bytes_ += staged_.bytes;
    staged_ = {};
}

void RecordingStore::write_batch() {
    BatchWriter batch(*database_, next_batch_, chain_);
    write_staged(batch);
    chain_ = batch.close();
    database_->execute("COMMIT");
}

void RecordingStore::write_staged(BatchWriter& batch) const {
    for (const auto& event : staged_.events) {
        const auto encoded = encode(event.input);
        batch.row(TableId::events, std::int64_t{event.at.branch.id}, as_column(event.at.step.value),
                  static_cast<std::int64_t>(encoded.kind), std::span<const std::byte>{encoded.payload});
    }
    for (const auto& end : staged_.ends) write_end(batch, end);
    for (const auto& epoch : staged_.epochs) {
        batch.row(TableId::epochs, std::int64_t{epoch.at.branch.id}, as_column(epoch.at.step.value),
                  std::span<const std::byte>{epoch.digests});
    }
    write_states(batch);
    for (const auto& block : staged_.disk_blocks) {
        const auto drive = std::int64_t{block.drive};
        const std::span<const std::byte> hash{block.sha256};
        if (block.blob) {
            batch.row(TableId::disk_blocks, drive, as_column(block.block), hash, block.blob->number,
                      as_column(block.blob->size), std::span<const std::byte>{block.blob->checksum});
        } else {
            batch.row(TableId::disk_blocks, drive, as_column(block.block), hash, nullptr, nullptr, nullptr);
        }
    }
    for (const auto& output : staged_.outputs) {
        batch.row(TableId::output, std::int64_t{output.at.branch.id}, as_column(output.at.step.value),
                  std::int64_t{output.channel.value}, std::span<const std::byte>{output.bytes},
                  as_column(output.time.ns));
    }
    for (const auto& bookmark : staged_.bookmarks) {
        batch.row(TableId::bookmarks, std::int64_t{bookmark.at.branch.id}, as_column(bookmark.at.step.value),
                  std::string_view{bookmark.name});
    }
    for (const auto& row : staged_.accesses) {
        batch.row(TableId::accesses, std::int64_t{row.begin.branch.id}, as_column(row.begin.step.value),
                  as_column(row.end.value), as_column(row.size), std::span<const std::byte>{row.notes});
    }
    for (const auto& patch : staged_.patches) {
        batch.row(TableId::patches, std::int64_t{patch.at.branch.id}, as_column(patch.at.step.value),
                  as_column(patch.base.value), as_column(patch.size),
                  std::span<const std::byte>{patch.packed});
    }
    for (const auto& branch : staged_.branches) {
        batch.row(TableId::branches, std::int64_t{branch.number.id}, std::int64_t{branch.fork.branch.id},
                  as_column(branch.fork.step.value), std::string_view{branch.name});
    }
}

void RecordingStore::write_states(BatchWriter& batch) const {
    for (const auto& [snapshot, pack] : staged_.packs) {
        batch.row(TableId::packs, snapshot, as_column(pack.seed), std::as_bytes(std::span{pack.hashes}),
                  pack.blob.number, as_column(pack.blob.size),
                  std::span<const std::byte>{pack.blob.checksum});
    }
    for (const auto& snapshot : staged_.snapshots) {
        batch.row(TableId::snapshots, std::int64_t{snapshot.at.branch.id}, as_column(snapshot.at.step.value),
                  std::string_view{snapshot.name}, as_column(snapshot.pages), as_column(snapshot.size),
                  std::span<const std::byte>{snapshot.fields}, std::span<const std::byte>{snapshot.ends});
    }
    for (const auto& [snapshot, changes] : staged_.changes)
        batch.row(TableId::snapshot_pages, snapshot, std::span<const std::byte>{changes});
}

}  // namespace backspin::snapshots
