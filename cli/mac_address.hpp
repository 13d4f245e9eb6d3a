// Addresses of network cards as text: 52:54:00:12:34:56.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "emu/devices/virtio/net.hpp"

namespace backspin::cli {

/// Six pairs of hexadecimal digits with colons between them; nothing for any other text.
std::optional<emu::virtio::MacAddress> parse_mac(std::string_view text);

std::string to_text(const emu::virtio::MacAddress& mac);

}  // namespace backspin::cli
