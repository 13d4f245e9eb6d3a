// Calls of many shapes: recursion, loops that call, calls through pointers, tail-like returns. For step,
// next, finish and until in both directions; the tests find the lines by their comments.
#include "board.h"

volatile unsigned long result;

static __attribute__((noinline)) unsigned long factorial(unsigned long n) {
    if (n <= 1) return 1;                   // factorial: base
    unsigned long rest = factorial(n - 1);  // factorial: recursion
    return n * rest;                        // factorial: return
}

static __attribute__((noinline)) unsigned long add_three(unsigned long n) {
    unsigned long sum = n + 3;  // add_three: body
    result = sum;
    return sum;  // add_three: return
}

static __attribute__((noinline)) unsigned long twice(unsigned long n) {
    result = n;
    return n * 2;  // twice: return
}

typedef unsigned long (*operation)(unsigned long);
static const operation operations[] = {add_three, twice, factorial};

static __attribute__((noinline)) unsigned long apply_all(unsigned long n) {
    for (unsigned i = 0; i < sizeof operations / sizeof *operations; ++i) {
        n = operations[i](n);  // apply_all: call
        n = n % 7;             // apply_all: after
    }
    return n;  // apply_all: return
}

static __attribute__((noinline)) unsigned long count_down(unsigned long n) {
    unsigned long steps = 0;
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
