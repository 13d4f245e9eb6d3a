// The ordered inputs of a history, each tied to its position: all that a run needs besides its configuration
// and images.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <stdexcept>
#include <vector>

#include "base/input.hpp"
#include "base/position.hpp"

namespace backspin::replay {

/// An input together with where it was applied: it is the step from at.step to at.step + 1.
struct Event {
    Position at;
    Input input;
    bool operator==(const Event&) const = default;
};

/// The most bytes that one input carries. A jumbo packet has 9 KiB and a debugger's `load` arrives in pieces
/// of its packet size (128 KiB); 1 MiB leaves room and still bounds what a damaged recording can ask for.
inline constexpr std::size_t kMaxInputBytes = std::size_t{1} << 20;

/// The bytes of device input or a memory write; 0 for the other kinds.
std::size_t payload_size(const Input& input);

/// The order of events, or the size of one, is not what a log can hold.
class BadLog : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Grows at the end of each branch only; what is in it never changes.
class EventLog {
  public:
    /// Throws BadLog unless the event lies after every event of its branch and its payload is within
    /// kMaxInputBytes.
    void append(Event event);

    /// Of a history that nobody will go back in: what is in the log is dropped.
    void forget() { branches_.clear(); }

    /// The first event of the branch at this step or later; null if there is none. Valid until the next
    /// append.
    const Event* next(Branch branch, StepCount at_or_after) const;

    /// All events of the branch in order. Valid until the next append.
    std::span<const Event> events(Branch branch) const;

    std::size_t size() const;

  private:
    std::map<Branch, std::vector<Event>> branches_;
};

}  // namespace backspin::replay
