// About ten million steps of mixed work under a tick of 1,000 times a second, then off: a run to compare by
// its digests, from build to build and forward against backward.
#include <stdio.h>

#include "board.h"

#define WORDS 4096
#ifndef ROUNDS
#define ROUNDS 600000
#endif

static uint64_t table[WORDS];
volatile uint64_t interrupted_sum;

void tick(void) {
    interrupted_sum = interrupted_sum + table[ticks % WORDS];
}

int main(void) {
    uint64_t state = 0x9e3779b97f4a7c15u;
    timer_start(1000);
    for (int round = 0; round < ROUNDS; ++round) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        uint64_t slot = state % WORDS;
        table[slot] = table[slot] * 31 + state;
        __atomic_fetch_xor(&table[(slot + 1) % WORDS], state, __ATOMIC_RELAXED);
    }
    uint64_t sum = 0;
    for (int i = 0; i < WORDS; ++i) sum += table[i];
    printf("sum %016llx after %llu ticks\n", (unsigned long long)sum, (unsigned long long)ticks);
    return 0;
}
