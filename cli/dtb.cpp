// `backspin dtb`: the device tree that a guest finds, as a file.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/exit_code.hpp"
#include "cli/machine_setup.hpp"
#include "cli/start_error.hpp"
#include "cli/verbs.hpp"

namespace backspin::cli {
namespace {

struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

void write_to(std::FILE* file, std::span<const std::byte> bytes, const std::string& name) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size() || std::fflush(file) != 0)
        throw StartError(fmt::format("{}: cannot be written: is the disk full?", name));
}

void write_file(const std::string& path, std::span<const std::byte> bytes, bool force) {
    // "x": an existing file is not opened.
    const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), force ? "wbe" : "wbxe"));
    if (!file && std::filesystem::exists(path))
        throw StartError(
            fmt::format("{}: exists already; name another file, or add --force to replace it", path));
    if (!file) throw StartError(fmt::format("{}: cannot be created", path));
    write_to(file.get(), bytes, path);
}

}  // namespace

int dtb(const DtbCommand& command) {
    const auto setup = set_up(command.machine);
    if (command.output) refuse_own_inputs({*command.output}, setup, {});
    const auto tree = device_tree_of(setup);
    if (command.output) {
        write_file(*command.output, tree, command.force);
    } else if (::isatty(STDOUT_FILENO) != 0) {
        throw StartError(
            "dtb: a device tree is no text for a terminal; name a file with -o, or a pipe: | dtc -I dtb");
    } else {
        write_to(stdout, tree, "stdout");
    }
    return kSuccess;
}

}  // namespace backspin::cli
