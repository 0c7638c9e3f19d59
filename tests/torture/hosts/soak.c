/*
 * The same over and over. Usage: soak MODULE SIGNATURES ROUNDS
 * Prints two lines of numbers, `signatures` and then `rounds`, each after its name:
 *   bytes resident after the warm-up and at the end, open files then and then, threads then and then,
 *   nanoseconds of CPU time that one takes, the median of the first tenth and of the last
 * The warm-up is another tenth, before the first.
 */
#include "host.h"

#include <dirent.h>
#include <time.h>
#include <unistd.h>

enum { PARTS = 10 };

struct figures {
    long memory, files, threads;
};

static CK_BYTE expected[SIGNATURE_LEN];

static long count_entries(const char *folder)
{
    DIR *directory = opendir(folder);
    long count = 0;

    MUST(directory != NULL);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

static struct figures measure(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long all, resident;

    MUST(file != NULL && fscanf(file, "%ld %ld", &all, &resident) == 2);
    fclose(file);
    return (struct figures){
        resident * sysconf(_SC_PAGESIZE), count_entries("/proc/self/fd"), count_entries("/proc/self/task")};
}

static long cpu_ns(void)
{
    struct timespec now;

    MUST(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
    return now.tv_sec * 1000000000L + now.tv_nsec;
}

static int compare(const void *left, const void *right)
{
    long difference = *(const long *)left - *(const long *)right;

    return (difference > 0) - (difference < 0);
}

static long median(long *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

/* PKCS#1 v1.5 is deterministic: whatever is signed here is the same. */
static void sign_once(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_BYTE signature[SIGNATURE_LEN];

    sign(session, key, signature);
    MUST(memcmp(signature, expected, sizeof expected) == 0);
}

static void sign_in_session(void)
{
    static CK_SESSION_HANDLE session;
    static CK_OBJECT_HANDLE key;

    if (session == 0) {
        session = open_logged_in();
        key = find_key(session);
    }
    sign_once(session, key);
}

static void live_a_life(void)
{
    CK_SESSION_HANDLE session;

    MUST_OK(p11->C_Initialize(NULL));
    session = open_logged_in();
    sign_once(session, find_key(session));
    MUST_OK(p11->C_Finalize(NULL));
}

static void soak(const char *name, void (*once)(void), size_t count)
{
    size_t part = count / PARTS;
    long *times = malloc(count * sizeof *times);
    struct figures before, after;

    MUST(part > 0 && times != NULL);
    memset(times, 0, count * sizeof *times); /* resident from the start */
    for (size_t i = 0; i < part; i++)
        once();
    before = measure();
    for (size_t i = 0; i < count; i++) {
        long start = cpu_ns();

        once();
        times[i] = cpu_ns() - start;
    }
    after = measure();
    printf("%s %ld %ld %ld %ld %ld %ld %ld %ld\n", name, before.memory, after.memory, before.files, after.files,
           before.threads, after.threads, median(times, part), median(times + count - part, part));
    free(times);
}

int main(int argc, char **argv)
{
    CK_SESSION_HANDLE session;

    MUST(argc == 4);
    load(argv[1]);
    MUST_OK(p11->C_Initialize(NULL));
    session = open_logged_in();
    sign(session, find_key(session), expected);
    MUST_OK(p11->C_CloseSession(session));
    soak("signatures", sign_in_session, strtoul(argv[2], NULL, 10));
    MUST_OK(p11->C_Finalize(NULL));
    soak("rounds", live_a_life, strtoul(argv[3], NULL, 10));
    return 0;
}
