#include "cli/debug/registers.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "emu/csr.hpp"
#include "emu/hart.hpp"
#include "emu/input.hpp"

namespace backspin::cli {
namespace {

using gdbstub::RegisterDescription;
using gdbstub::RegisterRole;

struct Table {
    gdbstub::TargetDescription description;
    std::vector<RegisterId> ids;
};

std::string type_of(std::string_view name) {
    if (name == "ra") return "code_ptr";
    if (name == "sp" || name == "gp" || name == "tp" || name == "fp") return "data_ptr";
    return "int";
}

// What GDB asks for at every step of a source-level move: sent with the stop, it saves one round trip each.
bool is_expedited(std::string_view name) {
    return name == "ra" || name == "sp" || name == "fp";
}

Table make_table() {
    Table table;
    table.description.architecture = "riscv:rv64";
    const auto add = [&](RegisterDescription description, RegisterId id) {
        table.description.registers.push_back(std::move(description));
        table.ids.push_back(id);
    };
    constexpr auto kCpu = "org.gnu.gdb.riscv.cpu";
    for (std::uint32_t i = 0; i < emu::Hart::kSink; ++i) {
        const std::string name = emu::Hart::register_name(i);
        add({.name = name,
             .type = type_of(name),
             .feature = kCpu,
             .general = true,
             .expedited = is_expedited(name)},
            RegisterId{i});
    }
    add({.name = "pc",
         .type = "code_ptr",
         .feature = kCpu,
         .general = true,
         .expedited = true,
         .role = RegisterRole::program_counter},
        emu::kPcRegister);
    for (const auto& csr : emu::csrs()) {
        add({.name = csr.name, .type = "int", .feature = "org.gnu.gdb.riscv.csr", .group = "csr"},
            RegisterId{emu::kFirstCsrRegister + csr.number});
    }
    add({.name = "priv", .type = "int", .feature = "org.gnu.gdb.riscv.virtual"}, emu::kPrivilegeRegister);
    return table;
}

const Table& table() {
    static const Table kTable = make_table();
    return kTable;
}

}  // namespace

const gdbstub::TargetDescription& riscv_description() {
    return table().description;
}

std::optional<RegisterId> register_id(gdbstub::RegisterNumber number) {
    if (number.value >= table().ids.size()) return std::nullopt;
    return table().ids[number.value];
}

}  // namespace backspin::cli
