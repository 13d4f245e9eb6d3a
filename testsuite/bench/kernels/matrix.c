// Product of two square matrices of 64-bit integers.
#include "kernels.h"

enum { SIZE = 64 };

uint64_t matrix(uint32_t rounds) {
    typedef uint64_t row[SIZE];
    row* const left = (row*)work;
    row* const right = left + SIZE;
    uint64_t checksum = 0;
    for (uint32_t i = 0; i < SIZE; ++i) {
        for (uint32_t j = 0; j < SIZE; ++j) {
            left[i][j] = i * SIZE + j;
            right[i][j] = 3 * (i * SIZE + j) + 1;
        }
    }
    for (uint32_t round = 0; round < rounds; ++round) {
        for (uint32_t i = 0; i < SIZE; ++i) {
            for (uint32_t j = 0; j < SIZE; ++j) {
                uint64_t sum = round;
                for (uint32_t k = 0; k < SIZE; ++k) sum += left[i][k] * right[k][j];
                checksum = checksum * 5 + sum;
            }
        }
    }
    return checksum;
}
