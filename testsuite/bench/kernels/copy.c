// Copies 256 KiB by doublewords, once between places exactly 1 MiB apart and once between places that are
// not.
#include "kernels.h"

enum { DOUBLEWORDS = (256 << 10) / 8, ALIASED = 1 << 20, NOT_ALIASED = (1 << 20) + 0x24000 };

static __attribute__((noinline)) void copy_doublewords(uint64_t* to, const uint64_t* from, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) to[i] = from[i];
}

static uint64_t copy_over(uint32_t distance, uint32_t rounds) {
    uint64_t* const from = (uint64_t*)work;
    uint64_t* const to = (uint64_t*)(work + distance);
    for (uint32_t i = 0; i < DOUBLEWORDS; ++i) from[i] = i * 0x9e3779b97f4a7c15u;
    uint64_t checksum = 0;
    for (uint32_t round = 0; round < rounds; ++round) {
        from[round % DOUBLEWORDS] += round;
        copy_doublewords(to, from, DOUBLEWORDS);
        checksum = checksum * 31 + to[round % DOUBLEWORDS];
    }
    return checksum;
}

uint64_t copy(uint32_t rounds) {
    return copy_over(ALIASED, rounds);
}
uint64_t copy_free(uint32_t rounds) {
    return copy_over(NOT_ALIASED, rounds);
}
