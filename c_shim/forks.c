/* Seeing Python and the host's state through a fork. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>

#include "find_python.h"
#include "host_state.h"

/* What a forking thread holds meanwhile, so that the child gets it in a state it can go on with. */
static _Thread_local struct {
    bool lock;
    PyGILState_STATE gil;
} held;

/*
 * A child with half a Python could never start one, so a fork waits for a start that is under way. In a host's
 * own Python it must not: the forking thread has the GIL, which the start may be waiting for.
 */
static bool may_be_starting(void)
{
    int (*is_initialized)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "Py_IsInitialized");

    return atomic_load(&host.ours) || is_initialized == NULL || !is_initialized();
}

static void before_fork(void)
{
    held.lock = may_be_starting();
    if (held.lock)
        pthread_mutex_lock(&host.lock);
    if (!host.attached || !host.ours)
        return;
    held.gil = py.PyGILState_Ensure();
    py.PyOS_BeforeFork();
}

static void after_fork_in_parent(void)
{
    if (host.attached && host.ours) {
        py.PyOS_AfterFork_Parent();
        py.PyGILState_Release(held.gil);
    }
    if (held.lock)
        pthread_mutex_unlock(&host.lock);
}

/*
 * The child may become an owner of its own by calling C_Initialize. A host's own Python minds its own forks.
 * The thread keeps its Python thread state, which is the child's only one: Python aborts on the first state that
 * is made after the last has gone.
 */
static void after_fork_in_child(void)
{
    pthread_mutex_init(&host.lock, NULL);
    atomic_store(&host.owner, 0);
    if (!host.attached || !host.ours)
        return;
    py.PyOS_AfterFork_Child();
    if (held.gil == PyGILState_UNLOCKED)
        py.PyEval_SaveThread();
    else
        py.PyGILState_Release(held.gil);
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}
