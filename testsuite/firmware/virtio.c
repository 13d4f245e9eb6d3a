#include "virtio.h"

#define TRANSPORTS 0x10001000ul
#define TRANSPORT_SIZE 0x1000ul
#define TRANSPORT_COUNT 8
#define MAGIC 0x74726976u  // "virt"

enum status { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8 };

volatile uint32_t* virtio_register(int transport, unsigned long offset) {
    return (volatile uint32_t*)(TRANSPORTS + TRANSPORT_SIZE * (unsigned long)transport + offset);
}

int virtio_find(enum virtio_kind kind) {
    for (int i = 0; i < TRANSPORT_COUNT; ++i)
        if (*virtio_register(i, VIRTIO_MAGIC) == MAGIC && *virtio_register(i, VIRTIO_DEVICE_ID) == kind)
            return i;
    return -1;
}

void virtio_begin(int transport, uint32_t features) {
    volatile uint32_t* status = virtio_register(transport, VIRTIO_STATUS);
    *status = 0;
    *status = ACKNOWLEDGE;
    *status = ACKNOWLEDGE | DRIVER;
    *virtio_register(transport, VIRTIO_DRIVER_FEATURES_SEL) = 0;
    *virtio_register(transport, VIRTIO_DRIVER_FEATURES) = features;
    *virtio_register(transport, VIRTIO_DRIVER_FEATURES_SEL) = 1;
    *virtio_register(transport, VIRTIO_DRIVER_FEATURES) = 1;  // VIRTIO_F_VERSION_1
    *status = ACKNOWLEDGE | DRIVER | FEATURES_OK;
}

static void put_address(int transport, unsigned long offset, const volatile void* at) {
    *virtio_register(transport, offset) = (uint32_t)(uintptr_t)at;
    *virtio_register(transport, offset + 4) = 0;
}

void virtio_set_up(int transport, unsigned number, volatile struct virtio_queue* queue) {
    *virtio_register(transport, VIRTIO_QUEUE_SEL) = number;
    *virtio_register(transport, VIRTIO_QUEUE_NUM) = VIRTIO_QUEUE_SIZE;
    put_address(transport, VIRTIO_QUEUE_DESC, queue->descriptors);
    put_address(transport, VIRTIO_QUEUE_DRIVER, &queue->available);
    put_address(transport, VIRTIO_QUEUE_DEVICE, &queue->used);
    *virtio_register(transport, VIRTIO_QUEUE_READY) = 1;
}

void virtio_go(int transport) {
    *virtio_register(transport, VIRTIO_STATUS) = ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK;
}

void virtio_give(int transport, unsigned number, volatile struct virtio_queue* queue, unsigned head) {
    queue->available.ring[queue->available.index % VIRTIO_QUEUE_SIZE] = (uint16_t)head;
    __sync_synchronize();
    queue->available.index++;
    __sync_synchronize();
    *virtio_register(transport, VIRTIO_QUEUE_NOTIFY) = number;
}
