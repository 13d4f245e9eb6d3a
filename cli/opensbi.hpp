// Where distributions put OpenSBI, the firmware that starts a kernel in supervisor mode.
#pragma once

#include <filesystem>
#include <optional>

namespace backspin::cli {

/// OpenSBI's fw_dynamic for harts of this width; nothing if it is not installed. `root`: where the host's
/// files are.
std::optional<std::filesystem::path> find_opensbi(unsigned xlen, const std::filesystem::path& root = "/");

}  // namespace backspin::cli
