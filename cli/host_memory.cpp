#include "cli/host_memory.hpp"

#include <algorithm>
#include <fstream>
#include <string>

namespace backspin::cli {
namespace {

std::optional<std::uint64_t> number_in(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::uint64_t value = 0;
    return file >> value ? std::optional(value) : std::nullopt;  // "max" is none
}

std::optional<std::uint64_t> available(const std::filesystem::path& meminfo) {
    std::ifstream file(meminfo);
    std::string name;
    std::uint64_t kib = 0;
    std::string rest;
    while (file >> name >> kib && std::getline(file, rest)) {
        if (name == "MemAvailable:") return kib << 10;
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> free_memory(const std::filesystem::path& root) {
    auto free = available(root / "proc/meminfo");
    const auto group = root / "sys/fs/cgroup";
    const auto most = number_in(group / "memory.max");
    const auto used = number_in(group / "memory.current");
    if (!most || !used) return free;
    const auto left = *most - std::min(*most, *used);
    return free ? std::min(*free, left) : left;
}

}  // namespace backspin::cli
