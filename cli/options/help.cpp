#include "cli/options/help.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include "snapshots/recording.hpp"

namespace backspin::cli {

std::string version_text() {
    return fmt::format(
        "backspin {}\n"
        "machine:    one RV64IMAC hart with Zicsr and Zifencei, M and U mode, at the addresses of QEMU's "
        "virt board\n"
        "devices:    16550 UART, ACLINT (mtime, mtimecmp, msip), test finisher\n"
        "debugger:   GDB remote serial protocol over TCP, Unix socket or stdio; forward and reverse "
        "execution,\n"
        "            breakpoints, watchpoints\n"
        "console:    stdio, file, TCP, pseudo-terminal, script\n"
        "recording:  format {} (SQLite {}), replay with verification by digests\n",
        BACKSPIN_VERSION, snapshots::kRecordingVersion, sqlite3_libversion());
}

}  // namespace backspin::cli
