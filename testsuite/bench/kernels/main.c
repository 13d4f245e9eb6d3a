#include "kernels.h"

uint8_t work[WORK_SIZE] __attribute__((aligned(4096)));

static void write_text(const char* text) {
    while (*text) write_character(*text++);
}

static void write_decimal(uint64_t value) {
    if (value >= 10) write_decimal(value / 10);
    write_character((char)('0' + value % 10));
}

static void write_hexadecimal(uint64_t value) {
    for (int shift = 60; shift >= 0; shift -= 4) write_character("0123456789abcdef"[value >> shift & 15]);
}

void run_kernels(void) {
    for (uint32_t i = 0; i < kernel_count; ++i) {
        write_text("BEGIN ");
        write_text(kernels[i].name);
        write_text("\n");
        const uint64_t before = instructions_retired();
        const uint64_t checksum = kernels[i].run(kernels[i].rounds);
        const uint64_t after = instructions_retired();
        write_text("END ");
        write_text(kernels[i].name);
        write_text(" ");
        write_decimal(after - before);
        write_text(" ");
        write_hexadecimal(checksum);
        write_text("\n");
    }
    write_text("DONE\n");
}
