// Counts in a table that lies on the page of the code that counts, a cache line or more away from it:
// firmware with a small memory has such pages. kernels.ld puts the two sections on one page.
#include "kernels.h"

enum { BINS = 16, STEPS = 1000 };

static __attribute__((section(".samepage.data"), aligned(64))) uint64_t bins[BINS];

static __attribute__((noinline, section(".samepage.text"))) uint32_t count_some(uint32_t random) {
    for (uint32_t step = 0; step < STEPS; ++step) {
        next_random(&random);
        bins[random % BINS] += step;
    }
    return random;
}

uint64_t samepage(uint32_t rounds) {
    uint32_t random = 88172645;
    for (uint32_t i = 0; i < BINS; ++i) bins[i] = 0;
    for (uint32_t round = 0; round < rounds; ++round) random = count_some(random);
    uint64_t checksum = random;
    for (uint32_t i = 0; i < BINS; ++i) checksum = checksum * 31 + bins[i];
    return checksum;
}
