// What CoreMark's own sources ask to be told of a platform. They are not part of this project: `compare
// --coremark FOLDER` takes them, unchanged, from where its user has them. Names are theirs.
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef int16_t ee_s16;
typedef uint16_t ee_u16;
typedef int32_t ee_s32;
typedef uint32_t ee_u32;
typedef uint8_t ee_u8;
typedef double ee_f32;
typedef uintptr_t ee_ptr_int;
typedef size_t ee_size_t;
typedef uint32_t CORE_TICKS;
typedef struct {
    ee_u8 portable_id;
} core_portable;

#define align_mem(at) (void*)(((ee_ptr_int)(at) + 3) & ~(ee_ptr_int)3)

#define HAS_FLOAT 0
#define HAS_STDIO 0
#define HAS_PRINTF 0
#define SEED_METHOD SEED_VOLATILE
#define MEM_METHOD MEM_STATIC
#define MEM_LOCATION "static"
#define MULTITHREAD 1
#define MAIN_HAS_NOARGC 1
#define MAIN_HAS_NORETURN 0
#define COMPILER_VERSION __VERSION__
#define COMPILER_FLAGS ""

extern ee_u32 default_num_contexts;

void portable_init(core_portable* port, int* count, char* arguments[]);
void portable_fini(core_portable* port);
int ee_printf(const char* format, ...);
