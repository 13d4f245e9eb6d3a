// Quicksort (Hoare's partition) with insertion sort below, comparing through a pointer as qsort does.
#include "kernels.h"

enum { COUNT = 20000, SMALL = 12 };

typedef int comparison(uint32_t, uint32_t);

static __attribute__((noinline)) int ascending(uint32_t a, uint32_t b) {
    return a < b ? -1 : a > b;
}

static void insertion_sort(uint32_t* items, long count, comparison* compare) {
    for (long i = 1; i < count; ++i) {
        const uint32_t item = items[i];
        long place = i;
        for (; place > 0 && compare(items[place - 1], item) > 0; --place) items[place] = items[place - 1];
        items[place] = item;
    }
}

static long partition(uint32_t* items, long count, comparison* compare) {
    const uint32_t pivot = items[count / 2];
    long low = -1, high = count;
    for (;;) {
        do ++low;
        while (compare(items[low], pivot) < 0);
        do --high;
        while (compare(items[high], pivot) > 0);
        if (low >= high) return high + 1;
        const uint32_t item = items[low];
        items[low] = items[high];
        items[high] = item;
    }
}

static void quicksort(uint32_t* items, long count, comparison* compare) {
    while (count > SMALL) {
        const long middle = partition(items, count, compare);
        quicksort(items, middle, compare);
        items += middle;
        count -= middle;
    }
    insertion_sort(items, count, compare);
}

uint64_t sort(uint32_t rounds) {
    uint32_t* const items = (uint32_t*)work;
    comparison* volatile compare = ascending;  // volatile: the compiler must not see through the pointer
    uint32_t random = 12345;
    uint64_t checksum = 0;
    for (uint32_t round = 0; round < rounds; ++round) {
        for (uint32_t i = 0; i < COUNT; ++i) items[i] = next_random(&random);
        quicksort(items, COUNT, compare);
        for (uint32_t i = 1; i < COUNT; ++i) checksum += items[i - 1] <= items[i];
        checksum = checksum * 31 + items[COUNT / 2];
    }
    return checksum;
}
