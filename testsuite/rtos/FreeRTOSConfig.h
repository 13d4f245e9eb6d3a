// What the kernel is built with: preemption, time slices, everything that workers.c uses.
#pragma once

#define configCPU_CLOCK_HZ 10000000ul  // of mtime
#define configTICK_RATE_HZ ((TickType_t)1000)
#define configUSE_PREEMPTION 1
#define configUSE_TIME_SLICING 1
#define configUSE_16_BIT_TICKS 0
#define configMAX_PRIORITIES 6
#define configMINIMAL_STACK_SIZE ((unsigned short)512)  // words
#define configMAX_TASK_NAME_LEN 12
#define configTOTAL_HEAP_SIZE ((size_t)256 * 1024)
#define configIDLE_SHOULD_YIELD 1
#define configSUPPORT_DYNAMIC_ALLOCATION 1

#define configUSE_MUTEXES 1
#define configUSE_COUNTING_SEMAPHORES 1
#define configUSE_TIMERS 1
#define configTIMER_TASK_PRIORITY 5
#define configTIMER_QUEUE_LENGTH 8
#define configTIMER_TASK_STACK_DEPTH configMINIMAL_STACK_SIZE

#define configUSE_IDLE_HOOK 1  // sleeps
#define configUSE_TICK_HOOK 0
#define configUSE_MALLOC_FAILED_HOOK 1
#define configCHECK_FOR_STACK_OVERFLOW 2

#define INCLUDE_vTaskDelay 1
#define INCLUDE_vTaskDelete 1
#define INCLUDE_vTaskSuspend 1  // so that a wait without end is one
#define INCLUDE_uxTaskPriorityGet 1

void assertion_failed(const char* file, int line);
#define configASSERT(holds) \
    if (!(holds)) assertion_failed(__FILE__, __LINE__)
