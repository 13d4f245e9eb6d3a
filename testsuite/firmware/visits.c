// One function that is called very often: for breakpoints with conditions.
#include <stdint.h>
#include <stdio.h>

volatile int32_t balance = 1000;
volatile uint8_t small;

__attribute__((noinline)) void visit(int round, const char* name) {
    balance = balance - 1;  // visit: first line
    small = (uint8_t)round;
    if (round == 250000) printf("the last visit is %s's\n", name);
}

int main(void) {
    for (int round = 0; round <= 250000; ++round) visit(round, round % 2 ? "odd" : "even");
    return 0;
}
