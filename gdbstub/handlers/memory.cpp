#include "gdbstub/packets/memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <vector>

#include "gdbstub/handlers/handlers.hpp"
#include "gdbstub/text.hpp"

namespace backspin::gdbstub::handlers {

namespace {

// A client waits two seconds for an answer. Memory is scanned at several hundred megabytes a second.
constexpr std::uint64_t kMaximumScan = 256u << 20;

/// How much of the range lies below the end of the address space.
std::uint64_t length_without_wrap(const MemoryRange& range) {
    const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - range.at.value;
    return range.length == 0 ? 0 : std::min(range.length - 1, room) + 1;
}

/// Reads the whole range piece by piece. `use` gets each piece and its address, and says whether to go on.
Outcome<Done> scan(Conversation& conversation, const MemoryRange& range,
                   const std::function<bool(std::span<const std::byte>, Address)>& use) {
    if (range.length > kMaximumScan) {
        return Refused{errno_value::invalid, fmt::format("at most {} MiB at a time", kMaximumScan >> 20)};
    }
    std::vector<std::byte> buffer(kMaximumData);
    const std::uint64_t length = length_without_wrap(range);
    for (std::uint64_t offset = 0; offset < length;) {
        const Address at{range.at.value + offset};
        const std::span<std::byte> piece(buffer.data(),
                                         std::min<std::uint64_t>(buffer.size(), length - offset));
        const Outcome<std::size_t> read =
            conversation.target.read_memory(conversation.general_thread, at, piece);
        if (!read) return read.failure_as<Outcome<Done>>();
        const std::size_t got = std::min(*read.value(), piece.size());
        if (got == 0 || !use(piece.first(got), at)) break;
        offset += got;
    }
    return Done{};
}

/// The checksum of `compare-sections`: CRC-32 with the high bit first, from all ones, not inverted at the
/// end.
class Checksum {
  public:
    void add(std::span<const std::byte> bytes) {
        for (const std::byte byte : bytes) {
            state_ = state_ << 8 ^ kTable[(state_ >> 24 ^ std::to_integer<std::uint32_t>(byte)) & 0xff];
        }
    }
    std::uint32_t value() const { return state_; }

  private:
    static constexpr std::array<std::uint32_t, 256> kTable = [] {
        std::array<std::uint32_t, 256> table{};
        for (std::uint32_t i = 0; i < table.size(); ++i) {
            std::uint32_t remainder = i << 24;
            for (int bit = 0; bit < 8; ++bit) {
                remainder = remainder << 1 ^ (remainder >> 31 != 0 ? 0x04c11db7u : 0u);
            }
            table[i] = remainder;
        }
        return table;
    }();
    std::uint32_t state_ = 0xffffffff;
};

/// Finds a pattern in bytes that come in pieces, also across the seams.
class Search {
  public:
    explicit Search(std::string_view pattern)
        : pattern_(pattern), searcher_(pattern_.begin(), pattern_.end()) {}

    /// Gives where the pattern begins, or nothing yet. Pieces follow one another without gaps.
    std::optional<Address> add(std::span<const std::byte> piece, Address at) {
        const std::size_t carried = window_.size();
        window_ += text_of(piece);
        const auto found = std::search(window_.begin(), window_.end(), searcher_);
        if (found != window_.end()) {
            return Address{at.value - carried + static_cast<std::uint64_t>(found - window_.begin())};
        }
        window_.erase(0, window_.size() - std::min(window_.size(), pattern_.size() - 1));
        return std::nullopt;
    }

  private:
    std::string_view pattern_;
    std::boyer_moore_horspool_searcher<std::string_view::iterator> searcher_;
    std::string window_;  // of what came before, as much as can be the beginning of a match
};

}  // namespace

Answer read_memory(Conversation& conversation, std::string_view packet) {
    const std::optional<ReadMemory> request = ReadMemory::parse(packet);
    // No client reads nothing, except LLDB up to 19 to learn whether x is known, meaning another x than
    // GDB's: the refusal makes it use m.
    if (!request || request->range.length == 0) return malformed();
    std::vector<std::byte> bytes(std::min<std::uint64_t>(length_without_wrap(request->range), kMaximumData));
    const Outcome<std::size_t> read =
        conversation.target.read_memory(conversation.general_thread, request->range.at, bytes);
    if (!read) return read.failure_as<Answer>();
    const std::span<const std::byte> got = std::span(bytes).first(std::min(*read.value(), bytes.size()));
    if (request->binary) return Binary{"b" + std::string(text_of(got))};
    return Text{to_hex(got)};
}

Answer write_memory(Conversation& conversation, std::string_view packet) {
    const std::optional<WriteMemory> request = WriteMemory::parse(packet);
    if (!request) return malformed();
    if (request->bytes.empty()) return ok();
    const Outcome<Done> written =
        conversation.target.write_memory(conversation.general_thread, request->at, request->bytes);
    if (!written) return written.failure_as<Answer>();
    return ok();
}

Answer search_memory(Conversation& conversation, std::string_view packet) {
    const std::optional<SearchMemory> request = SearchMemory::parse(packet);
    if (!request) return malformed();
    Search search(request->pattern);
    std::optional<Address> found;
    const Outcome<Done> scanned =
        scan(conversation, request->range, [&](std::span<const std::byte> piece, Address at) {
            found = search.add(piece, at);
            return !found;
        });
    if (!scanned) return scanned.failure_as<Answer>();
    return Text{found ? fmt::format("1,{:x}", found->value) : "0"};
}

Answer checksum_memory(Conversation& conversation, std::string_view packet) {
    const std::optional<ChecksumMemory> request = ChecksumMemory::parse(packet);
    if (!request) return malformed();
    Checksum checksum;
    const Outcome<Done> scanned =
        scan(conversation, request->range, [&](std::span<const std::byte> piece, Address) {
            checksum.add(piece);
            return true;
        });
    if (!scanned) return scanned.failure_as<Answer>();
    return Text{fmt::format("C{:x}", checksum.value())};
}

}  // namespace backspin::gdbstub::handlers
