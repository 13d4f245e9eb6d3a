#include "emu/hart.hpp"

namespace backspin::emu {

const char* Hart::register_name(std::size_t index) {
    static constexpr std::array<const char*, 32> kNames{
        "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "fp", "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
        "a6",   "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
    return kNames[index];
}

}  // namespace backspin::emu
