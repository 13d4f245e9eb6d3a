#include "kernels.h"

const struct kernel kernels[] = {
    {"fib", fib, ROUNDS(2, 170)},
    {"sieve", sieve, ROUNDS(1, 90)},
    {"crc", crc, ROUNDS(2, 500)},
    {"sha", sha, ROUNDS(200, 200000)},
    {"sort", sort, ROUNDS(1, 80)},
    {"matrix", matrix, ROUNDS(1, 150)},
    {"bytecode", bytecode, ROUNDS(5000, 2500000)},
    {"fp", fp, ROUNDS(2, 550)},
    {"chase", chase, ROUNDS(20, 40000)},
    {"copy", copy, ROUNDS(2, 1200)},
    {"copy_free", copy_free, ROUNDS(2, 1200)},
    {"samepage", samepage, ROUNDS(50, 12000)},
};
const uint32_t kernel_count = sizeof kernels / sizeof kernels[0];
