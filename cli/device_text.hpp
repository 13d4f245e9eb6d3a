// A virtio device's options as text, for the configuration of a recording: {"kind":"entropy","seed":5}.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "emu/devices/virtio/list.hpp"

namespace backspin::cli {

/// JSON, at most 4096 bytes.
std::string to_text(const emu::virtio::DeviceOptions& options);

/// Nothing if the text, which may come from a stranger, describes no device that there is.
std::optional<emu::virtio::DeviceOptions> device_of(std::string_view text);

}  // namespace backspin::cli
