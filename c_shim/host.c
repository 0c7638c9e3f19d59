/* The way in: the first call finds or starts Python, every call asks whether it may enter. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

#include "find_python.h"
#include "hand_over.h"
#include "host.h"
#include "host_state.h"
#include "refuse.h"
#include "start_python.h"
#include "trust.h"

struct core core;
struct host host = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool attach_to_running_python(void)
{
    PyGILState_STATE gil = py.PyGILState_Ensure();
    bool done = attach_core(false);

    py.PyGILState_Release(gil);
    return done;
}

/* Our own Python leaves the GIL to the next thread; it is never finalised. */
static bool attach_to_own_python(void)
{
    bool done;

    atomic_store(&host.ours, true);
    if (!start_python())
        return false;
    done = attach_core(true);
    py.PyEval_SaveThread();
    return done;
}

/* A copy made behind fork's back has its parent's state, and with it the parent's handles to the card. */
static bool is_unknown_copy(void)
{
    pid_t owner = atomic_load(&host.owner);

    return owner != 0 && owner != getpid();
}

static bool attach_once(void)
{
    if (is_unknown_copy())
        return refuse("this process was copied without fork(), so the module cannot start in it");
    if (host.attached || host.failed)
        return host.attached;
    forget_unsafe_variables();
    host.attached = find_python()
        && (py.Py_IsInitialized() ? attach_to_running_python() : attach_to_own_python());
    host.failed = !host.attached;
    return host.attached;
}

/* Python 3.13 gave it a public name. */
#if PY_VERSION_HEX >= 0x030D0000
#define CURRENT_STATE "PyThreadState_GetUnchecked"
#else
#define CURRENT_STATE "_PyThreadState_UncheckedGet"
#endif

/* PyGILState_Check would say yes to every thread once the host has made a sub-interpreter. */
static bool holds_host_gil(void)
{
    PyThreadState *(*current)(void) = (PyThreadState * (*)(void)) dlsym(RTLD_DEFAULT, CURRENT_STATE);
    PyThreadState *(*own)(void) = (PyThreadState * (*)(void)) dlsym(RTLD_DEFAULT, "PyGILState_GetThisThreadState");
    PyThreadState *state = current != NULL && own != NULL ? current() : NULL;

    return state != NULL && state == own();
}

/*
 * A thread of a Python host holds the GIL here. It lets go of it while it waits for the lock, because the
 * owner of the lock needs the GIL to get on.
 */
static PyThreadState *release_host_gil(void)
{
    PyThreadState *(*save)(void) = (PyThreadState * (*)(void)) dlsym(RTLD_DEFAULT, "PyEval_SaveThread");

    return save != NULL && holds_host_gil() ? save() : NULL;
}

static void restore_host_gil(PyThreadState *state)
{
    void (*restore)(PyThreadState *) = (void (*)(PyThreadState *))dlsym(RTLD_DEFAULT, "PyEval_RestoreThread");

    if (state != NULL && restore != NULL)
        restore(state);
}

/*
 * What Python would enter from here: the state that this thread runs, else the one it is known by. Until Python 3.12 the
 * current state is that of the thread that has the lock, which may be another one, so its owner is checked.
 */
static PyThreadState *state_of_thread(void)
{
    PyThreadState *(*current)(void) = (PyThreadState * (*)(void)) dlsym(RTLD_DEFAULT, CURRENT_STATE);
    PyThreadState *(*own)(void) = (PyThreadState * (*)(void)) dlsym(RTLD_DEFAULT, "PyGILState_GetThisThreadState");
    PyThreadState *state = current != NULL ? current() : NULL;

    if (state != NULL && state->thread_id == (unsigned long)pthread_self())
        return state;
    return own != NULL ? own() : NULL;
}

/* Nothing is looked at in a host that has no sub-interpreter, which is nearly every one. */
static bool is_in_sub_interpreter(void)
{
    PyInterpreterState *(*newest)(void) = (PyInterpreterState * (*)(void)) dlsym(RTLD_DEFAULT, "PyInterpreterState_Head");
    PyInterpreterState *(*first)(void) = (PyInterpreterState * (*)(void)) dlsym(RTLD_DEFAULT, "PyInterpreterState_Main");
    PyInterpreterState *(*interpreter_of)(PyThreadState *) =
        (PyInterpreterState * (*)(PyThreadState *)) dlsym(RTLD_DEFAULT, "PyThreadState_GetInterpreter");
    PyThreadState *state;

    if (newest == NULL || first == NULL || interpreter_of == NULL || newest() == first())
        return false;
    state = state_of_thread();
    return state != NULL && interpreter_of(state) != first();
}

bool host_serves_thread(void)
{
    if (!atomic_load(&host.ours) && is_in_sub_interpreter())
        return refuse("this thread runs a Python sub-interpreter, which the module cannot serve");
    return true;
}

bool host_start(void)
{
    PyThreadState *state;
    bool started;

    if (host_is_ready())
        return true;
    state = release_host_gil();
    pthread_mutex_lock(&host.lock);
    started = attach_once();
    if (started)
        atomic_store(&host.owner, getpid());
    pthread_mutex_unlock(&host.lock);
    restore_host_gil(state);
    return started;
}

bool host_is_ready(void)
{
    return atomic_load(&host.owner) == getpid();
}

int host_enter(void)
{
    int cancel_state = PTHREAD_CANCEL_ENABLE;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    return cancel_state;
}

void host_leave(int cancel_state)
{
    pthread_setcancelstate(cancel_state, NULL);
}
