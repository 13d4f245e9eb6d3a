// A program that computes for ten billion steps, for the benchmark of going back: rounds of about a thousand
// steps, in each of which it visits a function once and counts on one page all the time. Some variables are
// written seldom.
#include "board.h"

#ifndef ROUNDS
#define ROUNDS 10100000u  // of 994 steps
#endif

enum { PAGE = 4096, ITEMS = 61, COUNTERS = 16, TABLE = 256 };

struct page {
    volatile uint64_t busy[COUNTERS];
    volatile uint64_t seldom;
} __attribute__((aligned(PAGE)));

struct page alone;     // seldom: at half of the way; nothing else is on this page
struct page in_round;  // busy: once in a round. seldom: at nine tenths of the way
struct page hot;       // busy: every sixteen steps. seldom: at nine tenths of the way
struct page finished;  // seldom: at the end, for debuggers that lose the program when it switches off

static uint32_t table[TABLE] __attribute__((aligned(PAGE)));

static __attribute__((noinline)) void visit(uint64_t round) {
    in_round.busy[0] = round;
}

static __attribute__((noinline)) uint32_t compute(uint32_t state) {
    for (unsigned item = 0; item < ITEMS; ++item) {
        state = table[state % TABLE] ^ state >> 8 ^ item;
        hot.busy[state % COUNTERS] = state;
    }
    return state;
}

static void fill_table(void) {
    for (uint32_t i = 0; i < TABLE; ++i) {
        uint32_t remainder = i;
        for (int bit = 0; bit < 8; ++bit)
            remainder = remainder & 1 ? 0xedb88320u ^ remainder >> 1 : remainder >> 1;
        table[i] = remainder;
    }
}

int main(void) {
    fill_table();
    uint32_t state = ~0u;
    for (uint64_t round = 0; round < ROUNDS; ++round) {
        visit(round);
        state = compute(state);
        if (round == ROUNDS / 2) alone.seldom = round;
        if (round == ROUNDS / 10 * 9) in_round.seldom = hot.seldom = round;
    }
    finished.seldom = ROUNDS;
    power_off(state == 0);
}
