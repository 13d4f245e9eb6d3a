// What there is in a recording, for whoever goes on writing it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/pages.hpp"
#include "snapshots/recording_blobs.hpp"
#include "snapshots/recording_schema.hpp"

namespace backspin::snapshots {

struct RecordingTail {
    std::uint32_t version = 0;
    std::int64_t batches = 0;
    Checksum chain{};  ///< of the last batch
    std::vector<std::string> component_names;
    std::int64_t snapshots = 0;
    PageRoot memory;        ///< of the last snapshot
    std::size_t pages = 0;  ///< its size; 0 without a snapshot
    PackList packs;
    std::int64_t blobs = 0;    ///< the highest number of one
    std::size_t branches = 0;  ///< besides branch 0
};

}  // namespace backspin::snapshots
