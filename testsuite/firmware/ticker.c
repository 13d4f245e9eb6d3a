// A main loop under a tick of 1,000 times a second: for stepping, forward and back, through code that
// interrupts cut into all the time. The user must not be taken into the handler. Never ends.
#include "board.h"

volatile uint64_t rounds;
volatile uint64_t sum;
volatile uint64_t history[16];
volatile uint64_t seconds;

void tick(void) {
    if (ticks % 1000 == 0) seconds = seconds + 1;
}

static __attribute__((noinline)) uint64_t weigh(uint64_t number) {
    uint64_t weight = 0;
    for (uint64_t rest = number; rest; rest >>= 1) weight += rest & 1;
    return weight;
}

int main(void) {
    timer_start(1000);
    for (;;) {
        rounds = rounds + 1;                          // main loop: first line
        sum = sum + weigh(rounds);                    // main loop: call
        history[rounds % 16] = sum;                   // main loop: array
        for (volatile int i = 0; i < 100; i = i + 1)  // main loop: busy
            sum = sum ^ 1;
        sum = sum + 1;  // main loop: last line
    }
}
