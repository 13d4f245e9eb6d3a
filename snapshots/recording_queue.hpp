// What was given to a recording's writer and is not yet written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "snapshots/recording.hpp"

namespace backspin::snapshots {

struct QueuedEpoch {
    Position at;
    SavedState state;
};

struct QueuedSnapshot {
    Position at;
    SavedState state;
    std::string name;
};

struct QueuedDiskBlock {
    std::uint32_t drive = 0;
    std::uint64_t block = 0;
    std::vector<std::byte> bytes;
    bool embed = false;
};

struct RecordingQueue {
    std::vector<RecordedEvent> events;
    std::vector<QueuedEpoch> epochs;
    std::vector<QueuedSnapshot> snapshots;
    std::vector<QueuedDiskBlock> disk_blocks;
    std::vector<RecordedOutput> outputs;
    std::vector<RecordedBookmark> bookmarks;
    std::vector<RecordedAccesses> accesses;
    std::vector<RecordedBranch> branches;
    std::vector<RecordedEnd> ends;
    std::size_t bytes = 0;  ///< what the payloads take; states are counted by number

    void add_output(Position at, VirtualTime time, Channel channel, std::span<const std::byte> output);
};

}  // namespace backspin::snapshots
