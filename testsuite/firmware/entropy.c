// Asks the first entropy device behind virtio-mmio (VIRTIO 1.2, sections 4.2 and 5.4) for eight bytes, three
// times over, and prints them. Nobody but the device writes `filled`.
#include <stdio.h>

#include "board.h"
#include "virtio.h"

volatile uint64_t filled;
volatile uint64_t waited;
static volatile struct virtio_queue requests;

static void start_device(int transport) {
    virtio_begin(transport, 0);
    virtio_set_up(transport, 0, &requests);
    virtio_go(transport);
    requests.descriptors[0].at = (uintptr_t)&filled;
    requests.descriptors[0].length = sizeof filled;
    requests.descriptors[0].flags = VIRTIO_WRITE;
}

static void ask(int transport) {
    virtio_give(transport, 0, &requests, 0);
    while (requests.used.index != requests.available.index) waited = waited + 1;  // wait for the device
}

int main(void) {
    int transport = virtio_find(VIRTIO_ENTROPY);
    if (transport < 0) power_off(1);
    start_device(transport);
    for (int i = 0; i < 3; ++i) {
        ask(transport);
        printf("%016lx\n", (unsigned long)filled);
    }
    power_off(0);
}
