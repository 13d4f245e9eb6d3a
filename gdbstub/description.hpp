// The register table of a target, from which the target description (target.xml) is generated and by which
// every register packet is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gdbstub/types.hpp"

namespace backspin::gdbstub {

/// Registers that the session itself must know.
enum class RegisterRole : std::uint8_t { ordinary, program_counter };

/// One register. GDB manual, appendix "Target Descriptions".
struct RegisterDescription {
    std::string name = {};  ///< as the client's feature expects it: "zero", "pc", "mstatus" ...
    std::uint32_t bits = 64;
    std::string type = {};  ///< "int", "code_ptr", "data_ptr", "ieee_double" ...; empty: the client's default
    std::string feature = {};  ///< "org.gnu.gdb.riscv.cpu" ...
    std::string group = {};    ///< "general", "float", "csr" ...; empty: the client decides
    bool general = false;  ///< part of g and G; the others are fetched one by one when a person looks at them
    bool expedited = false;  ///< sent with every stop: saves the client a round trip for each move
    RegisterRole role = RegisterRole::ordinary;

    std::size_t bytes() const { return (bits + 7) / 8; }
};

struct TargetDescription {
    std::string architecture;  ///< BFD's name, "riscv:rv64"; empty: left out
    /// "none" keeps a client from assuming an operating system: GDB's GNU/Linux default steps RISC-V in
    /// software.
    std::string operating_system_abi = "none";
    bool big_endian = false;
    std::vector<RegisterDescription> registers;  ///< general ones first, in the order that g sends them
};

/// The target description as the client reads it (qXfer:features:read:target.xml). Features come in the order
/// of their first register; every register carries its number.
std::string target_xml(const TargetDescription&);

}  // namespace backspin::gdbstub
