// CRC-32 with a table (the polynomial of Ethernet and zip, reflected).
#include "kernels.h"

enum { LENGTH = 1 << 16 };

static uint32_t table[256];

static void fill_table(void) {
    for (uint32_t i = 0; i < 256; ++i) {
        uint32_t remainder = i;
        for (int bit = 0; bit < 8; ++bit)
            remainder = remainder & 1 ? 0xedb88320u ^ remainder >> 1 : remainder >> 1;
        table[i] = remainder;
    }
}

uint64_t crc(uint32_t rounds) {
    fill_table();
    for (uint32_t i = 0; i < LENGTH; ++i) work[i] = (uint8_t)(i * 7 + (i >> 8));
    uint32_t remainder = ~0u;
    for (uint32_t round = 0; round < rounds; ++round) {
        for (uint32_t i = 0; i < LENGTH; ++i) remainder = table[(remainder ^ work[i]) & 255] ^ remainder >> 8;
    }
    return ~remainder;
}
