// Drives the first block device behind virtio-mmio (VIRTIO 1.2, sections 4.2 and 5.2): says what it is,
// counts its own starts in sector 1, sums up the rest of the drive, writes and zeroes some of it. At the
// first start it resets the machine, so the count shows that a drive outlives a reset. Ends with 0, or with
// the number of the check that failed.
#include <stdio.h>
#include <string.h>

#include "board.h"

#define TRANSPORTS 0x10001000ul
#define TRANSPORT_SIZE 0x1000ul
#define FINISHER ((volatile uint32_t*)0x00100000)
#define FINISHER_RESET 0x7777u

#define SECTOR 512u
#define QUEUE_SIZE 8u

enum reg {
    MAGIC = 0x000,
    DEVICE_ID = 0x008,
    DRIVER_FEATURES = 0x020,
    DRIVER_FEATURES_SEL = 0x024,
    QUEUE_SEL = 0x030,
    QUEUE_NUM = 0x038,
    QUEUE_READY = 0x044,
    QUEUE_NOTIFY = 0x050,
    STATUS = 0x070,
    QUEUE_DESC = 0x080,
    QUEUE_DRIVER = 0x090,
    QUEUE_DEVICE = 0x0a0,
    CONFIG = 0x100,
};
enum request { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, WRITE_ZEROES = 13 };
enum flags { NEXT = 1, WRITE = 2 };

static struct {
    uint64_t at;
    uint32_t length;
    uint16_t flags, next;
} descriptors[QUEUE_SIZE] __attribute__((aligned(16)));
static volatile struct {
    uint16_t flags, index, ring[QUEUE_SIZE], used_event;
} available;
static volatile struct {
    uint16_t flags, index;
    struct {
        uint32_t head, written;
    } ring[QUEUE_SIZE];
    uint16_t avail_event;
} used __attribute__((aligned(4)));

static struct {
    uint32_t type, reserved;
    uint64_t sector;
} header;
static volatile uint8_t status;
static unsigned long base;

static volatile uint32_t* reg(unsigned long offset) {
    return (volatile uint32_t*)(base + offset);
}

static void check(int number, bool fine) {
    if (fine) return;
    printf("check %d failed, status %d\n", number, status);
    power_off(number);
}

static bool find_drive(void) {
    for (base = TRANSPORTS; base < TRANSPORTS + 8 * TRANSPORT_SIZE; base += TRANSPORT_SIZE)
        if (*reg(MAGIC) == 0x74726976 && *reg(DEVICE_ID) == 2) return true;
    return false;
}

static void put_address(unsigned long offset, const volatile void* at) {
    *reg(offset) = (uint32_t)(uintptr_t)at;
    *reg(offset + 4) = 0;
}

static void start_drive(void) {
    *reg(STATUS) = 0;
    *reg(STATUS) = 1;
    *reg(STATUS) = 3;
    *reg(DRIVER_FEATURES_SEL) = 1;
    *reg(DRIVER_FEATURES) = 1;  // VIRTIO_F_VERSION_1
    *reg(DRIVER_FEATURES_SEL) = 0;
    *reg(DRIVER_FEATURES) = 1u << 14 | 1u << 9;
    *reg(STATUS) = 11;
    *reg(QUEUE_SEL) = 0;
    *reg(QUEUE_NUM) = QUEUE_SIZE;
    put_address(QUEUE_DESC, descriptors);
    put_address(QUEUE_DRIVER, &available);
    put_address(QUEUE_DEVICE, &used);
    *reg(QUEUE_READY) = 1;
    *reg(STATUS) = 15;
}

static void describe(unsigned index, const volatile void* at, uint32_t length, uint16_t flags) {
    descriptors[index].at = (uintptr_t)at;
    descriptors[index].length = length;
    descriptors[index].flags = flags;
    descriptors[index].next = (uint16_t)(index + 1);
}

// One request, waiting for its end.
static uint8_t request(uint32_t type, uint64_t sector, void* data, uint32_t length) {
    bool from_drive = type == IN || type == GET_ID;
    header.type = type;
    header.sector = sector;
    status = 0xff;
    describe(0, &header, sizeof header, NEXT);
    describe(1, data, length, (uint16_t)(NEXT | (from_drive ? WRITE : 0)));
    describe(length ? 2 : 1, &status, 1, WRITE);
    uint16_t index = available.index;
    available.ring[index % QUEUE_SIZE] = 0;
    __asm__ volatile("fence" ::: "memory");
    available.index = (uint16_t)(index + 1);
    __asm__ volatile("fence" ::: "memory");
    *reg(QUEUE_NOTIFY) = 0;
    while (used.index != available.index) {
    }
    __asm__ volatile("fence" ::: "memory");
    return status;
}

static uint8_t sectors[16 * SECTOR];

static uint32_t sum_of(uint64_t first, uint64_t end) {
    uint32_t sum = 0;
    for (uint64_t at = first; at < end;) {
        uint32_t count = end - at < 16 ? (uint32_t)(end - at) : 16;
        check(1, request(IN, at, sectors, count * SECTOR) == 0);
        for (uint32_t i = 0; i < count * SECTOR; ++i) sum = sum * 31 + sectors[i];
        at += count;
    }
    return sum;
}

static unsigned count_start(void) {
    static char text[SECTOR];
    unsigned starts = 0;
    check(2, request(IN, 1, text, SECTOR) == 0);
    if (sscanf(text, "starts: %u", &starts) != 1) starts = 0;
    memset(text, 0, SECTOR);
    snprintf(text, SECTOR, "starts: %u\n", ++starts);
    check(3, request(OUT, 1, text, SECTOR) == 0);
    check(4, request(FLUSH, 0, NULL, 0) == 0);
    return starts;
}

int main(void) {
    char id[21] = "";
    check(5, find_drive());
    start_drive();
    uint64_t size = *reg(CONFIG) | (uint64_t)*reg(CONFIG + 4) << 32;
    check(6, request(GET_ID, 0, id, 20) == 0);
    printf("drive '%s', %lu sectors\n", id, (unsigned long)size);
    unsigned starts = count_start();
    printf("start %u\n", starts);
    if (starts == 1) {
        *FINISHER = FINISHER_RESET;
        for (;;) {
        }
    }
    uint64_t end = size < 512 ? size : 512;
    printf("sum %08lx\n", (unsigned long)sum_of(2, end));
    memset(sectors, 'x', 2 * SECTOR);
    check(7, request(OUT, 2, sectors, 2 * SECTOR) == 0);
    static struct {
        uint64_t sector;
        uint32_t count, flags;
    } range = {8, 16, 0};
    check(8, request(WRITE_ZEROES, 0, &range, sizeof range) == 0);
    printf("sum %08lx\n", (unsigned long)sum_of(2, end));
    check(9, request(IN, size, sectors, SECTOR) == 1);
    printf("done\n");
    power_off(0);
}
