#include "snapshots/recording_content.hpp"

#include <algorithm>
#include <cstring>
#include <span>

#include "snapshots/recording_codec.hpp"
#include "snapshots/recording_header.hpp"
#include "snapshots/recording_rows.hpp"

namespace backspin::snapshots {
namespace {

std::vector<std::uint32_t> ends_at(const Statement& row, int column, std::size_t components,
                                   std::size_t size) {
    const auto bytes =
        bytes_at(row, column, kMostComponents * sizeof(std::uint32_t), "a snapshot's components");
    std::vector<std::uint32_t> ends(bytes.size() / sizeof(std::uint32_t));
    // Either may be empty, which memcpy does not take.
    std::ranges::copy(bytes.first(ends.size() * sizeof(std::uint32_t)),
                      std::as_writable_bytes(std::span(ends)).begin());
    const bool whole = bytes.size() == components * sizeof(std::uint32_t) && std::ranges::is_sorted(ends) &&
                       (ends.empty() ? 0 : ends.back()) == size;
    if (!whole) throw Damage("holds a snapshot of other components than the recording's");
    return ends;
}

}  // namespace

void RecordingContent::take(TableId table, const Statement& row) {
    count(table, row);
    switch (table) {
        case TableId::configuration: return take_configuration(row);
        case TableId::images: return take_image(row);
        case TableId::image_chunks: return take_image_chunk(row);
        case TableId::events: return take_event(row);
        case TableId::digests: ++digests; return reached(digest_at(row).at);
        case TableId::ends: return take_end(row);
        case TableId::components: return take_component(row);
        case TableId::epochs: return take_epoch(row);
        case TableId::packs: return take_pack(row);
        case TableId::snapshots: return take_snapshot(row);
        case TableId::snapshot_pages: return take_changes(row);
        case TableId::disk_blocks: return take_disk_block(row);
        case TableId::output: ++outputs; return reached(output_at(row, version_).at);
        case TableId::bookmarks: return take_bookmark(row);
        case TableId::accesses: return take_accesses(row);
        case TableId::patches: return take_patch(row);
        case TableId::branches: return take_branch(row);
    }
}

void RecordingContent::end_batch() {
    ++batch_;
}

void RecordingContent::end(Database& database) {
    check_images();
    check_branches();
    if (version_ >= 2) check_blobs(database);
}

void RecordingContent::count(TableId table, const Statement& row) {
    const auto all = tables(version_);
    const auto index = static_cast<std::size_t>(std::ranges::find(all, table, &Table::id) - all.begin());
    for (auto i = sizes.size(); i < all.size(); ++i) sizes.push_back({std::string(all[i].name), 0, 0});
    ++sizes[index].rows;
    for (int column = 1; column < row.columns(); ++column) {
        const auto type = row.type(column);
        if (type == ColumnType::integer) sizes[index].bytes += sizeof(std::int64_t);
        if (type == ColumnType::text) sizes[index].bytes += row.text(column).size();
        if (type == ColumnType::blob) sizes[index].bytes += row.blob(column).size();
    }
}

void RecordingContent::reached(Position at) {
    if (at.step < begin.step)
        throw Damage("speaks of step " + std::to_string(at.step.value) + ", before its beginning");
    if (at.step >= last.step) last = at;
    auto& steps = spoken_of_.try_emplace(at.branch, Steps{at.step, at.step}).first->second;
    steps.first = std::min(steps.first, at.step);
    steps.last = std::max(steps.last, at.step);
}

StepCount RecordingContent::last_of(Branch branch) const {
    const auto found = spoken_of_.find(branch);
    return found != spoken_of_.end() ? found->second.last : begin.step;
}

// ---- what the machine is made of ----------------------------------------------------------------

void RecordingContent::take_configuration(const Statement& row) {
    auto key = text_at(row, 1, kLongestKey, "a configuration key");
    auto value = text_at(row, 2, kLongestValue, "a configuration value");
    if (configuration.size() == kMostKeys) throw Damage("holds more configuration than allowed");
    if (!configuration.emplace(std::move(key), std::move(value)).second) {
        throw Damage("holds a configuration key twice");
    }
}

void RecordingContent::take_image(const Statement& row) {
    if (images.size() == kMostImages) throw Damage("holds more images than allowed");
    ImageInfo image{text_at(row, 1, kLongestName, "an image's name"),
                    text_at(row, 2, kLongestName, "an image's role"),
                    number_at(row, 3, kLargestImage, "an image's size"),
                    {}};
    const auto hash = bytes_at(row, 4, image.sha256.size(), "an image's hash");
    if (hash.size() != image.sha256.size()) throw Damage("holds an image hash of a wrong length");
    std::ranges::copy(hash, image.sha256.begin());
    images.push_back(std::move(image));
    stored_chunks_.push_back(0);
}

void RecordingContent::take_image_chunk(const Statement& row) {
    const auto image = number_at(row, 1, kMostImages, "a piece of no image");
    if (image >= images.size()) throw Damage("holds a piece of no image");
    ++stored_chunks_[image];
}

void RecordingContent::check_images() const {
    for (std::size_t i = 0; i < images.size(); ++i) {
        if (stored_chunks_[i] != (images[i].size + kImageChunk - 1) / kImageChunk) {
            throw Damage("does not hold all of image " + std::to_string(i) + "; " + kCopyAgain);
        }
    }
}

void RecordingContent::take_component(const Statement& row) {
    if (batch_ != 0) throw Damage("names a component after its beginning");
    if (components.size() == kMostComponents) throw Damage("holds more components than allowed");
    components.push_back(text_at(row, 1, kLongestName, "a component's name"));
}

// ---- what happened ------------------------------------------------------------------------------

void RecordingContent::take_event(const Statement& row) {
    const auto event = event_at(row);
    const auto [entry, first] = last_event_.try_emplace(event.at.branch, event.at.step);
    if (!first && event.at.step <= entry->second) throw Damage("holds inputs that are out of order");
    entry->second = event.at.step;
    reached(event.at);
    reached({event.at.branch, event.at.step + StepCount{1}});
    ++events;
}

void RecordingContent::take_end(const Statement& row) {
    auto end = end_at(row);
    reached(end.at);
    if (end.at.branch == Branch{}) recorded_end = end;
    if (!ends.emplace(end.at.branch, std::move(end)).second) throw Damage("ends twice");
}

void RecordingContent::take_epoch(const Statement& row) {
    reached(position_at(row, 1));
    last_digests_.resize(components.size() + 1);
    const auto bytes = bytes_at(row, 3, kLongestColumn, "digests");
    if (!decode_digests(bytes, first_epoch_, last_digests_)) {
        throw Damage("holds digests of unknown form at step " + std::to_string(row.integer(2)));
    }
    first_epoch_ = false;
    digests += last_digests_.size();
}

void RecordingContent::take_bookmark(const Statement& row) {
    if (bookmarks.size() == kMostBookmarks) throw Damage("holds more bookmarks than allowed");
    bookmarks.push_back(bookmark_at(row));
    if (bookmarks.back().at.step < begin.step) throw Damage("holds a bookmark before its beginning");
}

void RecordingContent::take_accesses(const Statement& row) {
    const auto stretch = stretch_at(row);
    const auto [until, first] = accesses_until_.try_emplace(stretch.begin.branch, stretch.end);
    if (!first && stretch.begin.step < until->second) throw Damage("holds accesses that are out of order");
    until->second = stretch.end;
    number_at(row, 4, kLongestNotes, "the size of accesses");
    bytes_at(row, 5, kLongestNotes, "accesses");
    reached(stretch.begin);
}

// The numbers and forks are checked here; that nothing else speaks of other branches, at the end.
void RecordingContent::take_branch(const Statement& row) {
    if (branches.size() == kMostBranches) throw Damage("holds more branches than allowed");
    auto branch = branch_at(row);
    const auto parent = branch.fork.branch.id;
    if (branch.number.id != branches.size() + 1) throw Damage("holds branches that are out of order");
    if (parent >= branch.number.id) throw Damage("holds a branch of no branch");
    if (parent > 0 && branch.fork.step < branches[parent - 1].fork.step)
        throw Damage("holds a branch that begins before its parent");
    reached(branch.fork);
    reached({branch.number, branch.fork.step});
    branches.push_back(std::move(branch));
}

void RecordingContent::check_branches() const {
    for (const auto& [branch, steps] : spoken_of_) {
        if (branch.id > branches.size())
            throw Damage("speaks of branch " + std::to_string(branch.id) + ", which it does not have");
        if (branch.id > 0 && steps.first < branches[branch.id - 1].fork.step)
            throw Damage("speaks of branch " + std::to_string(branch.id) + " before its beginning");
    }
    for (const auto& branch : branches) {
        const auto end = ends.find(branch.fork.branch);
        if (end != ends.end() && end->second.at.step < branch.fork.step)
            throw Damage("holds a branch that begins after its parent's end");
    }
}

// ---- states -------------------------------------------------------------------------------------

void RecordingContent::take_pack(const Statement& row) {
    const auto snapshot = number_at(row, 1, kMostSnapshots, "the number of a snapshot");
    if (snapshot < snapshots.size()) throw Damage("holds pages of a snapshot after it");
    if (row.type(2) != ColumnType::integer) throw Damage("holds a seed that is not a number");
    const auto hashes = bytes_at(row, 3, kPagesPerPack * sizeof(Checksum), "the hashes of pages");
    if (hashes.empty() || hashes.size() % sizeof(Checksum) != 0) throw Damage("holds a pack of no pages");
    Pack pack{static_cast<std::uint64_t>(row.integer(2)), {}, blob_at(row, 4)};
    pack.hashes.resize(hashes.size() / sizeof(Checksum));
    std::memcpy(pack.hashes.data(), hashes.data(), hashes.size());
    blobs_.push_back(pack.blob);
    if (pending_pack_snapshot_ != snapshot) pending_pack_bytes_ = 0;
    pending_pack_snapshot_ = snapshot;
    pending_pack_bytes_ += pack.blob.size + hashes.size();
    packs.add(std::move(pack));
}

void RecordingContent::take_snapshot(const Statement& row) {
    if (snapshots.size() == kMostSnapshots) throw Damage("holds more snapshots than allowed");
    SnapshotInfo info{position_at(row, 1), text_at(row, 3, kLongestName, "the name of a snapshot"), 0};
    StoredSnapshot stored;
    stored.pages = number_at(row, 4, kMostPages, "the size of a snapshot");
    stored.size = number_at(row, 5, kLargestFields, "the size of a snapshot");
    const auto fields = bytes_at(row, 6, kLongestColumn, "a snapshot");
    stored.fields.assign(fields.begin(), fields.end());
    stored.ends = ends_at(row, 7, components.size(), stored.size);
    if (!stored_snapshots.empty() && stored.pages != stored_snapshots.front().pages) {
        throw Damage("holds snapshots of different machines");
    }
    if (batch_ == 0 && snapshots.empty()) begin = info.at;
    reached(info.at);
    info.bytes = stored.fields.size();
    if (pending_pack_snapshot_ == snapshots.size()) info.bytes += pending_pack_bytes_;
    snapshots.push_back(std::move(info));
    stored_snapshots.push_back(std::move(stored));
}

void RecordingContent::take_patch(const Statement& row) {
    if (patches.size() == kMostPatches) throw Damage("holds more patches than allowed");
    patches.push_back(patch_at(row));
    if (patches.back().base < begin.step) throw Damage("holds a patch to a state before its beginning");
    reached(patches.back().at);
}

void RecordingContent::take_changes(const Statement& row) {
    const auto bytes = bytes_at(row, 2, kLongestColumn, "a list of pages");
    const auto number = number_at(row, 1, kMostSnapshots, "the number of a snapshot");
    if (number >= snapshots.size() || number < changed_snapshot_) throw Damage("holds pages of no snapshot");
    if (number != changed_snapshot_) next_index_ = 0;
    changed_snapshot_ = number;
    auto& snapshot = stored_snapshots[number];
    const auto changes = decode_changes(bytes, snapshot.pages);
    if (!changes || changes->empty() || changes->front().index.value < next_index_) {
        throw Damage("holds a list of pages of unknown form in snapshot " + std::to_string(number));
    }
    next_index_ = changes->back().index.value + 1;
    if (std::ranges::any_of(*changes, [&](const auto& change) { return change.page >= packs.end(); })) {
        throw Damage("lacks pages of snapshot " + std::to_string(number) + "; " + kCopyAgain);
    }
    snapshot.changes.emplace_back(bytes.begin(), bytes.end());
    snapshots[number].bytes += bytes.size();
}

// ---- disks --------------------------------------------------------------------------------------

void RecordingContent::take_disk_block(const Statement& row) {
    const auto drive =
        static_cast<std::uint32_t>(number_at(row, 1, ~std::uint32_t{0}, "the number of a drive"));
    const auto block = number_at(row, 2, kMostDiskBlocks, "the number of a disk block");
    DiskBlockInfo info;
    const auto hash = bytes_at(row, 3, info.sha256.size(), "the hash of a disk block");
    if (hash.size() != info.sha256.size()) throw Damage("holds a disk block's hash of a wrong length");
    std::ranges::copy(hash, info.sha256.begin());
    info.embedded = row.type(4) != ColumnType::null;
    if (info.embedded) {
        blobs_.push_back(blob_at(row, 4));
        disk_contents.emplace(std::pair{drive, block}, blobs_.back());
    }
    if (!disk_blocks[drive].emplace(block, info).second) throw Damage("holds a disk block twice");
}

void RecordingContent::check_blobs(Database& database) {
    TableSize size{"blobs", 0, 0};
    std::ranges::sort(blobs_, {}, &BlobReference::number);
    auto rows = database.prepare("SELECT id, length(bytes), typeof(bytes)='blob' FROM blobs ORDER BY id");
    for (const auto& blob : blobs_) {
        if (!rows.step() || rows.integer(0) != blob.number || rows.integer(2) != 1 ||
            static_cast<std::uint64_t>(rows.integer(1)) != blob.size) {
            throw Damage("lacks content " + std::to_string(blob.number) + " (pages or a disk block); " +
                         kCopyAgain);
        }
        ++size.rows;
        size.bytes += blob.size;
    }
    if (rows.step()) throw Damage(std::string("holds content that belongs to nothing; ") + kCopyAgain);
    blobs_ = {};
    sizes.push_back(std::move(size));
}

}  // namespace backspin::snapshots
