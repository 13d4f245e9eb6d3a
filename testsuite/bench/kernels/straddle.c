// A loop with an instruction that lies on two pages, as compressed code has one on every other page boundary.
#include "kernels.h"

enum { STEPS = 1000 };

#ifdef __riscv
// The fourth instruction begins two bytes before the boundary.
__asm__(
    "    .pushsection .text.straddle, \"ax\"\n"
    "    .option push\n"
    "    .option norvc\n"
    "    .balign 4096\n"
    "    .skip 4096 - 14\n"
    "stir:\n"
    "    addi    a1, a1, -1\n"
    "    slli    a2, a0, 5\n"
    "    xor     a0, a0, a2\n"
    "    srli    a2, a0, 7\n"
    "    add     a0, a0, a2\n"
    "    bnez    a1, stir\n"
    "    ret\n"
    "    .option pop\n"
    "    .popsection\n");
uint64_t stir(uint64_t value, uint64_t steps);
#else
static uint64_t stir(uint64_t value, uint64_t steps) {
    for (; steps != 0; --steps) {
        value ^= value << 5;
        value += value >> 7;
    }
    return value;
}
#endif

uint64_t straddle(uint32_t rounds) {
    uint64_t value = 1;
    for (uint32_t round = 0; round < rounds; ++round) value = stir(value + round, STEPS);
    return value;
}
