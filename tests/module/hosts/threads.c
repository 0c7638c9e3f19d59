/*
 * Threads. Usage: threads MODULE MODE [STACK_KIB]
 *   together   ten threads make the first call at once, then all sign
 *   first-exits  the thread that made the first call ends, others go on
 *   small-stack  everything on a thread with a stack of that size; prints what C_Initialize answered
 *   cancel     threads are cancelled while they sign; nobody is stopped inside the module
 * Prints one signature, which all threads made.
 */
#include "host.h"

#include <pthread.h>

enum { THREADS = 10, ROUNDS = 5 };

static const char *module_path;
static pthread_barrier_t barrier;
static CK_RV first_answers[THREADS];
static CK_BYTE signatures[THREADS][SIGNATURE_LEN];
static CK_SESSION_HANDLE shared_login;

static CK_SESSION_HANDLE open_session(void)
{
    CK_SESSION_HANDLE session = 0;

    MUST_OK(p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session));
    return session;
}

static void sign_rounds(CK_BYTE *signature)
{
    CK_SESSION_HANDLE session = open_session();
    CK_OBJECT_HANDLE key = find_key(session);

    for (int i = 0; i < ROUNDS; i++)
        sign(session, key, signature);
    MUST_OK(p11->C_CloseSession(session));
}

static pthread_t start(void *(*body)(void *), size_t i, size_t stack)
{
    pthread_attr_t attributes;
    pthread_t thread;

    MUST(pthread_attr_init(&attributes) == 0);
    if (stack != 0)
        MUST(pthread_attr_setstacksize(&attributes, stack) == 0);
    MUST(pthread_create(&thread, &attributes, body, (void *)i) == 0);
    return thread;
}

static void *end_of(pthread_t thread)
{
    void *result = NULL;

    MUST(pthread_join(thread, &result) == 0);
    return result;
}

static void run_all(void *(*body)(void *))
{
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        threads[i] = start(body, i, 0);
    for (size_t i = 0; i < THREADS; i++)
        end_of(threads[i]);
}

static void check_signatures(void)
{
    for (int i = 1; i < THREADS; i++)
        MUST(memcmp(signatures[0], signatures[i], SIGNATURE_LEN) == 0);
    print_hex(signatures[0], SIGNATURE_LEN);
}

/* ---- together ---- */

static void *initialize_and_sign(void *number)
{
    size_t i = (size_t)number;

    pthread_barrier_wait(&barrier);
    first_answers[i] = p11->C_Initialize(NULL);
    pthread_barrier_wait(&barrier);
    if (first_answers[i] == CKR_OK)
        shared_login = open_logged_in();
    pthread_barrier_wait(&barrier);
    sign_rounds(signatures[i]);
    return NULL;
}

static void count_first_answers(void)
{
    int winners = 0;

    for (int i = 0; i < THREADS; i++) {
        MUST(first_answers[i] == CKR_OK || first_answers[i] == CKR_CRYPTOKI_ALREADY_INITIALIZED);
        winners += first_answers[i] == CKR_OK;
    }
    MUST(winners == 1);
}

static void together(size_t stack)
{
    (void)stack;
    MUST(pthread_barrier_init(&barrier, NULL, THREADS) == 0);
    run_all(initialize_and_sign);
    count_first_answers();
    check_signatures();
}

/* ---- first-exits ---- */

static void *initialize_and_log_in(void *unused)
{
    (void)unused;
    MUST_OK(p11->C_Initialize(NULL));
    shared_login = open_logged_in();
    return NULL;
}

static void *only_sign(void *number)
{
    sign_rounds(signatures[(size_t)number]);
    return NULL;
}

static void first_exits(size_t stack)
{
    (void)stack;
    end_of(start(initialize_and_log_in, 0, 0));
    run_all(only_sign);
    sign_rounds(signatures[0]);
    check_signatures();
    MUST_OK(p11->C_Finalize(NULL));
    end_of(start(initialize_and_log_in, 0, 0));
}

/* ---- small-stack ---- */

static void *use_everything(void *number)
{
    CK_RV answer;

    answer = p11->C_Initialize(NULL);
    printf("0x%lx\n", answer);
    if (answer == CKR_OK) {
        open_logged_in();
        sign_rounds(signatures[(size_t)number]);
        print_hex(signatures[(size_t)number], SIGNATURE_LEN);
        MUST_OK(p11->C_Finalize(NULL));
    }
    return NULL;
}

static void small_stack(size_t stack)
{
    end_of(start(use_everything, 0, stack));
}

/* ---- cancel ---- */

static void *sign_until_cancelled(void *number)
{
    CK_SESSION_HANDLE session = open_session();
    CK_OBJECT_HANDLE key = find_key(session);

    pthread_barrier_wait(&barrier);
    for (;;) {
        sign(session, key, signatures[(size_t)number]);
        pthread_testcancel();
    }
    return NULL;
}

/* The request is pending when the call begins; the module has cancellation points by the dozen inside. */
static void *sign_once_cancelled(void *number)
{
    CK_SESSION_HANDLE session = open_session();
    CK_OBJECT_HANDLE key = find_key(session);

    MUST(pthread_cancel(pthread_self()) == 0);
    sign(session, key, signatures[(size_t)number]);
    pthread_testcancel();
    return NULL;
}

static void cancel(size_t stack)
{
    pthread_t thread;

    (void)stack;
    MUST(pthread_barrier_init(&barrier, NULL, 2) == 0);
    initialize_and_log_in(NULL);
    for (size_t i = 0; i < THREADS - 1; i++) {
        thread = start(sign_until_cancelled, i, 0);
        pthread_barrier_wait(&barrier);
        MUST(pthread_cancel(thread) == 0);
        MUST(end_of(thread) == PTHREAD_CANCELED);
    }
    MUST(end_of(start(sign_once_cancelled, THREADS - 1, 0)) == PTHREAD_CANCELED);
    check_signatures();
    sign_rounds(signatures[0]);
}

static const struct {
    const char *name;
    void (*run)(size_t stack);
} modes[] = {
    {"together", together}, {"first-exits", first_exits}, {"small-stack", small_stack}, {"cancel", cancel},
};

int main(int argc, char **argv)
{
    MUST(argc >= 3);
    module_path = argv[1];
    load(module_path);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(argv[2], modes[i].name) == 0)
            modes[i].run(argc > 3 ? strtoul(argv[3], NULL, 10) * 1024 : 0);
    return 0;
}
