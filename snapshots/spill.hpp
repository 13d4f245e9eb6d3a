// Where snapshots go before they are thinned from memory, so that places far back stay near.
//
// They are kept as patches, each to the one that was spilled before it (the chain), compressed, in a file
// that is this process's own. A thread of low priority writes them: whoever takes snapshots never waits for
// it, and what it has no time for is not spilled.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/machine.hpp"
#include "base/position.hpp"
#include "snapshots/patch_chain.hpp"
#include "snapshots/spill_file.hpp"
#include "snapshots/state_patch.hpp"

namespace backspin::snapshots {

struct SpillOptions {
    std::string directory;                          ///< empty: compressed in memory
    std::uint64_t limit = std::uint64_t{16} << 30;  ///< bytes of file, at any time
    /// Each takes some 100 bytes of memory, and a session of days takes tens of millions of snapshots.
    std::size_t most_snapshots = std::size_t{1} << 20;
};

/// Thread: one, besides its own.
class Spill {
  public:
    /// Throws SpillError if there can be no file.
    explicit Spill(SpillOptions options);
    ~Spill();
    Spill(const Spill&) = delete;
    Spill& operator=(const Spill&) = delete;

    /// Whether one more would be taken now.
    bool has_room() const;
    /// Precondition: has_room, and no state was given for that position. The first one is not written: it has
    /// to stay where `resident` finds it.
    void add(Position at, SavedState state);
    /// It was added, and is or will be written, unless the file has failed or it has been thinned since.
    bool holds(Position at) const;

    /// A state that is in memory, null if it is not. Valid until load_latest returns.
    using Resident = std::function<const SavedState*(Position)>;
    using Loaded = ChainedState;
    /// The latest of the branch that is not after `at`, if it lies after that step and is not resident; and,
    /// before it in the row, some of those that were passed on the way to it, for who goes back from there.
    /// Their pages are those of resident ones, and of `neighbour`, wherever the bytes are the same. Empty if
    /// there is none, or if the file has failed.
    std::vector<Loaded> load_latest(Position at, StepCount after, const Resident& resident,
                                    const PageRoot* neighbour = nullptr);

    /// Waits until all that was added has been written.
    void flush();

    std::vector<Position> positions() const;
    /// Of file.
    std::uint64_t bytes() const;
    std::uint64_t limit() const { return options_.limit; }
    const std::string& directory() const { return options_.directory; }

    /// Why there is no more spilling, once, in one line.
    std::optional<std::string> take_trouble();

  private:
    struct Record {
        Position at;
        std::uint64_t offset = 0;
        std::size_t packed = 0;  ///< bytes in the file
        std::size_t size = 0;    ///< unpacked
        std::uint64_t checksum = 0;
    };
    using Chain = std::vector<Record>;  ///< in the order in which they were spilled

    void work();
    void write(Position at, const SavedState& state);
    void compact();
    std::pair<Chain, std::unique_ptr<SpillFile>> thinned(std::size_t keep) const;
    void use(Chain chain, std::unique_ptr<SpillFile> file);
    void fail(const std::string& why);

    static Record append(SpillFile& file, Position at, const Patch& patch);
    static Patch read(const SpillFile& file, const Record& record);
    std::optional<std::size_t> number_at_or_before(Position at) const;
    std::vector<Loaded> follow(std::size_t from, std::size_t to, const PageRoot& memory,
                               const PageRoot* neighbour) const;

    SpillOptions options_;
    std::thread thread_;

    mutable std::mutex
        mutex_;  ///< over all below; the thread changes chain and file under it, and reads without
    std::condition_variable wake_;
    std::condition_variable idle_;
    std::deque<std::pair<Position, SavedState>> queue_;
    bool busy_ = false;
    bool ending_ = false;
    bool full_ = false;  ///< or broken: no more is written
    bool unreadable_ = false;
    std::optional<std::string> trouble_;
    Chain chain_;
    std::map<Position, std::size_t> numbers_;  ///< in the chain
    std::unique_ptr<SpillFile> file_;
    std::uint64_t bytes_ = 0;

    PageRoot last_;  ///< memory of the chain's last; the thread's own
};

}  // namespace backspin::snapshots
