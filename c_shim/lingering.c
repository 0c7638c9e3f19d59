/*
 * PC/SC transactions that stay open for a moment. Each is ended by a thread of its own, without Python: a host may hold
 * Python's lock while it waits for the very card.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#define PCSC_LIBRARY "libpcsclite.so.1" /* the one that pyscard has loaded */
#define LEAVE_CARD 0

#define MAX_ENDING_S 1 /* for which a fork waits for the service */

enum state { OPEN, ENDING, OVER };

struct lingering {
    struct lingering *next;
    struct timespec end;
    long card;
    enum state state; /* of the transaction */
    int users;        /* the thread, the connection */
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct lingering *first;
    long (*end_transaction)(long card, unsigned long disposition);
    bool has_forked; /* a child has the line to the service too, and would keep open what a killed parent leaves */
} lingerings = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* All functions below are called with the lock, unless they take it. */

static struct timespec after(time_t seconds, long nanoseconds)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_nsec += nanoseconds;
    time.tv_sec += seconds + time.tv_nsec / 1000000000L;
    time.tv_nsec %= 1000000000L;
    return time;
}

static void let_go(struct lingering *it)
{
    struct lingering **place = &lingerings.first;

    if (--it->users > 0)
        return;
    while (*place != it)
        place = &(*place)->next;
    *place = it->next;
    free(it);
}

/* Without the lock meanwhile: nothing else has to wait for the service. */
static void end_transaction(struct lingering *it)
{
    it->state = ENDING;
    pthread_mutex_unlock(&lingerings.lock);
    lingerings.end_transaction(it->card, LEAVE_CARD);
    pthread_mutex_lock(&lingerings.lock);
    it->state = OVER;
    pthread_cond_broadcast(&lingerings.changed);
}

static void *await_end(void *started)
{
    struct lingering *it = started;

    pthread_mutex_lock(&lingerings.lock);
    while (it->state == OPEN && pthread_cond_timedwait(&lingerings.changed, &lingerings.lock, &it->end) == 0)
        ;
    if (it->state == OPEN)
        end_transaction(it);
    let_go(it);
    pthread_mutex_unlock(&lingerings.lock);
    return NULL;
}

static bool is_any_open(void)
{
    for (struct lingering *it = lingerings.first; it != NULL; it = it->next)
        if (it->state != OVER)
            return true;
    return false;
}

/* What lingers ends now. */
static void before_fork(void)
{
    struct timespec last = after(MAX_ENDING_S, 0);

    pthread_mutex_lock(&lingerings.lock);
    lingerings.has_forked = true;
    for (struct lingering *it = lingerings.first; it != NULL; it = it->next)
        it->end = (struct timespec){0, 0};
    pthread_cond_broadcast(&lingerings.changed);
    while (is_any_open() && pthread_cond_timedwait(&lingerings.changed, &lingerings.lock, &last) == 0)
        ;
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&lingerings.lock);
}

static void prepare(void)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&lingerings.lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&lingerings.changed, &attributes);
    pthread_condattr_destroy(&attributes);
    lingerings.first = NULL; /* in a child they are the parent's */
    lingerings.has_forked = false;
}

__attribute__((constructor)) static void watch_forks(void)
{
    prepare();
    pthread_atfork(before_fork, after_fork_in_parent, prepare);
}

static bool find_library(void)
{
    void *library;

    if (lingerings.end_transaction != NULL)
        return true;
    library = dlopen(PCSC_LIBRARY, RTLD_LAZY | RTLD_NOLOAD);
    if (library != NULL)
        lingerings.end_transaction = (long (*)(long, unsigned long))dlsym(library, "SCardEndTransaction");
    return lingerings.end_transaction != NULL;
}

/* The host's signal handlers shall not run in it. */
static bool start_thread(struct lingering *it)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    pthread_t thread;
    int failure;

    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    failure = pthread_create(&thread, &attributes, await_end, it);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return failure == 0;
}

static struct lingering *start_lingering(long card, unsigned milliseconds)
{
    struct lingering *it = calloc(1, sizeof *it);

    if (it == NULL)
        return NULL;
    *it = (struct lingering){.card = card, .state = OPEN, .users = 2, .next = lingerings.first};
    it->end = after((time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000L);
    if (!start_thread(it)) {
        free(it);
        return NULL;
    }
    lingerings.first = it;
    return it;
}

/* Have the card's transaction ended after a time; NULL where nobody can, so that the caller has to do it now. */
static struct lingering *keep_transaction(long card, unsigned milliseconds)
{
    struct lingering *it;

    pthread_mutex_lock(&lingerings.lock);
    it = find_library() && !lingerings.has_forked ? start_lingering(card, milliseconds) : NULL;
    pthread_mutex_unlock(&lingerings.lock);
    return it;
}

/* Whether the transaction is still open, which then is the caller's again; to be called once. */
static bool take_transaction(struct lingering *it)
{
    bool is_open;

    pthread_mutex_lock(&lingerings.lock);
    while (it->state == ENDING)
        pthread_cond_wait(&lingerings.changed, &lingerings.lock);
    is_open = it->state == OPEN;
    it->state = OVER;
    pthread_cond_broadcast(&lingerings.changed);
    let_go(it);
    pthread_mutex_unlock(&lingerings.lock);
    return is_open;
}
