// Takes each kind of exception on purpose, in machine and user mode and through both modes of mtvec, and
// prints what it got: the console output is the same on every machine with these addresses. Ends with 0, or
// with how many went wrong.
#include <stdio.h>

#include "board.h"

#define MSTATUS_MPP 0x1800u
#define NOTHING_THERE 0x18000000  // no RAM, no device

static volatile uint64_t last_cause;
static volatile uint64_t last_value;
static volatile uint64_t resume_at;  // where to go on after an exception; 0: behind the instruction

void handle_exception(struct trap_frame* frame, uint64_t cause) {
    last_cause = cause;
    last_value = read_csr(mtval);
    if (cause >> 63) {
        clear_csr(mie, MIE_MSIE | MIE_MTIE);
    } else if (resume_at) {
        frame->x[0] = resume_at;
        set_csr(mstatus, MSTATUS_MPP);
        resume_at = 0;
    } else {
        frame->x[0] += (*(volatile uint16_t*)frame->x[0] & 3) == 3 ? 4 : 2;
    }
}

static int failures;

static void expect(const char* what, uint64_t cause) {
    bool as_expected = last_cause == cause;
    failures += !as_expected;
    printf("%-28s cause %llx%s\n", what, (unsigned long long)last_cause, as_expected ? "" : "  UNEXPECTED");
    last_cause = ~0ull;
}

// Opens all memory to user mode where there is physical memory protection; without it the CSRs do not exist,
// and the illegal instructions are stepped over.
static void open_memory_to_user_mode(void) {
    __asm__ volatile("csrw pmpaddr0, %0" ::"r"(~0ull));
    __asm__ volatile("csrw pmpcfg0, %0" ::"r"(0x1full));
}

static uint64_t user_stack[64];

// Runs `code` in user mode until its first exception.
static __attribute__((noinline)) void in_user_mode(void (*code)(void)) {
    __asm__ volatile(
        "la t0, 1f\n sd t0, %0\n"
        "csrc mstatus, %1\n"
        "csrw mepc, %2\n"
        "mv s11, sp\n mv sp, %3\n"
        "mret\n"
        "1: mv sp, s11\n"
        : "=m"(resume_at)
        : "r"((uint64_t)MSTATUS_MPP), "r"(code), "r"(user_stack + 64)
        : "t0", "s11", "ra", "memory", "t1", "t2", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7");
}

static void user_ecall(void) {
    __asm__ volatile("ecall");
}
static void user_reads_machine_csr(void) {
    __asm__ volatile("csrr t0, mstatus" ::: "t0");
}
static void user_mret(void) {
    __asm__ volatile("mret");
}
static void user_store(void) {
    *(volatile uint32_t*)NOTHING_THERE = 1;
}

static void all_exceptions(void) {
    __asm__ volatile("ecall");
    expect("ecall, machine mode", CAUSE_ECALL_M);
    __asm__ volatile("ebreak");
    expect("ebreak", CAUSE_BREAKPOINT);
    __asm__ volatile(".word 0xffffffff");
    expect("illegal, all ones", CAUSE_ILLEGAL);
    __asm__ volatile(".half 0");
    expect("illegal, all zeroes", CAUSE_ILLEGAL);
    __asm__ volatile("csrr t0, 0x7ff" ::: "t0");
    expect("CSR that is not there", CAUSE_ILLEGAL);
    (void)*(volatile uint32_t*)NOTHING_THERE;
    expect("load from nothing", CAUSE_LOAD_ACCESS);
    failures += last_value != NOTHING_THERE;
    *(volatile uint32_t*)NOTHING_THERE = 1;
    expect("store to nothing", CAUSE_STORE_ACCESS);
    __asm__ volatile("la t0, 1f\n sd t0, %0\n jr %1\n 1:"
                     : "=m"(resume_at)
                     : "r"(NOTHING_THERE)
                     : "t0", "memory");
    expect("jump to nothing", CAUSE_FETCH_ACCESS);
    in_user_mode(user_ecall);
    expect("ecall, user mode", CAUSE_ECALL_U);
    in_user_mode(user_reads_machine_csr);
    expect("machine CSR, user mode", CAUSE_ILLEGAL);
    in_user_mode(user_mret);
    expect("mret, user mode", CAUSE_ILLEGAL);
    in_user_mode(user_store);
    expect("store to nothing, user mode", CAUSE_STORE_ACCESS);
}

static void software_and_timer_interrupts(void) {
    volatile uint32_t* msip = (volatile uint32_t*)0x02000000;
    set_csr(mstatus, MSTATUS_MIE);
    *msip = 1;
    set_csr(mie, MIE_MSIE);
    while (last_cause == ~0ull) {
    }
    *msip = 0;
    expect("software interrupt", 1ull << 63 | 3);
    timer_at(timer_now() + 100);
    set_csr(mie, MIE_MTIE);
    while (last_cause == ~0ull) __asm__ volatile("wfi");
    expect("timer interrupt", 1ull << 63 | 7);
    clear_csr(mstatus, MSTATUS_MIE);
}

extern char trap_entry[], trap_vectors[];

int main(void) {
    open_memory_to_user_mode();
    last_cause = ~0ull;
    printf("mtvec direct\n");
    all_exceptions();
    software_and_timer_interrupts();
    write_csr(mtvec, (uint64_t)trap_vectors | 1);
    printf("mtvec vectored\n");
    all_exceptions();
    software_and_timer_interrupts();
    printf("%d went wrong\n", failures);
    return failures;
}
