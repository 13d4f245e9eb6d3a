// FreeRTOS on a RISC-V hart in machine mode, RV32 and RV64: the types and macros that the kernel asks its
// port for. A task yields by `ecall`; a critical section is one with interrupts off, counted for each task.
#pragma once

#include <stdint.h>

typedef unsigned long StackType_t;
typedef long BaseType_t;
typedef unsigned long UBaseType_t;
typedef uint32_t TickType_t;
#define portSTACK_TYPE StackType_t
#define portBASE_TYPE BaseType_t
#define portPOINTER_SIZE_TYPE uintptr_t
#define portMAX_DELAY ((TickType_t)0xffffffff)
#define portTICK_TYPE_IS_ATOMIC 1
#define portTICK_PERIOD_MS ((TickType_t)1000 / configTICK_RATE_HZ)
#define portSTACK_GROWTH (-1)
#define portBYTE_ALIGNMENT 16

#define portYIELD() __asm__ volatile("ecall" ::: "memory")
#define portDISABLE_INTERRUPTS() __asm__ volatile("csrci mstatus, 8" ::: "memory")
#define portENABLE_INTERRUPTS() __asm__ volatile("csrsi mstatus, 8" ::: "memory")

void enter_critical(void);
void exit_critical(void);
#define portENTER_CRITICAL() enter_critical()
#define portEXIT_CRITICAL() exit_critical()

#define portTASK_FUNCTION_PROTO(function, parameters) void function(void* parameters)
#define portTASK_FUNCTION(function, parameters) void function(void* parameters)
#define portNOP()
#define portINLINE inline
