// A preemptive system at work: producers and a consumer at a queue, two tasks that only compute and share the
// hart by time slices, a mutex whose owner inherits a priority, a periodic timer. Prints what came of it,
// which depends on no timing, and exits with 0 if all is well.
#include "board.h"

#include "FreeRTOS.h"
#include "event_groups.h"
#include "queue.h"
#include "semphr.h"
#include "task.h"
#include "timers.h"

#include <stdio.h>

enum { ITEMS = 400, EXPIRIES = 20, BLOCK = 256 };

// Priorities: the highest first.
enum { REPORT = 5, URGENT = 4, CONSUMER = 3, PRODUCER = 2, BACKGROUND = 1 };

// Who has finished.
enum { CONSUMED = 1, CRUNCHED_0 = 2, CRUNCHED_1 = 4, INHERITED = 8, EXPIRED = 16, EVERYBODY = 31 };
static EventGroupHandle_t finished;

// ---- a queue
// ----------------------------------------------------------------------------------------------------

static QueueHandle_t items;
static uint32_t checksum;

static void produce(void* seed) {
    uint32_t value = (uint32_t)(uintptr_t)seed;
    for (int i = 0; i < ITEMS; ++i) {
        value = value * 1664525u + 1013904223u;
        xQueueSend(items, &value, portMAX_DELAY);  // produce
        if (i % 16 == 15) vTaskDelay(1);
    }
    vTaskDelete(NULL);
}

static void consume(void* unused) {
    (void)unused;
    for (int i = 0; i < 2 * ITEMS; ++i) {
        uint32_t value;
        xQueueReceive(items, &value, portMAX_DELAY);
        checksum += value ^ value >> 16;  // consumed
    }
    xEventGroupSetBits(finished, CONSUMED);
    vTaskDelete(NULL);
}

// ---- time slices
// ------------------------------------------------------------------------------------------------

static volatile unsigned rounds[2];
static unsigned wrong_rounds;

static uint32_t crc32(const uint8_t* bytes, unsigned size) {
    uint32_t crc = ~0u;
    for (unsigned i = 0; i < size; ++i) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

// Never waits for anything: the other one gets its time by the tick alone. A register that a switch of tasks
// lost would show in the sum.
static void crunch(void* number) {
    const unsigned self = (unsigned)(uintptr_t)number;
    uint8_t block[BLOCK];
    for (unsigned i = 0; i < BLOCK; ++i) block[i] = (uint8_t)(i * 7 + self);
    const uint32_t expected = crc32(block, BLOCK);
    while (!(xEventGroupGetBits(finished) & CONSUMED) || rounds[0] < 10 || rounds[1] < 10) {
        const uint32_t crc = crc32(block, BLOCK);  // crunch
        if (crc != expected) ++wrong_rounds;       // crunched
        ++rounds[self];
    }
    xEventGroupSetBits(finished, self ? CRUNCHED_1 : CRUNCHED_0);
    vTaskDelete(NULL);
}

// ---- priority inheritance
// ---------------------------------------------------------------------------------------

static SemaphoreHandle_t mutex;
static TaskHandle_t urgent;
static unsigned long priorities[3];  // of the mutex's owner: before, while somebody urgent waits, after

static void own_mutex(void* unused) {
    (void)unused;
    xSemaphoreTake(mutex, portMAX_DELAY);
    priorities[0] = uxTaskPriorityGet(NULL);
    xTaskNotifyGive(urgent);  // which runs at once, up to where it waits for the mutex
    priorities[1] = uxTaskPriorityGet(NULL);
    xSemaphoreGive(mutex);
    priorities[2] = uxTaskPriorityGet(NULL);
    xEventGroupSetBits(finished, INHERITED);
    vTaskDelete(NULL);
}

static void want_mutex(void* unused) {
    (void)unused;
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    xSemaphoreTake(mutex, portMAX_DELAY);
    xSemaphoreGive(mutex);
    vTaskDelete(NULL);
}

// ---- a timer
// ----------------------------------------------------------------------------------------------------

static SemaphoreHandle_t expiries;
static TickType_t expiry_ticks;

static void expire(TimerHandle_t timer) {
    (void)timer;
    xSemaphoreGive(expiries);
}

static void count_expiries(void* timer) {
    const TickType_t begin = xTaskGetTickCount();
    for (int i = 0; i < EXPIRIES; ++i) xSemaphoreTake(expiries, portMAX_DELAY);
    expiry_ticks = xTaskGetTickCount() - begin;
    xTimerStop(timer, portMAX_DELAY);
    xEventGroupSetBits(finished, EXPIRED);
    vTaskDelete(NULL);
}

// ---- all of it
// --------------------------------------------------------------------------------------------------

static void report(void* unused) {
    (void)unused;
    xEventGroupWaitBits(finished, EVERYBODY, pdFALSE, pdTRUE, portMAX_DELAY);
    printf("FreeRTOS %s on RV%d\n", tskKERNEL_VERSION_NUMBER, __riscv_xlen);
    printf("queue: %d items, checksum %08lx\n", 2 * ITEMS, (unsigned long)checksum);
    printf("time slices: both computed, %u wrong\n", wrong_rounds);
    printf("priorities: %lu, %lu, %lu\n", priorities[0], priorities[1], priorities[2]);
    printf("timer: %d expiries in %lu ticks\n", EXPIRIES, (unsigned long)expiry_ticks);
    power_off(wrong_rounds != 0);
}

static TaskHandle_t start(void (*function)(void*), const char* name, void* parameter,
                          unsigned long priority) {
    TaskHandle_t task = NULL;
    const BaseType_t created =
        xTaskCreate(function, name, configMINIMAL_STACK_SIZE, parameter, priority, &task);
    configASSERT(created == pdPASS);
    return task;
}

int main(void) {
    finished = xEventGroupCreate();
    items = xQueueCreate(8, sizeof(uint32_t));
    mutex = xSemaphoreCreateMutex();
    expiries = xSemaphoreCreateCounting(EXPIRIES, 0);
    TimerHandle_t timer = xTimerCreate("every 5", 5, pdTRUE, NULL, expire);
    configASSERT(finished && items && mutex && expiries && timer);
    xTimerStart(timer, 0);

    start(report, "report", NULL, REPORT);
    urgent = start(want_mutex, "urgent", NULL, URGENT);
    start(count_expiries, "expiries", timer, URGENT);
    start(consume, "consumer", NULL, CONSUMER);
    start(produce, "producer 1", (void*)1, PRODUCER);
    start(produce, "producer 2", (void*)2, PRODUCER);
    start(own_mutex, "owner", NULL, BACKGROUND);
    start(crunch, "cruncher 0", (void*)0, BACKGROUND);
    start(crunch, "cruncher 1", (void*)1, BACKGROUND);
    vTaskStartScheduler();
    return 73;  // there was no memory for the kernel's own tasks
}
