#include "cli/mac_address.hpp"

#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace backspin::cli {

std::optional<emu::virtio::MacAddress> parse_mac(std::string_view text) {
    emu::virtio::MacAddress mac{};
    if (text.size() != 3 * mac.size() - 1) return std::nullopt;
    for (std::size_t i = 0; i < mac.size(); ++i) {
        const auto* pair = text.data() + 3 * i;
        const auto [end, error] = std::from_chars(pair, pair + 2, mac[i], 16);
        const bool last = i + 1 == mac.size();
        if (error != std::errc() || end != pair + 2 || (!last && *end != ':')) return std::nullopt;
    }
    return mac;
}

std::string to_text(const emu::virtio::MacAddress& mac) {
    return fmt::format("{:02x}", fmt::join(mac, ":"));
}

}  // namespace backspin::cli
