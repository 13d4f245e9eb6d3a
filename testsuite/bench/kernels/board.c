// The kernels' platform on the board: machine mode, UART and test finisher at the addresses of QEMU's `virt`.
#include "kernels.h"

static volatile uint8_t* const uart_transmitter = (volatile uint8_t*)0x10000000;
static volatile uint32_t* const finisher = (volatile uint32_t*)0x100000;

enum { FINISHER_PASS = 0x5555, FINISHER_FAIL = 0x3333 };

// The transmitter never has to be waited for, neither here nor on QEMU.
void write_character(char c) {
    *uart_transmitter = (uint8_t)c;
}

uint64_t instructions_retired(void) {
    uint64_t count;
    __asm__ volatile("csrr %0, minstret" : "=r"(count));
    return count;
}

// Called by start.S on its stack; does not return.
void board_main(void) {
    run_kernels();
    *finisher = FINISHER_PASS;
    for (;;) {
    }
}

// Called by start.S for any trap: none is expected.
void board_trap(void) {
    *finisher = 1 << 16 | FINISHER_FAIL;
    for (;;) {
    }
}
