// A recording whose bytes come from a fuzzer, and all that can be read from it.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "snapshots/recording.hpp"
#include "snapshots/state_patch.hpp"
#include "testsuite/fuzz/fuzz.hpp"

namespace backspin::fuzz {

/// One file for all inputs of this process; gone at its end.
class File {
  public:
    File() {
        std::string name = (std::filesystem::temp_directory_path() / "backspin-fuzz-XXXXXX").string();
        require(::mkdtemp(name.data()) != nullptr, "a temporary folder can be made");
        folder_ = name;
    }
    ~File() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    std::filesystem::path path() const { return folder_ / "recording"; }
    void hold(std::span<const std::byte> bytes) const {
        const int file = ::open(path().c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
        require(file >= 0, "the file can be written");
        const auto written = ::write(file, bytes.data(), bytes.size());
        require(written == static_cast<ssize_t>(bytes.size()), "the file can be written");
        ::close(file);
    }

  private:
    std::filesystem::path folder_;
};

inline void read(const snapshots::RecordingReader& reader) {
    for (std::size_t i = 0; i < reader.images().size(); ++i)
        require(reader.image(i).size() == reader.images()[i].size, "an image is as long as it says");
    std::uint64_t events = 0;
    std::uint64_t digests = 0;
    reader.for_each_event([&](const snapshots::RecordedEvent&) { ++events; });
    reader.for_each_digest([&](const snapshots::RecordedDigest&) { ++digests; });
    require(events == reader.event_count() && digests == reader.digest_count(), "as many as it says");
    reader.for_each_output([](const snapshots::RecordedOutput&) {});
    reader.for_each_accesses([](const snapshots::RecordedAccesses& accesses) {
        require(accesses.begin.step < accesses.end, "accesses are of some steps");
    });
    const auto store = PageStore::create();
    for (std::size_t i = 0; i < reader.snapshots().size(); ++i) {
        const auto state = reader.load_snapshot(i, store);
        require(state.at == reader.snapshots()[i].at.step && !state.trusted, "a snapshot is as it says");
    }
    for (std::size_t i = 0; i < reader.patches().size(); ++i) {
        const auto patch = reader.load_patch(i);
        PageTable memory(store, 64);
        try {
            snapshots::apply_patch(patch, memory);
        } catch (const snapshots::BadPatch&) {
            continue;
        }
    }
    constexpr std::uint32_t kDrives = 2;
    for (std::uint32_t drive = 0; drive < kDrives; ++drive) {
        for (const auto& [block, info] : reader.disk_blocks(drive)) {
            if (!info.embedded) continue;
            require(reader.disk_block(drive, block).size() <= snapshots::kDiskBlock, "a block is no longer");
        }
    }
    static_cast<void>(reader.begin());
    static_cast<void>(reader.bookmarks());
    static_cast<void>(reader.table_sizes());
    static_cast<void>(reader.last_position());
    static_cast<void>(reader.end());
    static_cast<void>(reader.configuration());
}

/// Whatever the file is, it is read, or refused in one line.
template <class See>
void read_or_refuse(const std::filesystem::path& path, See see) {
    try {
        const snapshots::RecordingReader reader(path);
        read(reader);
        see(reader);
    } catch (const snapshots::RecordingError& error) {
        const std::string_view what = error.what();
        require(!what.empty() && what.find('\n') == std::string_view::npos, "a refusal is one line");
    }
}

}  // namespace backspin::fuzz
