#include "cli/debugger/snippets.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace backspin::cli {
namespace {

constexpr std::string_view kCommands = "gdb/backspin_gdb/";

std::string_view text_of(std::string_view name) {
    const auto files = shared_files();
    const auto found = std::ranges::find(files, name, &SharedFile::name);
    if (found == files.end()) throw std::logic_error(fmt::format("{} is not in this program", name));
    return found->text;
}

/// A line of Python that makes a file of the package known as a module without its being a file.
std::string module(const SharedFile& file) {
    auto name = std::string(file.name.substr(kCommands.size()));
    name.resize(name.size() - std::string_view(".py").size());
    return fmt::format("backspin_files[\"{}\"] = r'''{}'''\n", name, file.text);
}

}  // namespace

std::string gdb_snippet() {
    std::string text(text_of("gdb/settings.gdb"));
    text += "\npython\nbackspin_files = {}\n";
    for (const auto& file : shared_files()) {
        if (file.name.starts_with(kCommands)) text += module(file);
    }
    return text + std::string(text_of("gdb/from_one_file.py")) + "end\n";
}

std::string_view lldb_snippet() {
    return text_of("lldb/lldbinit");
}

std::string_view dap_snippet() {
    return text_of("dap/backspin-dap.py");
}

}  // namespace backspin::cli
