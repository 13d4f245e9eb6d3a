#include "snapshots/recording_queue.hpp"

#include <algorithm>

#include "snapshots/recording_schema.hpp"

namespace backspin::snapshots {
namespace {

// Guests print letter by letter; a row for each would cost twenty times its content.
constexpr std::size_t kLongestJoined = 256;

bool may_join(const RecordedOutput& last, Position at, Channel channel, std::span<const std::byte> output) {
    // A line's first byte tells its position, so a joined piece holds no line's middle and the next one's
    // beginning.
    constexpr std::byte kNewline{'\n'}, kReturn{'\r'};
    // What comes before a line's first letter says nothing about where that is.
    if (std::ranges::all_of(last.bytes, [](auto byte) { return byte == kReturn; })) return false;
    return last.channel == channel && last.at.branch == at.branch &&
           last.bytes.size() + output.size() <= kLongestJoined && !last.bytes.empty() &&
           last.bytes.back() != kNewline && !output.empty() &&
           std::find(output.begin(), output.end() - 1, kNewline) == output.end() - 1;
}

}  // namespace

void RecordingQueue::add_output(Position at, VirtualTime time, Channel channel,
                                std::span<const std::byte> output) {
    bytes += output.size();
    if (!outputs.empty() && may_join(outputs.back(), at, channel, output)) {
        auto& joined = outputs.back().bytes;
        joined.insert(joined.end(), output.begin(), output.end());
        return;
    }
    for (; !output.empty(); output = output.subspan(std::min(output.size(), kLongestOutput))) {
        const auto piece = output.first(std::min(output.size(), kLongestOutput));
        outputs.push_back({at, time, channel, {piece.begin(), piece.end()}});
        bytes += sizeof(RecordedOutput);
    }
}

}  // namespace backspin::snapshots
