#include "emu/hart.hpp"

namespace backspin::emu {

const char* Hart::register_name(std::size_t index) {
    static constexpr std::array<const char*, 32> kNames{
        "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "fp", "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
        "a6",   "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
    return kNames[index];
}

const char* Hart::float_register_name(std::size_t index) {
    static constexpr std::array<const char*, 32> kNames{
        "ft0", "ft1", "ft2", "ft3", "ft4",  "ft5",  "ft6", "ft7", "fs0",  "fs1", "fa0",
        "fa1", "fa2", "fa3", "fa4", "fa5",  "fa6",  "fa7", "fs2", "fs3",  "fs4", "fs5",
        "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11"};
    return kNames[index];
}

void break_reservation(Hart& hart, PhysicalAddress at, std::size_t length) {
    if (!hart.reservation || length == 0) return;
    const auto granule = hart.reservation->value & ~std::uint64_t{7};
    if (at.value < granule + 8 && granule < at.value + length) hart.reservation.reset();
}

}  // namespace backspin::emu
