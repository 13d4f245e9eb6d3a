// Two harts at work at the same time: each counts its own rounds and adds to a total of both; hart 0 waits
// for the other and switches off. For a debugger that shows harts as threads: where each is, and who hit
// what.
#include "board.h"

#define ROUNDS 40

volatile uint64_t total;
volatile unsigned long rounds[2];
static volatile uint32_t finished;

static __attribute__((noinline)) void contribute(unsigned long hart) {
    rounds[hart] = rounds[hart] + 1;                         // contribute: own
    __atomic_fetch_add(&total, hart + 1, __ATOMIC_RELAXED);  // contribute: total
}

static __attribute__((noinline)) void work(unsigned long hart) {
    for (int i = 0; i < ROUNDS; ++i) {  // work: loop
        contribute(hart);               // work: call
    }
    __atomic_fetch_add(&finished, 1, __ATOMIC_RELEASE);
}

void other_hart(unsigned long hart) {
    work(hart);  // other hart: work
}

int main(void) {
    start_hart(1);
    work(0);  // main: work
    while (__atomic_load_n(&finished, __ATOMIC_ACQUIRE) != 2) {
    }
    return total == ROUNDS * 3 ? 0 : 1;  // main: end
}
