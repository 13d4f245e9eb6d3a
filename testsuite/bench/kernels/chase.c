// Follows one random cycle through a million words (Sattolo's shuffle), 1000 steps a round.
#include "kernels.h"

enum { COUNT = 1 << 20, STEPS = 1000 };

uint64_t chase(uint32_t rounds) {
    uint32_t* const next = (uint32_t*)work;
    uint32_t random = 2463534242u;
    for (uint32_t i = 0; i < COUNT; ++i) next[i] = i;
    for (uint32_t i = COUNT - 1; i > 0; --i) {
        const uint32_t j = next_random(&random) % i;
        const uint32_t place = next[i];
        next[i] = next[j];
        next[j] = place;
    }
    uint32_t place = 0;
    uint64_t checksum = 0;
    for (uint32_t round = 0; round < rounds; ++round) {
        for (uint32_t step = 0; step < STEPS; ++step) place = next[place];
        checksum = checksum * 31 + place;
    }
    return checksum;
}
