#include "replay/event_log.hpp"

#include <algorithm>

namespace backspin::replay {

std::size_t payload_size(const Input& input) {
    if (const auto* device = std::get_if<DeviceInput>(&input)) return device->bytes.size();
    if (const auto* write = std::get_if<MemoryWrite>(&input)) return write->bytes.size();
    return 0;
}

void EventLog::append(Event event) {
    if (payload_size(event.input) > kMaxInputBytes) throw BadLog("an input with more bytes than a log takes");
    // An event is a step, so a later event has a greater position; the end of time has no step after it.
    auto& branch = branches_[event.at.branch];
    if (event.at.step == kEndOfTime || (!branch.empty() && event.at.step <= branch.back().at.step)) {
        throw BadLog("an input that is not after all inputs before it");
    }
    branch.push_back(std::move(event));
}

const Event* EventLog::next(Branch branch, StepCount at_or_after) const {
    const auto all = events(branch);
    const auto found =
        std::ranges::lower_bound(all, at_or_after, {}, [](const Event& e) { return e.at.step; });
    return found != all.end() ? &*found : nullptr;
}

std::span<const Event> EventLog::events(Branch branch) const {
    const auto found = branches_.find(branch);
    if (found == branches_.end()) return {};
    return found->second;
}

std::size_t EventLog::size() const {
    std::size_t sum = 0;
    for (const auto& [branch, events] : branches_) sum += events.size();
    return sum;
}

}  // namespace backspin::replay
