#include "kernels.h"

uint8_t work[WORK_SIZE] __attribute__((aligned(4096)));

// The quick build checks results only; the long one takes some tenths of a second for each kernel.
#ifdef QUICK
#define ROUNDS(quick, full) quick
#else
#define ROUNDS(quick, full) full
#endif

static const struct {
    const char* name;
    kernel_function* run;
    uint32_t rounds;
} kernels[] = {
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
    for (unsigned i = 0; i < sizeof kernels / sizeof kernels[0]; ++i) {
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
