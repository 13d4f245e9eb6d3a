// A virtio device behind virtio-mmio, as the test programs start and use it (VIRTIO 1.2, section 4.2): its
// registers and split queues. What goes through the queues is each program's own.
#pragma once

#include <stdint.h>

enum virtio_kind { VIRTIO_NET = 1, VIRTIO_BLOCK = 2, VIRTIO_ENTROPY = 4 };
enum virtio_register {
    VIRTIO_MAGIC = 0x000,
    VIRTIO_DEVICE_ID = 0x008,
    VIRTIO_DRIVER_FEATURES = 0x020,
    VIRTIO_DRIVER_FEATURES_SEL = 0x024,
    VIRTIO_QUEUE_SEL = 0x030,
    VIRTIO_QUEUE_NUM = 0x038,
    VIRTIO_QUEUE_READY = 0x044,
    VIRTIO_QUEUE_NOTIFY = 0x050,
    VIRTIO_INTERRUPT_STATUS = 0x060,
    VIRTIO_INTERRUPT_ACK = 0x064,
    VIRTIO_STATUS = 0x070,
    VIRTIO_QUEUE_DESC = 0x080,
    VIRTIO_QUEUE_DRIVER = 0x090,
    VIRTIO_QUEUE_DEVICE = 0x0a0,
    VIRTIO_CONFIG = 0x100,
};
enum virtio_flags { VIRTIO_NEXT = 1, VIRTIO_WRITE = 2 };

#define VIRTIO_QUEUE_SIZE 8u

struct virtio_queue {
    struct {
        uint64_t at;
        uint32_t length;
        uint16_t flags, next;
    } descriptors[VIRTIO_QUEUE_SIZE];
    struct {
        uint16_t flags, index, ring[VIRTIO_QUEUE_SIZE], used_event;
    } available;
    struct {
        uint16_t flags, index;
        struct {
            uint32_t head, length;
        } ring[VIRTIO_QUEUE_SIZE];
        uint16_t available_event;
    } used __attribute__((aligned(4)));
} __attribute__((aligned(16)));

/// The number of the first transport that has such a device, from 0; -1 if none has.
int virtio_find(enum virtio_kind kind);
volatile uint32_t* virtio_register(int transport, unsigned long offset);
/// Resets the device and agrees on VIRTIO_F_VERSION_1 and these of its first 32 features.
void virtio_begin(int transport, uint32_t features);
void virtio_set_up(int transport, unsigned number, volatile struct virtio_queue* queue);
/// The device may use its queues from here on.
void virtio_go(int transport);
/// Makes the chain that begins at this descriptor available, and says so.
void virtio_give(int transport, unsigned number, volatile struct virtio_queue* queue, unsigned head);
