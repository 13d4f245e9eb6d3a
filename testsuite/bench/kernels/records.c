// What programs did that systems were first compared by: short procedures with parameters of all kinds,
// records that are assigned whole and reached through pointers, enumerations, strings of thirty characters,
// no loops to speak of.
#include "kernels.h"

enum { NAME = 31, SHELVES = 50 };
enum kind { TOOL, PART, PAPER, KINDS };

struct record {
    struct record* other;
    enum kind kind;
    int32_t count, price;
    char name[NAME];
};

static struct record first, second;
static int32_t shelf[SHELVES], stock[SHELVES][SHELVES];
static int32_t total;
static char marked;

static __attribute__((noinline)) void copy_text(char* to, const char* from) {
    while ((*to++ = *from++)) {
    }
}

static __attribute__((noinline)) int32_t compare_texts(const char* left, const char* right) {
    while (*left && *left == *right) ++left, ++right;
    return (uint8_t)*left - (uint8_t)*right;
}

static __attribute__((noinline)) int32_t is_kind_of(char left, char right) {
    const char same = left;
    if (same != right) return 0;
    marked = left;
    return 1;
}

static __attribute__((noinline)) enum kind kind_after(enum kind kind) {
    switch (kind) {
        case TOOL: return total > 100 ? TOOL : PAPER;
        case PART: return TOOL;
        default: return PART;
    }
}

static __attribute__((noinline)) void add_price(int32_t price, int32_t count, int32_t* sum) {
    *sum = price + 2 + count;
}

static __attribute__((noinline)) void fill_shelf(int32_t* one, int32_t (*many)[SHELVES], int32_t at,
                                                 int32_t value) {
    const int32_t place = at + 5;
    one[place] = value;
    one[place + 1] = one[place];
    one[place + 30] = place;
    for (int32_t i = place; i <= place + 1; ++i) many[place][i] = place;
    ++many[place][place - 1];
    many[place + 10][place] = one[place];
    total = 5;
}

static __attribute__((noinline)) int32_t texts_differ(const char* left, const char* right) {
    int32_t at = 2;
    while (at <= 2)
        if (!is_kind_of(left[at], right[at + 1])) ++at;
    return compare_texts(left, right) > 0 ? (total = at + 7, 1) : 0;
}

static __attribute__((noinline)) void exchange(struct record* from) {
    struct record* const to = from->other;
    *to = first;
    from->count = 5;
    to->count = from->count;
    to->other = from->other;
    if (to->kind == TOOL) {
        to->count = 6;
        to->kind = kind_after(from->kind);
        add_price(to->count, 10, &to->price);
    } else {
        *from = *to;
    }
}

static __attribute__((noinline)) int32_t one_round(int32_t round) {
    char name[NAME], other_name[NAME];
    int32_t sum = 0, count = 2;
    enum kind kind = PART;
    marked = 'A';
    copy_text(name, "STORE OF SMALL THINGS, 1ST ROW");
    copy_text(other_name, "STORE OF SMALL THINGS, 2ND ROW");
    const int32_t differ = !texts_differ(name, other_name);
    while (count < 3) {
        sum = 5 * count - 3;
        add_price(count, 3, &sum);
        ++count;
    }
    fill_shelf(shelf, stock, count + round % 5, sum);
    first.kind = (enum kind)(round % KINDS);
    exchange(&first);
    for (char letter = 'A'; letter <= marked + 1; ++letter)
        if (is_kind_of(letter, 'C')) kind = kind_after(kind);
    count = count * (sum | 1);
    sum = count / ((total & 7) + 1);
    return 7 * (count - sum) - count + differ + (int32_t)kind + second.price;
}

uint64_t records(uint32_t rounds) {
    for (int32_t i = 0; i < SHELVES; ++i) {
        shelf[i] = 0;
        for (int32_t j = 0; j < SHELVES; ++j) stock[i][j] = 0;
    }
    first = (struct record){&second, TOOL, 40, 0, ""};
    second = (struct record){&second, PART, 0, 0, ""};
    copy_text(first.name, "SCREWS, BRASS, IN BOXES OF TEN");
    total = 0;
    uint64_t checksum = 0;
    for (uint32_t round = 0; round < rounds; ++round) {
        checksum = checksum * 31 + (uint64_t)(int64_t)one_round((int32_t)(round & 0xffff));
        first.other = &second;
    }
    for (int32_t i = 0; i < SHELVES; ++i)
        checksum = checksum * 31 + (uint64_t)(int64_t)(shelf[i] + stock[i][i]);
    return checksum + (uint64_t)compare_texts(first.name, second.name);
}
