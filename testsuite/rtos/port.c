// FreeRTOS on a RISC-V hart in machine mode: a task's first stack, the tick, critical sections. context.S
// switches.
#include "board.h"

#include "FreeRTOS.h"
#include "task.h"

#include <stdio.h>
#include <string.h>

#define MSTATUS_MPIE 0x80u
#define MSTATUS_MPP_MACHINE 0x1800u
#define TICK_LENGTH (configCPU_CLOCK_HZ / configTICK_RATE_HZ)
#define CAUSE_TIMER ((1ul << (__riscv_xlen - 1)) | 7)

// On a task's stack while it does not run.
struct task_frame {
    struct trap_frame registers;
    unsigned long mstatus;
    unsigned long nesting;
    unsigned long unused[2];  // the stack stays aligned to 16 bytes
};

// How many critical sections the current task is in. Before the first task runs, interrupts stay off.
unsigned long critical_nesting = 1000;
static uint64_t next_tick;

void task_trap(void);
_Noreturn void resume_task(void);
void task_returned(void);

StackType_t* pxPortInitialiseStack(StackType_t* top, TaskFunction_t function, void* parameters) {
    enum { RA = 1, GP = 3, TP = 4, A0 = 10 };
    struct task_frame* frame = (struct task_frame*)((uintptr_t)(top + 1) & ~(uintptr_t)15) - 1;
    memset(frame, 0, sizeof *frame);
    frame->registers.x[0] = (unsigned long)function;
    frame->registers.x[RA] = (unsigned long)task_returned;
    frame->registers.x[A0] = (unsigned long)parameters;
    __asm__("mv %0, gp" : "=r"(frame->registers.x[GP]));
    __asm__("mv %0, tp" : "=r"(frame->registers.x[TP]));
    frame->mstatus = MSTATUS_MPP_MACHINE | MSTATUS_MPIE;
    return (StackType_t*)frame;
}

BaseType_t xPortStartScheduler(void) {
    write_csr(mtvec, task_trap);
    next_tick = timer_now() + TICK_LENGTH;
    timer_at(next_tick);
    set_csr(mie, MIE_MTIE);
    resume_task();
}

void vPortEndScheduler(void) {}

void handle_task_trap(struct task_frame* frame) {
    const unsigned long cause = read_csr(mcause);
    if (cause == CAUSE_TIMER) {
        next_tick += TICK_LENGTH;
        timer_at(next_tick);
        if (xTaskIncrementTick()) vTaskSwitchContext();  // a time slice is over
    } else if (cause == CAUSE_ECALL_M) {
        frame->registers.x[0] += 4;
        vTaskSwitchContext();  // the task gives way
    } else {
        fatal_trap(&frame->registers, cause);
    }
}

void enter_critical(void) {
    portDISABLE_INTERRUPTS();
    ++critical_nesting;
}

void exit_critical(void) {
    if (--critical_nesting == 0) portENABLE_INTERRUPTS();
}

void vApplicationIdleHook(void) {
    __asm__ volatile("wfi");
}

void assertion_failed(const char* file, int line) {
    portDISABLE_INTERRUPTS();
    printf("%s:%d: assertion failed\n", file, line);
    power_off(72);
}

void vApplicationMallocFailedHook(void) {
    configASSERT(false);
}

void vApplicationStackOverflowHook(TaskHandle_t task, char* name) {
    (void)task;
    portDISABLE_INTERRUPTS();
    printf("%s: stack overflow\n", name);
    power_off(71);
}
