// Drives the first block device behind virtio-mmio (VIRTIO 1.2, sections 4.2 and 5.2): says what it is,
// counts its own starts in sector 1, sums up the rest of the drive, writes and zeroes some of it. At the
// first start it resets the machine, so the count shows that a drive outlives a reset. Ends with 0, or with
// the number of the check that failed.
#include <stdio.h>
#include <string.h>

#include "board.h"
#include "virtio.h"

#define FINISHER ((volatile uint32_t*)0x00100000)
#define FINISHER_RESET 0x7777u

#define SECTOR 512u

enum request { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, WRITE_ZEROES = 13 };
enum features { FLUSHES = 1u << 9, WRITES_ZEROES = 1u << 14 };

static struct {
    uint32_t type, reserved;
    uint64_t sector;
} header;
static volatile uint8_t status;
static volatile struct virtio_queue requests;
static int drive;

static void check(int number, bool fine) {
    if (fine) return;
    printf("check %d failed, status %d\n", number, status);
    power_off(number);
}

static void start_drive(void) {
    virtio_begin(drive, FLUSHES | WRITES_ZEROES);
    virtio_set_up(drive, 0, &requests);
    virtio_go(drive);
}

static void describe(unsigned index, const volatile void* at, uint32_t length, uint16_t flags) {
    requests.descriptors[index].at = (uintptr_t)at;
    requests.descriptors[index].length = length;
    requests.descriptors[index].flags = flags;
    requests.descriptors[index].next = (uint16_t)(index + 1);
}

// One request, waiting for its end.
static uint8_t request(uint32_t type, uint64_t sector, void* data, uint32_t length) {
    bool from_drive = type == IN || type == GET_ID;
    header.type = type;
    header.sector = sector;
    status = 0xff;
    describe(0, &header, sizeof header, VIRTIO_NEXT);
    describe(1, data, length, (uint16_t)(VIRTIO_NEXT | (from_drive ? VIRTIO_WRITE : 0)));
    describe(length ? 2 : 1, &status, 1, VIRTIO_WRITE);
    virtio_give(drive, 0, &requests, 0);
    while (requests.used.index != requests.available.index) {
    }
    __sync_synchronize();
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
    drive = virtio_find(VIRTIO_BLOCK);
    check(5, drive >= 0);
    start_drive();
    uint64_t size =
        *virtio_register(drive, VIRTIO_CONFIG) | (uint64_t)*virtio_register(drive, VIRTIO_CONFIG + 4) << 32;
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
