#include "testsuite/lockstep/state.hpp"

#include <charconv>
#include <map>
#include <string_view>

#include "emu/csr.hpp"

namespace backspin::lockstep {
namespace {

struct NamedCsr {
    const char* name;
    std::uint16_t number;
};
constexpr std::array<NamedCsr, kFields - kCsr> kCsrs{{
    {"fcsr", 0x003},
    {"mstatus", 0x300},
    {"mip", 0x344},
    {"mie", 0x304},
    {"mideleg", 0x303},
    {"medeleg", 0x302},
    {"mtvec", 0x305},
    {"stvec", 0x105},
    {"mepc", 0x341},
    {"sepc", 0x141},
    {"mcause", 0x342},
    {"scause", 0x142},
    {"mtval", 0x343},
    {"stval", 0x143},
    {"mscratch", 0x340},
    {"sscratch", 0x140},
    {"satp", 0x180},
}};

std::array<std::string, kFields> make_names() {
    std::array<std::string, kFields> names;
    names[kPc] = "pc";
    for (std::size_t i = 0; i < 32; ++i) {
        names[kX + i] = "x" + std::to_string(i);
        names[kF + i] = "f" + std::to_string(i);
    }
    for (std::size_t i = 0; i < kCsrs.size(); ++i) names[kCsr + i] = kCsrs[i].name;
    return names;
}

const std::array<std::string, kFields>& names() {
    static const auto all = make_names();
    return all;
}

std::optional<std::size_t> find_field(std::string_view name) {
    static const auto fields = [] {
        std::map<std::string_view, std::size_t> by_name;
        for (std::size_t i = 0; i < kFields; ++i) by_name[names()[i]] = i;
        return by_name;
    }();
    const auto found = fields.find(name);
    return found == fields.end() ? std::nullopt : std::optional(found->second);
}

/// "x1/ra    0000000000000001 x2/sp ..."
void take(std::string_view line, State& state) {
    for (std::size_t at = 0;;) {
        const auto name = line.find_first_not_of(' ', at);
        if (name == line.npos) return;
        const auto name_end = line.find_first_of(" /", name);
        const auto space = line.find(' ', name);
        const auto value = line.find_first_not_of(' ', space);
        if (name_end == line.npos || space == line.npos || value == line.npos) return;
        const auto end = std::min(line.find(' ', value), line.size());
        if (const auto which = find_field(line.substr(name, name_end - name))) {
            std::from_chars(line.data() + value, line.data() + end, state.values[*which], 16);
            state.known.set(*which);
        }
        at = end;
    }
}

}  // namespace

const std::string& field_name(std::size_t field) {
    return names().at(field);
}

std::uint64_t State::operator[](std::string_view name) const {
    return values[find_field(name).value()];
}

State state_of(const emu::Board& board) {
    const auto& hart = board.harts.front();
    State state;
    state.known.set();
    auto& values = state.values;
    values[kPc] = hart.pc;
    for (std::size_t i = 0; i < 32; ++i) {
        values[kX + i] = hart.x[i];
        values[kF + i] = hart.f[i];
    }
    for (std::size_t i = 0; i < kCsrs.size(); ++i) {
        const auto* csr = emu::find_csr(board.isa(), emu::CsrNumber{kCsrs[i].number});
        if (csr != nullptr) values[kCsr + i] = csr->read(board, hart);
    }
    return state;
}

/// A state begins with the pc and ends with the last of the f registers.
std::optional<State> QemuLog::next() {
    State state;
    while (std::getline(in_, line_)) {
        if (line_.starts_with(" pc ")) state = {};
        take(line_, state);
        if (!line_.starts_with(" f28/")) continue;
        // A 64-bit QEMU shows the registers of RV32 sign-extended.
        for (std::size_t i = 0; i < kFields && xlen_ == 32; ++i)
            if (i < kF || i >= kCsr) state.values[i] &= 0xffff'ffff;
        return state;
    }
    return std::nullopt;
}

}  // namespace backspin::lockstep
