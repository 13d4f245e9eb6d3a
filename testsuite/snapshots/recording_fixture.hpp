// A recording with something in every table, and all that can be read back from one.
#pragma once

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "snapshots/recording.hpp"
#include "snapshots/state_patch.hpp"

namespace backspin::snapshots {

namespace fs = std::filesystem;

/// A folder that is gone with its content when this goes.
class Folder {
  public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "backspin-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
        path_ = name;
    }
    ~Folder() {
        std::error_code ignored;
        fs::permissions(path_, fs::perms::owner_all, ignored);
        fs::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    fs::path operator/(const std::string& name) const { return path_ / name; }
    const fs::path& path() const { return path_; }
    std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(path_), fs::directory_iterator()));
    }

  private:
    fs::path path_;
};

std::vector<std::byte> bytes_of(std::string_view text);

std::string slurp(const fs::path& path);
void spill(const fs::path& path, std::string_view content);

inline constexpr std::array<std::string_view, 3> kComponents{"hart 0", "uart", "timer"};
inline constexpr std::size_t kMemoryPages = 3 * kPagesPerNode + 7;

using Memory = std::map<std::uint64_t, std::vector<std::byte>>;

/// A machine's state in values that can be compared. An index that is not in the memory was never written.
struct State {
    Position at;
    std::vector<std::byte> fields;
    std::vector<std::uint32_t> ends;
    Memory memory;
    bool operator==(const State&) const = default;
};

State values_of(Branch branch, const SavedState& state);

/// A state as a patch to another of its branch.
struct PatchRow {
    Position at;
    StepCount base;
    Patch patch;
    bool operator==(const PatchRow&) const = default;
};

/// All that a recording says.
struct Content {
    Configuration configuration;
    std::vector<std::string> image_names;
    std::vector<std::vector<std::byte>> images;
    std::vector<RecordedEvent> events;
    std::vector<RecordedDigest> digests;
    std::vector<State> snapshots;
    std::vector<std::string> snapshot_names;
    std::vector<RecordedOutput> outputs;
    /// Which there are depends on how much the writer's thread had to do: not compared.
    struct Patches : std::vector<PatchRow> {
        bool operator==(const Patches&) const { return true; }
    } patches;
    std::vector<RecordedBookmark> bookmarks;
    std::vector<RecordedAccesses> accesses;
    std::vector<RecordedBranch> branches;
    std::map<std::uint64_t, std::vector<std::byte>> blocks;  ///< of drive 1; empty if not embedded
    std::optional<RecordedEnd> end;
    bool operator==(const Content&) const = default;
};

Content read(const fs::path& path);

/// What a run gives to its recorder, and what must come back.
struct Sample {
    Content content;
    std::vector<SavedState> states;  ///< one for each input; every fifth is a snapshot, too
};

Sample sample(std::size_t events);

RecordingWriter begin(const fs::path& path, const Sample& from, Overwrite overwrite = Overwrite::refuse,
                      std::optional<StartState> start = std::nullopt);

void add(RecordingWriter& writer, const Sample& from, std::size_t i);

/// Adds everything, with a commit after every `stride`-th input.
void fill(RecordingWriter& writer, const Sample& from, std::size_t stride);

void write(const fs::path& path, const Sample& from, std::size_t stride = 5);

std::string refusal(const fs::path& path);

/// Changes the database behind the writer's back, as someone with the sqlite3 tool could.
void tamper(const fs::path& path, const std::string& sql);

/// Runs `work` in a child process that is then killed as by kill -9.
template <class Work>
void in_killed_process(Work work) {
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        work();
        ::raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

}  // namespace backspin::snapshots
