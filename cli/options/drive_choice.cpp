#include "cli/options/drive_choice.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "cli/options/command.hpp"
#include "emu/devices/virtio/block.hpp"

namespace backspin::cli {
namespace {

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
    throw UsageError(fmt::format("--drive {}: {}", text, why));
}

/// At single commas; two stand for one that belongs to the text.
std::vector<std::string> parts_of(std::string_view text) {
    std::vector<std::string> parts(1);
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != ',') {
            parts.back() += text[i];
        } else if (text.substr(i).starts_with(",,")) {
            parts.back() += text[i++];
        } else {
            parts.emplace_back();
        }
    }
    return parts;
}

bool is_printable(char c) {
    return c > ' ' && c <= '~';
}

std::string id_of(std::string_view text, std::string_view id) {
    constexpr auto kMost = emu::virtio::Block::kIdLength;
    if (id.empty() || id.size() > kMost || !std::ranges::all_of(id, is_printable))
        refuse(text, fmt::format("id= takes 1 to {} letters, digits and signs", kMost));
    return std::string(id);
}

}  // namespace

DriveChoice parse_drive(std::string_view text) {
    constexpr std::string_view kFile = "file=", kId = "id=";
    DriveChoice drive;
    const auto parts = parts_of(text);
    for (const std::string_view part : parts) {
        if (part.starts_with(kFile)) {
            drive.image.path = part.substr(kFile.size());
        } else if (part == "readonly") {
            drive.readonly = true;
        } else if (part.starts_with(kId)) {
            drive.id = id_of(text, part.substr(kId.size()));
        } else {
            refuse(text, fmt::format("there is no '{}'; give file=IMG[,readonly][,id=NAME]", part));
        }
    }
    if (drive.image.path.empty()) refuse(text, "file=IMG is missing: it names a raw disk image");
    return drive;
}

}  // namespace backspin::cli
