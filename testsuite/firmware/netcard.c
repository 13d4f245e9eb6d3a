// Asks the network through a virtio card who the gateway is (ARP) and for an address (DHCP), prints the
// answers and switches off: 0 if both came, 1 if not within ten seconds.
#include <stdio.h>
#include <string.h>

#include "board.h"
#include "virtio.h"

// ---- the card: two queues of a few buffers ------------------------------------

#define BUFFER_BYTES 1536u
#define HEADER_BYTES 12u

enum { RECEIVE, TRANSMIT };
enum features { HAS_ADDRESS = 1u << 5 };

static volatile struct virtio_queue queues[2];
static uint8_t buffers[2][VIRTIO_QUEUE_SIZE][BUFFER_BYTES];
static int card;
static uint8_t mac[6];

static void give(unsigned queue, unsigned index) {
    virtio_give(card, queue, &queues[queue], index);
}

static void start_card(void) {
    virtio_begin(card, HAS_ADDRESS);
    for (unsigned n = 0; n < 2; ++n) {
        for (unsigned i = 0; i < VIRTIO_QUEUE_SIZE; ++i) {
            queues[n].descriptors[i].at = (uintptr_t)buffers[n][i];
            queues[n].descriptors[i].length = BUFFER_BYTES;
            queues[n].descriptors[i].flags = n == RECEIVE ? VIRTIO_WRITE : 0;
        }
        virtio_set_up(card, n, &queues[n]);
    }
    virtio_go(card);
    const volatile uint8_t* space = (const volatile uint8_t*)virtio_register(card, VIRTIO_CONFIG);
    for (unsigned i = 0; i < sizeof mac; ++i) mac[i] = space[i];
    for (unsigned i = 0; i < VIRTIO_QUEUE_SIZE; ++i) give(RECEIVE, i);
}

static void send(const void* frame, unsigned length) {
    unsigned index = queues[TRANSMIT].available.index % VIRTIO_QUEUE_SIZE;
    memset(buffers[TRANSMIT][index], 0, HEADER_BYTES);
    memcpy(buffers[TRANSMIT][index] + HEADER_BYTES, frame, length);
    queues[TRANSMIT].descriptors[index].length = HEADER_BYTES + length;
    give(TRANSMIT, index);
}

// ---- waiting: asleep until the card's interrupt or the end of patience ----------------------------

#define PLIC ((volatile uint32_t*)0x0c000000)
#define PLIC_ENABLE (0x2000 / 4)
#define PLIC_CLAIM (0x200004 / 4)
#define MIE_MEIE 0x800u

static uint64_t patience_ends;

static void allow_waking(void) {
    PLIC[1 + card] = 1;
    PLIC[PLIC_ENABLE] = 2u << card;
    patience_ends = timer_now() + 10ull * TIMER_HZ;
    timer_at(patience_ends);
    set_csr(mie, MIE_MEIE | MIE_MTIE);  // they only wake: mstatus.MIE stays off
}

/// The next frame, or NULL when patience is at its end. Its buffer is the card's again with the next call.
static const uint8_t* receive(unsigned* length) {
    static uint16_t taken;
    static int held = -1;
    if (held >= 0) give(RECEIVE, (unsigned)held);
    held = -1;
    while (queues[RECEIVE].used.index == taken) {
        if (timer_now() >= patience_ends) return NULL;
        __asm__ volatile("wfi");
        uint32_t source = PLIC[PLIC_CLAIM];
        *virtio_register(card, VIRTIO_INTERRUPT_ACK) = *virtio_register(card, VIRTIO_INTERRUPT_STATUS);
        if (source) PLIC[PLIC_CLAIM] = source;
    }
    __sync_synchronize();
    unsigned entry = taken++ % VIRTIO_QUEUE_SIZE;
    held = (int)queues[RECEIVE].used.ring[entry].head;
    *length = queues[RECEIVE].used.ring[entry].length - HEADER_BYTES;
    return buffers[RECEIVE][held] + HEADER_BYTES;
}

// ---- frames --------------------------------------------------------------------------------------

static const uint8_t gateway[4] = {10, 0, 2, 2};

static void put16(uint8_t* at, unsigned value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void ethernet(uint8_t* frame, unsigned type) {
    memset(frame, 0xff, 6);
    memcpy(frame + 6, mac, 6);
    put16(frame + 12, type);
}

static void ask_who_the_gateway_is(void) {
    uint8_t frame[60] = {0};
    static const uint8_t request[] = {0, 1, 8, 0, 6, 4, 0, 1};  // Ethernet, IPv4, "who has"
    static const uint8_t own[] = {10, 0, 2, 15};
    ethernet(frame, 0x0806);
    memcpy(frame + 14, request, sizeof request);
    memcpy(frame + 22, mac, 6);
    memcpy(frame + 28, own, 4);
    memcpy(frame + 38, gateway, 4);
    send(frame, sizeof frame);
}

static void put_ip_checksum(uint8_t* header) {
    uint32_t sum = 0;
    for (unsigned i = 0; i < 20; i += 2) sum += (uint32_t)header[i] << 8 | header[i + 1];
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    put16(header + 10, ~sum & 0xffff);
}

#define IP_AT 14
#define UDP_AT (IP_AT + 20)
#define BOOTP_AT (UDP_AT + 8)
#define OPTIONS_AT (BOOTP_AT + 240)

static void ask_for_an_address(void) {
    static const uint8_t options[] = {53, 1, 1, 255};  // DHCPDISCOVER
    uint8_t frame[OPTIONS_AT + 60] = {0};
    unsigned ip_bytes = sizeof frame - IP_AT;
    ethernet(frame, 0x0800);
    frame[IP_AT] = 0x45;
    put16(frame + IP_AT + 2, ip_bytes);
    frame[IP_AT + 8] = 64;
    frame[IP_AT + 9] = 17;  // UDP, from 0.0.0.0 to everybody, without a checksum of its own
    memset(frame + IP_AT + 16, 0xff, 4);
    put_ip_checksum(frame + IP_AT);
    put16(frame + UDP_AT, 68);
    put16(frame + UDP_AT + 2, 67);
    put16(frame + UDP_AT + 4, ip_bytes - 20);
    frame[BOOTP_AT] = 1;
    frame[BOOTP_AT + 1] = 1;
    frame[BOOTP_AT + 2] = 6;
    memcpy(frame + BOOTP_AT + 4, "spin", 4);
    memcpy(frame + BOOTP_AT + 28, mac, 6);
    memcpy(frame + BOOTP_AT + 236, "\x63\x82\x53\x63", 4);
    memcpy(frame + OPTIONS_AT, options, sizeof options);
    send(frame, sizeof frame);
}

static bool told_the_gateway(const uint8_t* frame, unsigned length) {
    if (length < 42 || frame[12] != 8 || frame[13] != 6 || frame[21] != 2) return false;
    if (memcmp(frame + 28, gateway, 4) != 0) return false;
    const uint8_t* at = frame + 22;
    printf("10.0.2.2 is at %02x:%02x:%02x:%02x:%02x:%02x\n", at[0], at[1], at[2], at[3], at[4], at[5]);
    return true;
}

static bool told_an_address(const uint8_t* frame, unsigned length) {
    if (length < OPTIONS_AT || frame[12] != 8 || frame[13] != 0 || frame[IP_AT + 9] != 17) return false;
    if (frame[BOOTP_AT] != 2 || memcmp(frame + BOOTP_AT + 4, "spin", 4) != 0) return false;
    const uint8_t* at = frame + BOOTP_AT + 16;
    printf("offered %u.%u.%u.%u\n", at[0], at[1], at[2], at[3]);
    return true;
}

int main(void) {
    card = virtio_find(VIRTIO_NET);
    if (card < 0) {
        puts("no network card");
        power_off(2);
    }
    start_card();
    allow_waking();
    printf("card %02x:%02x:%02x:%02x:%02x:%02x\n", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
    ask_who_the_gateway_is();
    ask_for_an_address();
    for (bool gateway_known = false, address_known = false; !gateway_known || !address_known;) {
        unsigned length;
        const uint8_t* frame = receive(&length);
        if (!frame) {
            puts("no answer");
            power_off(1);
        }
        if (told_the_gateway(frame, length)) gateway_known = true;
        if (told_an_address(frame, length)) address_known = true;
    }
    power_off(0);
}
