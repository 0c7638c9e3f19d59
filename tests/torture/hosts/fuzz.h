/* What the fuzzer and its arguments share: the functions, chance, memory. */
#ifndef FUZZ_H
#define FUZZ_H

#include "host.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    MAX_PARAMETERS = 10,
    MAX_ANSWERS = 64,
    PLACES = 64,           /* of the arena */
    PLACE_LEN = 64 * 1024, /* room for every answer there is */
    KNOWN = 12,            /* handles that are remembered */
    RIGHT = 2,             /* the first of them: a private key and its public key */
    MAX_ROWS = 6,
    MAX_PINS_LEN = 4096,
    CALL_S = 60, /* one call never takes as long */
    RESTORE_EVERY = 64,
};

typedef CK_ULONG word;
typedef CK_RV (*function)(word, word, word, word, word, word, word, word, word, word);

struct row {
    const char *name, *parameters;
    bool is_stub;
    char *types[MAX_PARAMETERS], *names[MAX_PARAMETERS];
    int count;
    function call;
    struct {
        CK_RV rv;
        unsigned long times;
    } answers[MAX_ANSWERS];
};

/* p11-kit's header has it from version 0.25 on. */
struct interface {
    CK_UTF8CHAR *name;
    function *list; /* the first is a version instead */
    CK_FLAGS flags;
};

static word sessions[KNOWN], objects[KNOWN];
static const struct row *current;

/* ---- chance ---- */

static uint64_t state;

static uint64_t chance(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545F4914F6CDD1DULL;
}

static word below(word limit)
{
    return (word)(chance() >> 32) % limit;
}

static bool percent(word share)
{
    return below(100) < share;
}

#define ONE_OF(array) ((array)[below(sizeof(array) / sizeof *(array))])

/* Lengths and numbers that nobody may believe. */
static word wild(void)
{
    static const word choices[] = {(1UL << 40) + 1, 1UL << 47, 1UL << 62, (1UL << 63) - 1, 1UL << 63, ~0UL - 7, ~0UL};

    return percent(70) ? ONE_OF(choices) : chance() | 1UL << 60;
}

static word number(void)
{
    return percent(50) ? below(64) : percent(50) ? chance() : wild();
}

/* ---- memory ---- */

static CK_BYTE *arena;
static size_t page;
static unsigned next_place;

static void make_arena(void)
{
    page = (size_t)sysconf(_SC_PAGESIZE);
    arena = mmap(NULL, PLACES * (PLACE_LEN + page), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(arena != MAP_FAILED);
    for (size_t i = 0; i < PLACES; i++)
        MUST(mprotect(arena + i * (PLACE_LEN + page), PLACE_LEN, PROT_READ | PROT_WRITE) == 0);
}

/* Memory that ends where reading on is a fault; what was in it before is still there. */
static CK_BYTE *memory(size_t size)
{
    size_t place = next_place++ % PLACES;

    MUST(size <= PLACE_LEN);
    return arena + place * (PLACE_LEN + page) + PLACE_LEN - size;
}

/* Size and address of the last memory passed, for the length that comes next. */
static word pending;
static bool is_null;

static word pass(CK_BYTE *bytes, word size)
{
    is_null = percent(4);
    pending = size;
    return is_null ? 0 : (word)bytes;
}

static word some_size(void)
{
    static const word choices[] = {0, 1, 16, 20, 31, 32, 35, 51, 64, 245, 246, 255, 256, 256, 257, 512, 1024, 4096};

    static word last;

    if (percent(70))
        last = percent(80) ? ONE_OF(choices) : below(2048);
    return last;
}

static word some_bytes(word unit)
{
    word count = some_size() / unit;
    CK_BYTE *bytes = memory(count * unit);

    memset(bytes, 'A', count * unit);
    if (count > 0 && percent(10))
        bytes[below(count * unit)] = (CK_BYTE)chance();
    return pass(bytes, count);
}

/* A length: right, too short, or wild, which only what is not to be believed may be. */
static word length(word size)
{
    return percent(80) ? size : below(size + 1);
}

#endif
