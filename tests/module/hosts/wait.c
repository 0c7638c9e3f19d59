/*
 * What happens to a program while one of its threads waits for a slot event. Usage: wait MODULE MODE
 *   exit       the program ends by exit(); nobody has finalised the module
 *   _exit      by _exit()
 *   terminated by a signal
 *   atexit     by exit(), and what it has registered finalises the module: the thread is told
 *   cancel     the thread is cancelled, and ends; the module goes on working
 *   signals    the thread is interrupted by signals that the program handles: it waits on
 *   fork       the program forks: both sign
 *   late       the thread begins to wait after the module was finalised
 * Prints a signature where one is made.
 */
#include "host.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIGNALS = 20, LONG_MS = 300, SHORT_MS = 10, EXIT_STATUS = 3 };

static pthread_t waiting;
static volatile sig_atomic_t handled;

/* Nothing that is checked depends on how long it is: a thread that has not come to wait yet is as good. */
static void give_time(long milliseconds)
{
    struct timespec time = {0, milliseconds * 1000000};

    while (nanosleep(&time, &time) != 0)
        ;
}

static void *wait_for_event(void *answer)
{
    CK_SLOT_ID slot;

    *(CK_RV *)answer = p11->C_WaitForSlotEvent(0, &slot, NULL);
    return NULL;
}

static CK_RV answer = CKR_OK;

static void begin_to_wait(void)
{
    MUST(pthread_create(&waiting, NULL, wait_for_event, &answer) == 0);
    give_time(LONG_MS);
}

static void *end_of_waiting(void)
{
    void *result = NULL;

    MUST(pthread_join(waiting, &result) == 0);
    return result;
}

static void finalize(void)
{
    MUST_OK(p11->C_Finalize(NULL));
    MUST(end_of_waiting() == NULL);
    MUST(answer == CKR_CRYPTOKI_NOT_INITIALIZED);
}

static void print_signature(void)
{
    CK_BYTE signature[SIGNATURE_LEN];
    CK_SESSION_HANDLE session = open_logged_in();

    sign(session, find_key(session), signature);
    print_hex(signature, sizeof signature);
    MUST_OK(p11->C_CloseSession(session));
}

static void end_by_exit(void)
{
    begin_to_wait();
    exit(EXIT_STATUS);
}

static void end_at_once(void)
{
    begin_to_wait();
    _exit(EXIT_STATUS);
}

static void end_by_signal(void)
{
    begin_to_wait();
    raise(SIGTERM);
}

static void finalize_at_exit(void)
{
    MUST(atexit(finalize) == 0);
    begin_to_wait();
    exit(EXIT_STATUS);
}

static void cancel(void)
{
    begin_to_wait();
    MUST(pthread_cancel(waiting) == 0);
    MUST(end_of_waiting() == PTHREAD_CANCELED);
    print_signature();
    begin_to_wait();
    finalize();
}

static void count(int number)
{
    (void)number;
    handled++;
}

static void interrupt(void)
{
    struct sigaction action = {.sa_handler = count}; /* without SA_RESTART */

    MUST(sigaction(SIGUSR1, &action, NULL) == 0);
    begin_to_wait();
    for (int i = 0; i < SIGNALS; i++) {
        MUST(pthread_kill(waiting, SIGUSR1) == 0);
        give_time(SHORT_MS);
    }
    MUST(handled > 0);
    print_signature();
    finalize();
}

static void fork_meanwhile(void)
{
    int status = 0;
    pid_t child;

    begin_to_wait();
    child = fork();
    MUST(child >= 0);
    if (child == 0) {
        MUST_OK(p11->C_Initialize(NULL));
        print_signature();
        fflush(stdout);
        MUST_OK(p11->C_Finalize(NULL));
        _exit(0);
    }
    MUST(waitpid(child, &status, 0) == child && status == 0);
    print_signature();
    finalize();
}

static void wait_too_late(void)
{
    CK_SLOT_ID slot;

    MUST_OK(p11->C_Finalize(NULL));
    MUST_BE(CKR_CRYPTOKI_NOT_INITIALIZED, p11->C_WaitForSlotEvent(0, &slot, NULL));
}

static const struct {
    const char *name;
    void (*run)(void);
} modes[] = {
    {"exit", end_by_exit}, {"_exit", end_at_once},   {"terminated", end_by_signal}, {"atexit", finalize_at_exit},
    {"cancel", cancel},    {"signals", interrupt}, {"fork", fork_meanwhile},      {"late", wait_too_late},
};

int main(int argc, char **argv)
{
    MUST(argc == 3);
    load(argv[1]);
    MUST_OK(p11->C_Initialize(NULL));
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(argv[2], modes[i].name) == 0)
            modes[i].run();
    return 0;
}
