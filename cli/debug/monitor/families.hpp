// All families of `monitor` commands, each in the file of its name.
#pragma once

#include <span>

#include "cli/debug/monitor/command.hpp"

namespace backspin::cli::monitor {

Family helping();    ///< help, complete
Family moves();      ///< when, goto, start, end
Family marks();      ///< bookmark, bookmarks, save
Family branches();   ///< branch, branches, switch
Family stops();      ///< catch, stop-hart, step-interrupts
Family memory();     ///< disassemble, translate, phys
Family info();       ///< info harts, devices, mtree ...
Family outside();    ///< button
Family questions();  ///< last-write, calls ...
Family habits();     ///< what people type from OpenOCD and QEMU: reset halt, system_reset, stop ...

/// In the order of `help`.
std::span<const Family> families();

}  // namespace backspin::cli::monitor
