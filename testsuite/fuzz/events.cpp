// The decoder of a recording's events: a kind, then its payload.
#include "snapshots/recording_events.hpp"

#include "testsuite/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace backspin;
    fuzz::Taker input(fuzz::bytes_of(data, size));
    const auto kind = input.take<std::uint64_t>();
    const auto payload = input.rest();
    const auto decoded = snapshots::decode(kind, payload);
    if (!decoded) return 0;
    const auto encoded = snapshots::encode(*decoded);
    fuzz::require(static_cast<std::uint64_t>(encoded.kind) == kind, "an event keeps its kind");
    fuzz::require(std::ranges::equal(encoded.payload, payload), "an event is written as it was read");
    return 0;
}
