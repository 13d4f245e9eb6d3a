// A temporary file that nobody else sees and that leaves nothing behind, however the process ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

namespace backspin::snapshots {

/// One line that says what went wrong, and where.
class SpillError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Grows by whole records. Thread: append from one; reads from any, of what has been appended.
class SpillFile {
  public:
    /// In this directory, or in memory if the name is empty: memory that is the process's own. Throws
    /// SpillError.
    explicit SpillFile(const std::string& directory);
    ~SpillFile();
    SpillFile(const SpillFile&) = delete;
    SpillFile& operator=(const SpillFile&) = delete;

    std::uint64_t size() const { return size_; }
    /// Returns where they begin. Throws SpillError; then the file is as long as it was.
    std::uint64_t append(std::span<const std::byte> bytes);
    /// Throws SpillError.
    void read(std::uint64_t offset, std::span<std::byte> into) const;

  private:
    SpillError error(const char* what) const;

    std::string directory_;
    int file_ = -1;
    std::uint64_t size_ = 0;
};

}  // namespace backspin::snapshots
