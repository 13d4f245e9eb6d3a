#include "kernels.h"

static __attribute__((noinline)) uint64_t fibonacci(uint32_t n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

uint64_t fib(uint32_t rounds) {
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; ++round) sum += fibonacci(24 + round % 2);
    return sum;
}
