// The debugger that `backspin debug` starts, and what it is told.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace backspin::cli {

struct DebuggerChoice {
    std::optional<std::string> program;  ///< its name or path; nothing: the first GDB that knows RISC-V
    std::optional<std::string> batch;    ///< a file of its commands: it reads no terminal, and ends behind it
    std::optional<std::string> symbols;  ///< an ELF file; nothing: the machine's own image
    std::vector<std::string> arguments;  ///< what stood behind "--"
    /// For whoever has none: what to do but install one.
    std::string otherwise = "name another with --debugger";
};

}  // namespace backspin::cli
