#include "cli/opensbi.hpp"

#include <array>

#include <fmt/format.h>

namespace backspin::cli {

std::optional<std::filesystem::path> find_opensbi(unsigned xlen, const std::filesystem::path& root) {
    // Debian and Ubuntu, Fedora and Arch, then what QEMU brings along. The newest comes first, as a rule.
    constexpr std::array kPlaces{
        "usr/lib/riscv{}-linux-gnu/opensbi/generic/fw_dynamic.bin",
        "usr/share/opensbi/lp{}/generic/firmware/fw_dynamic.bin",
        "usr/local/share/qemu/opensbi-riscv{}-generic-fw_dynamic.bin",
        "usr/share/qemu/opensbi-riscv{}-generic-fw_dynamic.bin",
    };
    for (const auto* place : kPlaces) {
        auto path = root / fmt::format(fmt::runtime(place), xlen);
        std::error_code ignored;
        if (std::filesystem::is_regular_file(path, ignored)) return path;
    }
    return std::nullopt;
}

}  // namespace backspin::cli
