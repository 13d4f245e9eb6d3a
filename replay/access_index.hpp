// Which pages each stretch of the history touched, so that a search runs only through those in which its
// stops may hold. It only ever excludes: what is not known may hold anything.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/access_notes.hpp"
#include "base/machine.hpp"
#include "base/position.hpp"

namespace backspin::replay {

/// Notes as they are kept: each list as differences of a byte or two.
class PackedNotes {
  public:
    PackedNotes() = default;
    explicit PackedNotes(const AccessNotes& notes);
    AccessNotes unpack() const;

    /// As bytes for a file, and back. Nothing for bytes that are no notes.
    std::vector<std::byte> to_bytes() const;
    static std::optional<PackedNotes> from_bytes(std::span<const std::byte> bytes);

    /// Whether a step of the stretch can have hit the stop.
    bool may_hit(const StopPoint& stop) const;
    std::size_t size() const { return bytes_.size(); }

  private:
    enum class List : std::uint8_t { executed, read, written, changed, changed_from_outside };
    static constexpr std::size_t kLists = 5;

    std::span<const std::byte> list(List which) const;
    bool has(List which, PageNumber first, PageNumber last) const;

    std::vector<std::byte> bytes_;
    std::array<std::uint32_t, kLists> ends_{};
    bool translated_ = false;
};

class AccessIndex {
  public:
    /// What it may hold in bytes. Beyond that, notes of neighbours are merged, the oldest first.
    static constexpr std::size_t kMostBytes = std::size_t{256} << 20;

    explicit AccessIndex(StepCount epoch_steps, std::size_t most_bytes = kMostBytes)
        : epoch_steps_(std::max(epoch_steps, StepCount{1})), most_bytes_(most_bytes) {}

    /// What all steps in [begin, end) touched, which lie in one epoch.
    void add(StepCount begin, StepCount end, const AccessNotes& notes);

    /// The same as they were read from a file; they may span several epochs.
    void add(StepCount begin, StepCount end, PackedNotes notes);

    struct Stretch {
        StepCount begin, end;
        const PackedNotes* notes;
    };
    /// The stretch known that has this step; nothing if none has. Valid until add.
    std::optional<Stretch> containing(StepCount step) const;

    /// The end of the latest stretch in [floor, end) that may have a step with a hit: `floor` if there is
    /// none, and `end` at once where nothing is known.
    StepCount latest_candidate(StepCount floor, StepCount end, std::span<const StopPoint> stops) const;
    /// Likewise the beginning of the first stretch in [begin, ceiling): `ceiling` if there is none.
    StepCount first_candidate(StepCount begin, StepCount ceiling, std::span<const StopPoint> stops) const;

    /// In ascending order.
    template <class Visitor>
    void for_each(Visitor&& visit) const {
        for (const auto& [begin, held] : stretches_) visit(begin, held.end, held.notes);
    }

    std::size_t bytes() const { return bytes_; }
    std::size_t stretches() const { return stretches_.size(); }

  private:
    struct Held {
        StepCount end;
        PackedNotes notes;
    };
    using Stretches = std::map<StepCount, Held>;

    bool is_same_epoch(StepCount a, StepCount b) const {
        return a.value / epoch_steps_.value == b.value / epoch_steps_.value;
    }
    static std::size_t cost(const Held& held) { return sizeof(Stretches::value_type) + held.notes.size(); }
    void merge_oldest();

    Stretches stretches_;  ///< by their beginning; disjoint
    StepCount epoch_steps_;
    std::size_t most_bytes_;
    std::size_t bytes_ = 0;
};

}  // namespace backspin::replay
