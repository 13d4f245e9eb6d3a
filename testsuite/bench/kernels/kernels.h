// Kernels, each of which stresses something else in an emulator. They are portable C: built for the
// board they measure an emulator, built for the host they say which checksums are right.
#pragma once

#include <stdint.h>

// Each does `rounds` rounds of its work and returns a checksum of the result, the same on every computer.
typedef uint64_t kernel_function(uint32_t rounds);

kernel_function fib;        // calls and returns
kernel_function sieve;      // a loop of three instructions that stores bytes
kernel_function crc;        // loads that depend on each other
kernel_function sha;        // 32-bit arithmetic in long straight stretches
kernel_function sort;       // calls through a pointer, branches that cannot be predicted
kernel_function matrix;     // 64-bit multiplication, strided loads
kernel_function bytecode;   // an interpreter: indirect jumps
kernel_function fp;         // doubles: fused multiplications, divisions, square roots
kernel_function chase;      // random loads over 4 MiB: reach of the TLB and of the host's caches
kernel_function copy;       // copies between places that a small direct-mapped TLB takes for the same
kernel_function copy_free;  // the same copy between places that it does not
kernel_function samepage;   // stores to the page that the running code is on

// Not of one thing only, but of many in turn, as programs are.
kernel_function mixture;   // lists, small matrices, a state machine, CRC
kernel_function records;   // procedure calls, records, strings
kernel_function straddle;  // a hot loop across the boundary of two pages

// Memory that the kernels share, one after the other; nothing in it outlives a kernel.
enum { WORK_SIZE = 8 << 20 };
extern uint8_t work[WORK_SIZE];

// A small generator of numbers (xorshift32, Marsaglia 2003); the state must not be 0.
static inline uint32_t next_random(uint32_t* state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

// The quick build checks results only; the long one takes some tenths of a second for each kernel.
#ifdef QUICK
#define ROUNDS(quick, full) quick
#else
#define ROUNDS(quick, full) full
#endif

// What a program runs: kernel_table.c, program_table.c.
struct kernel {
    const char* name;
    kernel_function* run;
    uint32_t rounds;
};
extern const struct kernel kernels[];
extern const uint32_t kernel_count;

// ---- what the platform gives (board.c, native.c)

void write_character(char c);
// Instructions that this hart has retired; 0 where that cannot be known.
uint64_t instructions_retired(void);

// Runs every kernel and prints, for each, "BEGIN name" and "END name instructions checksum", and "DONE" at
// the end.
void run_kernels(void);
