// Calls of many shapes: recursion, loops that call, calls through pointers, tail-like returns. For step,
// next, finish and until in both directions; the tests find the lines by their comments.
#include "board.h"

volatile uint64_t result;

static __attribute__((noinline)) uint64_t factorial(uint64_t n) {
    if (n <= 1) return 1;              // factorial: base
    uint64_t rest = factorial(n - 1);  // factorial: recursion
    return n * rest;                   // factorial: return
}

static __attribute__((noinline)) uint64_t add_three(uint64_t n) {
    uint64_t sum = n + 3;  // add_three: body
    result = sum;
    return sum;  // add_three: return
}

static __attribute__((noinline)) uint64_t twice(uint64_t n) {
    result = n;
    return n * 2;  // twice: return
}

typedef uint64_t (*operation)(uint64_t);
static const operation operations[] = {add_three, twice, factorial};

static __attribute__((noinline)) uint64_t apply_all(uint64_t n) {
    for (unsigned i = 0; i < sizeof operations / sizeof *operations; ++i) {
        n = operations[i](n);  // apply_all: call
        n = n % 7;             // apply_all: after
    }
    return n;  // apply_all: return
}

static __attribute__((noinline)) uint64_t count_down(uint64_t n) {
    uint64_t steps = 0;
    while (n--) steps += result & 1;  // count_down: loop
    return steps;                     // count_down: return
}

int main(void) {
    result = 1;                  // main: start
    result = factorial(5);       // main: factorial
    result = result + 1;         // main: after factorial
    result = add_three(4);       // main: add_three
    result = apply_all(result);  // main: apply_all
    result = result + 2;         // main: after apply_all
    result = count_down(200);    // main: count_down
    result = result + 3;         // main: after count_down
    power_off(0);                // main: end
}
