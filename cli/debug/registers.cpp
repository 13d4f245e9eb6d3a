#include "cli/debug/registers.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "emu/csr.hpp"
#include "emu/hart.hpp"
#include "emu/input.hpp"

namespace backspin::cli {
namespace {

using gdbstub::RegisterDescription;
using gdbstub::RegisterRole;

constexpr auto kCpuFeature = "org.gnu.gdb.riscv.cpu";
constexpr auto kFloatFeature = "org.gnu.gdb.riscv.fpu";
constexpr auto kCsrFeature = "org.gnu.gdb.riscv.csr";
constexpr auto kVirtualFeature = "org.gnu.gdb.riscv.virtual";

std::string type_of(std::string_view name) {
    if (name == "ra") return "code_ptr";
    if (name == "sp" || name == "gp" || name == "tp" || name == "fp") return "data_ptr";
    return "int";
}

// What GDB asks for at every step of a source-level move: sent with the stop, it saves one round trip each.
bool is_expedited(std::string_view name) {
    return name == "ra" || name == "sp" || name == "fp";
}

// GDB wants these beside the floating-point registers, and each register in one feature only.
bool is_float_status(const emu::Csr& csr) {
    return csr.name == "fflags" || csr.name == "frm" || csr.name == "fcsr";
}

bool is_float_register(RegisterId id) {
    return id.value >= emu::kFirstFloatRegister && id.value < emu::kFirstFloatRegister + 32;
}

}  // namespace

/// Fills a table, feature by feature.
struct RegisterTable::Layout {
    RegisterTable& table;
    const emu::Isa& isa;

    void add(RegisterDescription description, RegisterId id) const {
        if (!is_float_register(id)) description.bits = isa.xlen();
        table.description_.registers.push_back(std::move(description));
        table.ids_.push_back(id);
    }

    void add_integer_registers() const {
        for (std::uint32_t i = 0; i < emu::Hart::kSink; ++i) {
            const std::string name = emu::Hart::register_name(i);
            add({.name = name,
                 .type = type_of(name),
                 .feature = kCpuFeature,
                 .general = true,
                 .expedited = is_expedited(name)},
                RegisterId{i});
        }
        add({.name = "pc",
             .type = "code_ptr",
             .feature = kCpuFeature,
             .general = true,
             .expedited = true,
             .role = RegisterRole::program_counter},
            emu::kPcRegister);
    }

    void add_float_registers() const {
        if (!isa.has(emu::Extension::F)) return;
        const bool is_double = isa.has(emu::Extension::D);
        for (std::uint32_t i = 0; i < 32; ++i) {
            add({.name = emu::Hart::float_register_name(i),
                 .bits = is_double ? 64u : 32u,
                 .type = is_double ? "ieee_double" : "ieee_single",
                 .feature = kFloatFeature,
                 .group = "float"},
                RegisterId{emu::kFirstFloatRegister + i});
        }
    }

    void add_csrs(bool float_status) const {
        for (const auto& csr : emu::csrs()) {
            if (!isa.has(csr.needs) || is_float_status(csr) != float_status) continue;
            add({.name = csr.name,
                 .type = "int",
                 .feature = float_status ? kFloatFeature : kCsrFeature,
                 .group = float_status ? "float" : "csr"},
                RegisterId{emu::kFirstCsrRegister + csr.number});
        }
    }
};

RegisterTable::RegisterTable(const emu::Isa& isa) {
    description_.architecture = isa.xlen() == 32 ? "riscv:rv32" : "riscv:rv64";
    const Layout layout{*this, isa};
    layout.add_integer_registers();
    layout.add_float_registers();
    layout.add_csrs(true);
    layout.add_csrs(false);
    layout.add({.name = "priv", .type = "int", .feature = kVirtualFeature}, emu::kPrivilegeRegister);
}

std::optional<RegisterId> RegisterTable::id(gdbstub::RegisterNumber number) const {
    if (number.value >= ids_.size()) return std::nullopt;
    return ids_[number.value];
}

std::uint64_t RegisterTable::value_of(gdbstub::RegisterNumber number,
                                      std::span<const std::byte> bytes) const {
    // A single in a register that is wider in the machine is boxed: the bits above it are ones.
    std::uint64_t value = is_float_register(ids_[number.value]) ? ~std::uint64_t{0} : 0;
    std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof value));
    return value;
}

}  // namespace backspin::cli
