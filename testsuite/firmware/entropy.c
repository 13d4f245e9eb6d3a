// Asks the first entropy device behind virtio-mmio (VIRTIO 1.2, sections 4.2 and 5.4) for eight bytes, three
// times over, and prints them. Nobody but the device writes `filled`.
#include <stdio.h>

#include "board.h"

#define TRANSPORTS 0x10001000ul
#define TRANSPORT_SIZE 0x1000ul
#define QUEUE_SIZE 4u

enum reg {
    DEVICE_ID = 0x008,
    DRIVER_FEATURES = 0x020,
    DRIVER_FEATURES_SEL = 0x024,
    QUEUE_NUM = 0x038,
    QUEUE_READY = 0x044,
    QUEUE_NOTIFY = 0x050,
    STATUS = 0x070,
    QUEUE_DESC = 0x080,
    QUEUE_DRIVER = 0x090,
    QUEUE_DEVICE = 0x0a0,
};

static struct {
    uint64_t at;
    uint32_t length;
    uint16_t flags, next;
} descriptors[QUEUE_SIZE] __attribute__((aligned(16)));
static volatile struct {
    uint16_t flags, index, ring[QUEUE_SIZE];
} available;
static volatile struct {
    uint16_t flags, index;
    struct {
        uint32_t head, written;
    } ring[QUEUE_SIZE];
} used __attribute__((aligned(4)));

volatile uint64_t filled;
volatile uint64_t waited;
static unsigned long base;

static volatile uint32_t* reg(unsigned long offset) {
    return (volatile uint32_t*)(base + offset);
}

static void put_address(unsigned long offset, const volatile void* at) {
    *reg(offset) = (uint32_t)(uintptr_t)at;
    *reg(offset + 4) = 0;
}

static void start_device(void) {
    *reg(STATUS) = 3;
    *reg(DRIVER_FEATURES_SEL) = 1;
    *reg(DRIVER_FEATURES) = 1;  // VIRTIO_F_VERSION_1
    *reg(STATUS) = 11;
    *reg(QUEUE_NUM) = QUEUE_SIZE;
    put_address(QUEUE_DESC, descriptors);
    put_address(QUEUE_DRIVER, &available);
    put_address(QUEUE_DEVICE, &used);
    *reg(QUEUE_READY) = 1;
    *reg(STATUS) = 15;
    descriptors[0].at = (uintptr_t)&filled;
    descriptors[0].length = sizeof filled;
    descriptors[0].flags = 2;  // for the device to write
}

static void ask(void) {
    available.index = (uint16_t)(available.index + 1);
    __asm__ volatile("fence" ::: "memory");
    *reg(QUEUE_NOTIFY) = 0;
    while (used.index != available.index) waited = waited + 1;  // wait for the device
}

int main(void) {
    for (base = TRANSPORTS; *reg(DEVICE_ID) != 4; base += TRANSPORT_SIZE)
        if (base == TRANSPORTS + 7 * TRANSPORT_SIZE) power_off(1);
    start_device();
    for (int i = 0; i < 3; ++i) {
        ask();
        printf("%016lx\n", (unsigned long)filled);
    }
    power_off(0);
}
