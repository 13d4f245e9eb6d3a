// Adds machine states to a recording that is there already.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/machine.hpp"
#include "base/position.hpp"

namespace backspin::snapshots {

/// What was in the file stays as it is: new batches go on with its chain of checksums. A process that is
/// killed meanwhile leaves the file with its log beside it, as a killed recorder does. Thread: one at a time.
class RecordingAppender {
  public:
    /// Reads and checks the whole file first. Throws RecordingError for what a reader refuses, and for a file
    /// of version 1, which has no place for states, or one that may not be written.
    explicit RecordingAppender(const std::filesystem::path& path);
    /// Without finish(), or after an error: what was committed stays.
    ~RecordingAppender();
    RecordingAppender(const RecordingAppender&) = delete;
    RecordingAppender& operator=(const RecordingAppender&) = delete;

    /// The whole state, of the recorded machine; in the file when this returns. Throws RecordingError, and
    /// std::invalid_argument for a state of another machine or a name of more than 255 bytes.
    void add_snapshot(Position at, const SavedState& state, const std::string& name = {});

    /// The file is one plain file again. Nothing may be added afterwards. Throws RecordingError.
    void finish();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace backspin::snapshots
