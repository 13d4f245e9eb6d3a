// Drivers of the board, the trap handler behind start.S, and picolibc's stdio on the UART.
#include "board.h"

#include <stdio.h>

#define UART ((volatile uint8_t*)0x10000000)  // byte registers: 0 data, 5 line status
#define UART_DATA 0
#define UART_STATUS 5
#define STATUS_RECEIVED 0x01u
#define STATUS_CAN_SEND 0x20u

#define MSIP ((volatile uint32_t*)0x02000000)
#define MTIMECMP ((volatile uint32_t*)0x02004000)  // 64-bit registers in halves, the lower one first
#define MTIME ((volatile uint32_t*)0x0200bff8)
#define FINISHER ((volatile uint32_t*)0x00100000)

#define CAUSE_INTERRUPT (1ul << (__riscv_xlen - 1))
#define CAUSE_TIMER (CAUSE_INTERRUPT | 7)

volatile uint64_t ticks;
static uint64_t tick_length;  // in units of mtime; 0: no ticks

bool uart_ready(void) {
    return UART[UART_STATUS] & STATUS_RECEIVED;
}

int uart_get(void) {
    while (!uart_ready())
        if (tick_length) __asm__ volatile("wfi");
    return UART[UART_DATA];
}

void uart_put(char byte) {
    while (!(UART[UART_STATUS] & STATUS_CAN_SEND)) {
    }
    UART[UART_DATA] = (uint8_t)byte;
}

bool read_line(char* line, unsigned size) {
    unsigned length = 0;
    for (;;) {
        int byte = uart_get();
        if (byte == 4) return false;
        if (byte == '\r' || byte == '\n') break;
        uart_put((char)byte);
        if (length + 1 < size) line[length++] = (char)byte;
    }
    uart_put('\r');
    uart_put('\n');
    line[length] = '\0';
    return true;
}

uint64_t timer_now(void) {
    for (;;) {
        uint32_t high = MTIME[1];
        uint32_t low = MTIME[0];
        if (MTIME[1] == high) return (uint64_t)high << 32 | low;
    }
}
// In this order no time between the old one and the new one is ever set.
void timer_at(uint64_t when) {
    MTIMECMP[1] = 0xffffffff;
    MTIMECMP[0] = (uint32_t)when;
    MTIMECMP[1] = (uint32_t)(when >> 32);
}
static uint64_t timer_is_at(void) {
    return (uint64_t)MTIMECMP[1] << 32 | MTIMECMP[0];
}

void timer_start(unsigned hertz) {
    tick_length = TIMER_HZ / hertz;
    timer_at(timer_now() + tick_length);
    set_csr(mie, MIE_MTIE);
    set_csr(mstatus, MSTATUS_MIE);
}

_Noreturn void power_off(int code) {
    uint32_t failure = ((uint32_t)code << 16) | 0x3333u;
    *FINISHER = code ? failure : 0x5555u;
    for (;;) {
    }
}

__attribute__((weak)) void tick(void) {}

_Noreturn void fatal_trap(const struct trap_frame* frame, unsigned long cause) {
    clear_csr(mstatus, MSTATUS_MIE);
    printf("\nfatal trap: cause %u, pc %08lx, address %lx\n", (unsigned)cause, frame->x[0], read_csr(mtval));
    for (unsigned i = 1; i < 32; ++i)
        printf("x%-2u %0*lx%s", i, __riscv_xlen / 4, frame->x[i], i % 4 == 0 || i == 31 ? "\n" : "  ");
    power_off(70);
}

__attribute__((weak)) void handle_exception(struct trap_frame* frame, unsigned long cause) {
    fatal_trap(frame, cause);
}

void handle_trap(struct trap_frame* frame) {
    unsigned long cause = read_csr(mcause);
    if (cause == CAUSE_TIMER && tick_length) {
        timer_at(timer_is_at() + tick_length);
        ++ticks;
        tick();
    } else {
        handle_exception(frame, cause);
    }
}

void start_hart(unsigned long hart) {
    MSIP[hart] = 1;
}
__attribute__((weak)) void other_hart(unsigned long hart) {
    (void)hart;
}

static int stdio_put(char byte, FILE* file) {
    (void)file;
    if (byte == '\n') uart_put('\r');
    uart_put(byte);
    return (unsigned char)byte;
}

static int stdio_get(FILE* file) {
    (void)file;
    return uart_get();
}

static FILE console = FDEV_SETUP_STREAM(stdio_put, stdio_get, NULL, _FDEV_SETUP_RW);
FILE* const stdin = &console;
FILE* const stdout = &console;
FILE* const stderr = &console;
