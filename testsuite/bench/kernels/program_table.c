#include "kernels.h"

const struct kernel kernels[] = {
    {"mixture", mixture, ROUNDS(20, 6000)},
    {"records", records, ROUNDS(1000, 1500000)},
    {"straddle", straddle, ROUNDS(100, 30000)},
};
const uint32_t kernel_count = sizeof kernels / sizeof kernels[0];
