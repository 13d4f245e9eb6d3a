// What debuggers read of ours: the files of share/backspin, which this program carries in itself.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace backspin::cli {

struct SharedFile {
    std::string_view name;  ///< below share/backspin: "gdb/settings.gdb"
    std::string_view text;
};

/// In the order of their names.
std::span<const SharedFile> shared_files();

/// GDB's settings and our commands, as one file for `source`, `-x` or .gdbinit, which needs no other.
std::string gdb_snippet();
/// For .lldbinit.
std::string_view lldb_snippet();
/// For `gdb -x FILE -i dap`: what gives an editor its buttons for going back.
std::string_view dap_snippet();

}  // namespace backspin::cli
