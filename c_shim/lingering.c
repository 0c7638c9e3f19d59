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

struct lingering {
    struct lingering *next;
    struct timespec end;
    long card;
    bool is_open;
    int users; /* the thread, the connection */
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct lingering *first;
    long (*end_transaction)(long card, unsigned long disposition);
    bool is_prepared;
} lingerings = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* All functions below are called with the lock, unless they take it. */

static void close_transaction(struct lingering *it)
{
    if (it->is_open)
        lingerings.end_transaction(it->card, LEAVE_CARD);
    it->is_open = false;
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

static void *await_end(void *started)
{
    struct lingering *it = started;
    sigset_t all;

    sigfillset(&all); /* the host's handlers shall not run here */
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    pthread_mutex_lock(&lingerings.lock);
    while (it->is_open && pthread_cond_timedwait(&lingerings.changed, &lingerings.lock, &it->end) == 0)
        ;
    close_transaction(it);
    let_go(it);
    pthread_mutex_unlock(&lingerings.lock);
    return NULL;
}

/* A child has the line to the service too, which keeps a transaction open that the parent leaves behind. */
static void before_fork(void)
{
    pthread_mutex_lock(&lingerings.lock);
    for (struct lingering *it = lingerings.first; it != NULL; it = it->next)
        close_transaction(it);
    pthread_cond_broadcast(&lingerings.changed);
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&lingerings.lock);
}

static void after_fork_in_child(void)
{
    lingerings.first = NULL; /* they are the parent's */
    lingerings.is_prepared = false;
    pthread_mutex_init(&lingerings.lock, NULL);
}

static bool prepare(void)
{
    static bool is_told_of_forks;
    void *library;
    pthread_condattr_t attributes;

    if (lingerings.is_prepared)
        return true;
    library = dlopen(PCSC_LIBRARY, RTLD_LAZY | RTLD_NOLOAD);
    if (library == NULL)
        return false;
    lingerings.end_transaction = (long (*)(long, unsigned long))dlsym(library, "SCardEndTransaction");
    if (lingerings.end_transaction == NULL)
        return false;
    if (!is_told_of_forks && pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) != 0)
        return false;
    is_told_of_forks = true;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&lingerings.changed, &attributes);
    pthread_condattr_destroy(&attributes);
    lingerings.is_prepared = true;
    return true;
}

static bool start_thread(struct lingering *it)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int failure;

    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    failure = pthread_create(&thread, &attributes, await_end, it);
    pthread_attr_destroy(&attributes);
    return failure == 0;
}

static struct lingering *start_lingering(long card, unsigned milliseconds)
{
    struct lingering *it = calloc(1, sizeof *it);

    if (it == NULL)
        return NULL;
    *it = (struct lingering){.card = card, .is_open = true, .users = 2, .next = lingerings.first};
    clock_gettime(CLOCK_MONOTONIC, &it->end);
    it->end.tv_nsec += (long)milliseconds * 1000000L;
    it->end.tv_sec += it->end.tv_nsec / 1000000000L;
    it->end.tv_nsec %= 1000000000L;
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
    it = prepare() ? start_lingering(card, milliseconds) : NULL;
    pthread_mutex_unlock(&lingerings.lock);
    return it;
}

/* Whether the transaction is still open, which then is the caller's again; to be called once. */
static bool take_transaction(struct lingering *it)
{
    bool was_open;

    pthread_mutex_lock(&lingerings.lock);
    was_open = it->is_open;
    it->is_open = false;
    pthread_cond_broadcast(&lingerings.changed);
    let_go(it);
    pthread_mutex_unlock(&lingerings.lock);
    return was_open;
}
