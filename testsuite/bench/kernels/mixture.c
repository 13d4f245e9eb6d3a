// What small controllers do all day, in the proportions of a well-known benchmark of them: lists are
// searched, reversed and sorted, small matrices of 16-bit numbers multiplied, texts of numbers classified by
// a state machine, and all results folded into a CRC-16 bit by bit.
#include "kernels.h"

static uint16_t crc16(uint16_t crc, uint16_t value) {
    for (int bit = 0; bit < 16; ++bit) {
        const uint16_t differ = (uint16_t)((crc ^ value) & 1);
        crc = (uint16_t)(crc >> 1 ^ (differ ? 0xa001 : 0));
        value = (uint16_t)(value >> 1);
    }
    return crc;
}

// ---- lists

enum { ITEMS = 120 };

struct content {
    int16_t value, place;
};

struct item {
    struct item* next;
    struct content* content;
};

typedef int32_t comparison(const struct content* left, const struct content* right);

static struct item items[ITEMS];
static struct content contents[ITEMS];

static __attribute__((noinline)) int32_t by_value(const struct content* left, const struct content* right) {
    return left->value - right->value;
}

static __attribute__((noinline)) int32_t by_place(const struct content* left, const struct content* right) {
    return left->place - right->place;
}

static struct item* make_list(uint32_t seed) {
    for (uint32_t i = 0; i < ITEMS; ++i) {
        contents[i].value = (int16_t)(next_random(&seed) & 0x7ff);
        contents[i].place = (int16_t)i;
        items[i].content = &contents[i];
        items[i].next = i + 1 < ITEMS ? &items[i + 1] : 0;
    }
    return items;
}

static __attribute__((noinline)) struct item* reversed(struct item* list) {
    struct item* before = 0;
    while (list) {
        struct item* const next = list->next;
        list->next = before;
        before = list;
        list = next;
    }
    return before;
}

static __attribute__((noinline)) const struct item* find(const struct item* list, int16_t value) {
    while (list && list->content->value != value) list = list->next;
    return list;
}

static struct item* merged(struct item* left, struct item* right, comparison* compare) {
    struct item* first = 0;
    struct item** end = &first;
    while (left && right) {
        struct item** const smaller = compare(left->content, right->content) <= 0 ? &left : &right;
        *end = *smaller;
        end = &(*smaller)->next;
        *smaller = *end;
    }
    *end = left ? left : right;
    return first;
}

static struct item* sorted(struct item* list, comparison* compare) {
    if (!list || !list->next) return list;
    struct item* middle = list;
    for (struct item* fast = list->next; fast && fast->next; fast = fast->next->next) middle = middle->next;
    struct item* const right = middle->next;
    middle->next = 0;
    return merged(sorted(list, compare), sorted(right, compare), compare);
}

static uint16_t lists(uint32_t seed, uint16_t crc) {
    struct item* list = make_list(seed);
    for (int16_t value = 0; value < 20; ++value) {
        list = reversed(list);
        const struct item* const found = find(list, (int16_t)(contents[value].value ^ (value & 1)));
        crc = crc16(crc, found ? (uint16_t)found->content->place : 0xffff);
    }
    list = sorted(list, by_value);
    for (const struct item* at = list; at; at = at->next) crc = crc16(crc, (uint16_t)at->content->value);
    list = sorted(list, by_place);
    return crc16(crc, (uint16_t)list->content->value);
}

// ---- matrices

enum { SIZE = 10 };

static int16_t left[SIZE][SIZE], right[SIZE][SIZE];
static int32_t product[SIZE][SIZE];

static __attribute__((noinline)) void multiply(void) {
    for (uint32_t i = 0; i < SIZE; ++i) {
        for (uint32_t j = 0; j < SIZE; ++j) {
            int32_t sum = 0;
            for (uint32_t k = 0; k < SIZE; ++k) sum += (int32_t)left[i][k] * right[k][j];
            product[i][j] = sum;
        }
    }
}

// Some bits of each product with some others, as fixed-point filters take them.
static __attribute__((noinline)) int32_t sum_of_bits(void) {
    int32_t sum = 0, last = 0;
    for (uint32_t i = 0; i < SIZE; ++i) {
        for (uint32_t j = 0; j < SIZE; ++j) {
            const int32_t now = (product[i][j] >> 2 & 15) * (product[i][j] >> 5 & 127);
            sum += now > last ? 10 : now;
            last = now;
        }
    }
    return sum;
}

static uint16_t matrices(uint32_t seed, uint16_t crc) {
    for (uint32_t i = 0; i < SIZE; ++i) {
        for (uint32_t j = 0; j < SIZE; ++j) {
            left[i][j] = (int16_t)(next_random(&seed) & 0xff);
            right[i][j] = (int16_t)(left[i][j] + (int16_t)(i * j));
        }
    }
    for (int16_t round = 0; round < 3; ++round) {
        for (uint32_t i = 0; i < SIZE; ++i) left[i][i] = (int16_t)(left[i][i] + round);
        multiply();
        crc = crc16(crc, (uint16_t)sum_of_bits());
    }
    return crc;
}

// ---- texts

enum state { START, SIGN, INTEGER, POINT, FRACTION, EXPONENT, EXPONENT_SIGN, SCALE, INVALID, STATES };

static int is_digit(char c) {
    return c >= '0' && c <= '9';
}

static enum state after(enum state state, char c) {
    switch (state) {
        case START: return is_digit(c) ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? POINT : INVALID;
        case SIGN: return is_digit(c) ? INTEGER : c == '.' ? POINT : INVALID;
        case INTEGER: return is_digit(c) ? INTEGER : c == '.' ? FRACTION : c == 'e' ? EXPONENT : INVALID;
        case POINT: return is_digit(c) ? FRACTION : INVALID;
        case FRACTION: return is_digit(c) ? FRACTION : c == 'e' ? EXPONENT : INVALID;
        case EXPONENT: return is_digit(c) ? SCALE : c == '+' || c == '-' ? EXPONENT_SIGN : INVALID;
        case EXPONENT_SIGN:
        case SCALE: return is_digit(c) ? SCALE : INVALID;
        default: return INVALID;
    }
}

static const char* const words[] = {"5012",        "-35.54400", "+0.64e3", "T0.3e-1F", ".1234500",
                                    "-110.700e-5", "7e+9",      "--5",     "12x4"};
enum { WORDS = sizeof words / sizeof words[0], TEXT = 600 };

static char text[TEXT];

static void write_words(uint32_t seed) {
    uint32_t length = 0;
    for (;;) {
        const char* word = words[next_random(&seed) % WORDS];
        const uint32_t begin = length;
        while (*word && length + 2 < TEXT) text[length++] = *word++;
        if (*word) {
            text[begin] = 0;
            return;
        }
        text[length++] = ',';
    }
}

static __attribute__((noinline)) uint16_t classify(uint16_t crc) {
    uint32_t ends[STATES] = {0}, visits[STATES] = {0};
    enum state state = START;
    for (const char* at = text; *at; ++at) {
        if (*at == ',') {
            ++ends[state];
            state = START;
        } else {
            state = after(state, *at);
            ++visits[state];
        }
    }
    for (uint32_t i = 0; i < STATES; ++i) crc = crc16(crc16(crc, (uint16_t)ends[i]), (uint16_t)visits[i]);
    return crc;
}

static uint16_t texts(uint32_t seed, uint16_t crc) {
    write_words(seed);
    crc = classify(crc);
    for (uint32_t i = 0; text[i]; i += 7)
        if (text[i] != ',') text[i] ^= 1;
    return classify(crc);
}

uint64_t mixture(uint32_t rounds) {
    uint32_t seed = 1013904223u;
    uint64_t checksum = 0;
    for (uint32_t round = 0; round < rounds; ++round) {
        const uint16_t crc = texts(seed, matrices(seed, lists(seed, (uint16_t)round)));
        next_random(&seed);
        checksum = checksum * 31 + crc;
    }
    return checksum;
}
