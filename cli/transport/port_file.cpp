#include "cli/transport/port_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "cli/start_error.hpp"
#include "cli/units.hpp"

namespace backspin::cli {
namespace {

bool may_be_replaced(const std::string& path) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return true;
    constexpr std::uintmax_t kLongest = 6;
    if (!std::filesystem::is_regular_file(path, ignored) ||
        std::filesystem::file_size(path, ignored) > kLongest)
        return false;
    std::ifstream file(path);
    std::string text(std::istreambuf_iterator<char>(file), {});
    if (text.ends_with('\n')) text.pop_back();
    return parse_number(text).has_value();
}

}  // namespace

PortFile::PortFile(std::string path, std::uint16_t port) : path_(std::move(path)) {
    if (!may_be_replaced(path_))
        throw StartError(
            fmt::format("--port-file {}: there is a file of something else; name another", path_));
    const auto part = path_ + ".part";
    std::ofstream file(part, std::ios::trunc);
    file << port << '\n';
    file.close();
    if (!file || std::rename(part.c_str(), path_.c_str()) != 0) {
        const auto* why = std::strerror(errno);
        std::error_code ignored;
        std::filesystem::remove(part, ignored);
        throw StartError(fmt::format("--port-file {}: cannot be written: {}", path_, why));
    }
}

PortFile::~PortFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
}

}  // namespace backspin::cli
