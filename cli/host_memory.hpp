// How much memory the host has to give.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace backspin::cli {

/// Bytes that could be taken without swapping, as the kernel estimates it, and by the limit of this process's
/// control group. Nothing if the host does not say. `root`: where /proc and /sys are.
std::optional<std::uint64_t> free_memory(const std::filesystem::path& root = "/");

}  // namespace backspin::cli
