#include "cli/debug/csr_text.hpp"

#include <array>

#include <fmt/format.h>

#include "base/pages.hpp"
#include "cli/debug/causes.hpp"
#include "cli/debug/page_walk.hpp"
#include "cli/debug/translation.hpp"

namespace backspin::cli {
namespace {

void add(std::string& text, std::string_view word) {
    text += fmt::format("{}{}", text.empty() ? "" : " ", word);
}

/// Fields of one bit by name, and wider ones with their value.
struct Field {
    unsigned low;
    unsigned width;
    std::string_view name;
    std::array<std::string_view, 4> values{};  ///< of two bits; empty: those of a privilege
};

constexpr std::array<std::string_view, 4> kUnit{"off", "initial", "clean", "dirty"};

constexpr auto kStatus = std::to_array<Field>({
    {1, 1, "SIE"},
    {3, 1, "MIE"},
    {5, 1, "SPIE"},
    {7, 1, "MPIE"},
    {8, 1, "SPP=S"},
    {11, 2, "MPP"},
    {13, 2, "FS", kUnit},
    {17, 1, "MPRV"},
    {18, 1, "SUM"},
    {19, 1, "MXR"},
    {20, 1, "TVM"},
    {21, 1, "TW"},
    {22, 1, "TSR"},
});

/// sstatus has no fields of machine mode.
std::string describe_status(std::uint64_t value, bool of_supervisor) {
    std::string text;
    for (const auto& field : kStatus) {
        const bool is_machines = field.name.starts_with('M') && field.name != "MXR";
        if (of_supervisor && (is_machines || field.name.starts_with('T'))) continue;
        const auto bits = value >> field.low & ((std::uint64_t{1} << field.width) - 1);
        if (field.width == 2) {
            const auto privilege = letter_of_privilege(static_cast<std::uint8_t>(bits));
            const std::string value_of_field(field.values.at(bits));
            add(text, fmt::format("{}={}", field.name,
                                  value_of_field.empty() ? std::string(1, privilege) : value_of_field));
        } else if (bits != 0) {
            add(text, field.name);
        }
    }
    return text;
}

/// Bits by the cause with their number.
std::string describe_causes_in(std::uint64_t bits, std::uint64_t base) {
    std::string text;
    for (unsigned code = 0; code < 63; ++code) {
        if ((bits >> code & 1) != 0) add(text, name_of(TrapCause{base | code}));
    }
    return text;
}

std::string describe_vector(std::uint64_t value) {
    return fmt::format("{:#x} {}", value & ~std::uint64_t{3}, (value & 3) == 1 ? "vectored" : "direct");
}

std::string describe_satp(std::uint64_t value, unsigned xlen) {
    const auto scheme = paging_scheme(value, xlen);
    if (xlen == 32) {
        if (!scheme) return "bare";
        return fmt::format("{} root {:#x} asid {}", scheme->name, (value & 0x3f'ffff) << kPageBits,
                           value >> 22 & 0x1ff);
    }
    if (value >> 60 == 0) return "bare";
    constexpr std::uint64_t kRoot = (std::uint64_t{1} << 44) - 1;
    return fmt::format("{} root {:#x} asid {}", scheme ? scheme->name : "reserved mode",
                       (value & kRoot) << kPageBits, value >> 44 & 0xffff);
}

std::string describe_misa(std::uint64_t value, unsigned xlen) {
    auto text = fmt::format("rv{}", xlen);
    for (unsigned letter = 0; letter < 26; ++letter) {
        if ((value >> letter & 1) != 0) text += static_cast<char>('a' + letter);
    }
    return text;
}

std::string describe_flags(std::uint64_t flags) {
    constexpr std::array<std::string_view, 5> kFlags{"NX", "UF", "OF", "DZ", "NV"};
    std::string text;
    for (std::size_t i = kFlags.size(); i-- > 0;) {
        if ((flags >> i & 1) != 0) add(text, kFlags[i]);
    }
    return text;
}

std::string describe_rounding(std::uint64_t mode) {
    constexpr std::array<std::string_view, 5> kRounding{"RNE", "RTZ", "RDN", "RUP", "RMM"};
    return mode < kRounding.size() ? std::string(kRounding[mode]) : fmt::format("rounding {}?", mode);
}

}  // namespace

std::string describe_csr(std::string_view name, std::uint64_t value, unsigned xlen) {
    if (name == "mstatus" || name == "sstatus") return describe_status(value, name == "sstatus");
    if (name == "mcause" || name == "scause") return name_of(cause_of(value, xlen));
    if (name == "mie" || name == "mip" || name == "mideleg" || name == "sie" || name == "sip")
        return describe_causes_in(value, kInterruptCause);
    if (name == "medeleg") return describe_causes_in(value, 0);
    if (name == "mtvec" || name == "stvec") return describe_vector(value);
    if (name == "satp") return describe_satp(value, xlen);
    if (name == "misa") return describe_misa(value, xlen);
    if (name == "fflags") return describe_flags(value);
    if (name == "frm") return describe_rounding(value);
    if (name == "fcsr") {
        auto text = describe_rounding(value >> 5 & 7);
        if (const auto flags = describe_flags(value & 31); !flags.empty()) add(text, flags);
        return text;
    }
    return {};
}

}  // namespace backspin::cli
