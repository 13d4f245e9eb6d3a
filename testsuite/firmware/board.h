// The board as the test programs use it: a 16550 UART, the core-local timer, a way to switch off. The
// addresses are those of QEMU's `virt` board, so that every program runs there too.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TIMER_HZ 10000000u  // what mtime counts

/// Registers of an interrupted program: x[1] to x[31] by number, x[0] holds mepc. Changes take effect on
/// return.
struct trap_frame {
    unsigned long x[32];
};

enum trap_cause {
    CAUSE_FETCH_ACCESS = 1,
    CAUSE_ILLEGAL = 2,
    CAUSE_BREAKPOINT = 3,
    CAUSE_LOAD_ACCESS = 5,
    CAUSE_STORE_ACCESS = 7,
    CAUSE_ECALL_U = 8,
    CAUSE_ECALL_M = 11,
};

#define read_csr(name)                                      \
    ({                                                      \
        unsigned long value_;                               \
        __asm__ volatile("csrr %0, " #name : "=r"(value_)); \
        value_;                                             \
    })
#define write_csr(name, value) __asm__ volatile("csrw " #name ", %0" ::"r"((unsigned long)(value)) : "memory")
#define set_csr(name, bits) __asm__ volatile("csrs " #name ", %0" ::"r"((unsigned long)(bits)) : "memory")
#define clear_csr(name, bits) __asm__ volatile("csrc " #name ", %0" ::"r"((unsigned long)(bits)) : "memory")

#define MSTATUS_MIE 0x8u
#define MIE_MTIE 0x80u
#define MIE_MSIE 0x8u

bool uart_ready(void);     ///< a byte waits to be read
int uart_get(void);        ///< waits for a byte, asleep between the ticks if they run
void uart_put(char byte);  ///< as it is
/// Reads a line, echoing it, without its end; at most size - 1 bytes are kept. False at Ctrl-D (4).
bool read_line(char* line, unsigned size);

uint64_t timer_now(void);          ///< mtime
void timer_at(uint64_t when);      ///< the timer interrupt is pending from then on
void timer_start(unsigned hertz);  ///< enables interrupts; tick() is called so often from then on
extern volatile uint64_t ticks;    ///< how often so far

/// 0 is success; 1 to 65535 is a failure of that number.
_Noreturn void power_off(int code);

/// Called for each timer interrupt of timer_start. A program may have its own.
void tick(void);
/// Called for each exception. A program may have its own; this one prints the registers and switches off with
/// code 70.
void handle_exception(struct trap_frame* frame, unsigned long cause);
_Noreturn void fatal_trap(const struct trap_frame* frame, unsigned long cause);

/// Lets one of the other harts run other_hart(), once. Each of 8 harts has a stack of 8 KiB.
void start_hart(unsigned long hart);
/// A program may have its own; this one does nothing. A hart that returns from it waits to be started again.
void other_hart(unsigned long hart);
