#include "cli/options/help.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include "emu/isa/isa.hpp"
#include "snapshots/recording.hpp"

namespace backspin::cli {

std::string version_text() {
    return fmt::format(
        "backspin {}\n"
        "machine:    RV64 and RV32, 1 to 8 harts with M, S and U mode, at the addresses of QEMU's virt "
        "board\n"
        "isa:        {}\n"
        "devices:    16550 UART, PLIC, ACLINT, Goldfish RTC, test finisher; virtio drives, networks,\n"
        "            consoles, entropy, sound, keyboard, pointer\n"
        "boots:      ELF, flat images, OpenSBI, U-Boot, Linux Image with initrd; semihosting\n"
        "debugger:   GDB remote serial protocol over TCP, Unix socket or stdio; forward and reverse "
        "execution,\n"
        "            breakpoints, watchpoints\n"
        "console:    stdio, file, TCP, pseudo-terminal, script\n"
        "recording:  format {} (SQLite {}), replay with verification by digests\n",
        BACKSPIN_VERSION, emu::Isa(64).name(), snapshots::kRecordingVersion, sqlite3_libversion());
}

}  // namespace backspin::cli
