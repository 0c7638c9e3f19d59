/* The Python that serves this process: found in it or started for it. */
#define _GNU_SOURCE
#include <Python.h>
#include <marshal.h>
#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bootstrap.h" /* BOOTSTRAP: the code of bootstrap.py, marshalled by build_shim.py */
#include "frozen.h"    /* FROZEN: modules of the standard library, put there by build_shim.py */
#include "python_host.h"
#include "trust.h"

#define MAX_DIRECTORIES 16
#define MAX_SIDECAR_LINES 64
#define MAX_REASON 8192

/*
 * Everything used of libpython. The library itself has no dependency on it: hosts that load us must not need
 * one, and the symbols have to come from the Python that is in the process, if there is one.
 */
#define PYTHON_FUNCTIONS(X)                                                                        \
    X(PyConfig_Clear) X(PyConfig_InitIsolatedConfig) X(PyConfig_SetBytesString) X(PyDict_GetItemString) \
    X(PyDict_New) X(PyDict_SetItemString) X(PyErr_Clear) X(PyEval_EvalCode)                         \
    X(PyEval_GetBuiltins) X(PyEval_RestoreThread) X(PyEval_SaveThread)                              \
    X(PyGILState_Ensure) X(PyGILState_Release) X(PyOS_AfterFork_Child) X(PyOS_AfterFork_Parent)     \
    X(PyOS_BeforeFork) X(PyObject_CallFunction)                                                     \
    X(PyPreConfig_InitIsolatedConfig) X(PyStatus_Exception) X(PyUnicode_AsUTF8)     \
    X(PyWideStringList_Append) X(PyMarshal_ReadObjectFromString) X(Py_DecRef) X(Py_DecodeLocale)           \
    X(Py_GetVersion) X(Py_InitializeFromConfig) X(Py_IsInitialized) X(Py_PreInitialize)             \
    X(PyMem_RawFree)

static struct {
#define MEMBER(name) __typeof__(&name) name;
    PYTHON_FUNCTIONS(MEMBER)
#undef MEMBER
} py;

struct core core;

static struct {
    pthread_mutex_t lock;
    bool failed;               /* final: half a Python cannot be started twice */
    bool attached;
    atomic_bool ours;          /* we start Python, so nobody else tells it about forks */
    _Atomic pid_t owner;       /* the process that may call the core; 0 in a forked child until C_Initialize */
} host = {.lock = PTHREAD_MUTEX_INITIALIZER};

static char library_path[PATH_MAX];

/* What PYJPKI11_LOG names, else stderr. A privileged process writes to no file of its user's choice. */
static int log_target(void)
{
    const char *target = is_privileged() ? NULL : secure_getenv("PYJPKI11_LOG");
    int file = target == NULL || strcmp(target, "stderr") == 0 ? STDERR_FILENO : open_own_log(target);

    return file >= 0 ? file : STDERR_FILENO;
}

/*
 * One line that says why the module cannot work; Python's own log does not exist yet, and the host will only see
 * CKR_GENERAL_ERROR. What stands in the line cannot steer a terminal.
 */
__attribute__((format(printf, 1, 2))) static bool refuse(const char *format, ...)
{
    char reason[MAX_REASON];
    int file = log_target();
    va_list values;

    va_start(values, format);
    vsnprintf(reason, sizeof reason, format, values);
    va_end(values);
    for (char *each = reason; *each != '\0'; each++)
        if (iscntrl((unsigned char)*each))
            *each = ' ';
    dprintf(file, "pyjpki11 ERROR: %s\n", reason);
    if (file != STDERR_FILENO)
        close(file);
    return false;
}

/* ---- finding a Python ---- */

static int note_libpython(struct dl_phdr_info *info, size_t size, void *name)
{
    static const char prefix[] = "/libpython";
    const char *base = strrchr(info->dlpi_name, '/');

    (void)size;
    if (base == NULL || strncmp(base, prefix, strlen(prefix)) != 0 || !isdigit((unsigned char)base[strlen(prefix)]))
        return 0;
    snprintf(name, PATH_MAX, "%s", info->dlpi_name);
    return 1;
}

/* The file whose Python is to be used: one that the host has loaded, be it for itself only, comes first. */
static const char *libpython_name(void)
{
    static char loaded[PATH_MAX];

    if (dlsym(RTLD_DEFAULT, "Py_GetVersion") != NULL)
        return NULL;
    return dl_iterate_phdr(note_libpython, loaded) != 0 ? loaded : PYTHON_LIBRARY;
}

static bool check_version(void *handle, const char *name)
{
    const char *(*get_version)(void) = (const char *(*)(void))dlsym(handle, "Py_GetVersion");
    const char *version;

    if (get_version == NULL)
        return refuse("%s is not a Python library", name);
    version = get_version();
    if (strncmp(version, PYTHON_VERSION ".", strlen(PYTHON_VERSION ".")) == 0)
        return true;
    return refuse("this process runs Python %.*s, the module was built for Python " PYTHON_VERSION
                  ": install pyjpki11 with that Python, or use it from a program that is not written in Python",
                  (int)strcspn(version, " "), version);
}

static bool bind_python(void *handle)
{
    const char *missing = NULL;

#define BIND(function)                                                    \
    py.function = (__typeof__(py.function))dlsym(handle, #function);      \
    if (py.function == NULL)                                              \
        missing = #function;
    PYTHON_FUNCTIONS(BIND)
#undef BIND
    if (missing != NULL)
        return refuse("the Python of this process has no %s", missing);
    return true;
}

/* Root's code must not come from where others may write. Nor may that of a process that can do more than they. */
static bool guards_its_code(void)
{
    return geteuid() == 0 || is_privileged();
}

static bool refuse_code(const char *path)
{
    return refuse("%s is not used: another user can write to it, to a folder above it or to something in it; install "
                  "pyjpki11 where only root can write", path);
}

/* Who can change the library itself needs no other file, so then there is nothing to guard. */
static bool python_may_run(void)
{
    static const char *const files[] = {PYTHON_LIBRARY, PYTHON_DIRECTORIES};

    if (!guards_its_code() || !is_trusted(library_path))
        return true;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (!is_trusted(files[i]))
            return refuse_code(files[i]);
    return true;
}

/* RTLD_GLOBAL because extension modules take PyExc_* and the like from the process, not from a library. */
static bool find_python(void)
{
    const char *name = libpython_name();
    void *handle;

    if (name != NULL && strcmp(name, PYTHON_LIBRARY) == 0 && !python_may_run())
        return false;
    handle = dlopen(name, RTLD_NOW);
    if (handle == NULL)
        return refuse("cannot load %s: %s", name, dlerror());
    if (!check_version(handle, name))
        return false;
    if (name != NULL)
        dlopen(name, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
    return bind_python(handle);
}

/* ---- starting ours, isolated ---- */

static PyStatus preinitialize(void)
{
    PyPreConfig config;

    py.PyPreConfig_InitIsolatedConfig(&config);
    config.utf8_mode = 1; /* paths are UTF-8 whatever the host's locale, which stays as it is */
    return py.Py_PreInitialize(&config);
}

static PyStatus set_paths(PyConfig *config)
{
    static const char *const library_directories[] = {PYTHON_DIRECTORIES};
    PyStatus status = py.PyConfig_SetBytesString(config, &config->executable, PYTHON_EXECUTABLE);

    if (!py.PyStatus_Exception(status))
        status = py.PyConfig_SetBytesString(config, &config->home, PYTHON_PREFIX);
    config->module_search_paths_set = 1;
    for (size_t i = 0; i < sizeof library_directories / sizeof *library_directories; i++) {
        wchar_t *directory = py.Py_DecodeLocale(library_directories[i], NULL);

        if (!py.PyStatus_Exception(status) && directory != NULL)
            status = py.PyWideStringList_Append(&config->module_search_paths, directory);
        py.PyMem_RawFree(directory);
    }
    return status;
}

/* No environment, no site, no signal handlers, nothing done to the host's locale or stdio. */
static PyStatus initialize(void)
{
    PyConfig config;
    PyStatus status;

    py.PyConfig_InitIsolatedConfig(&config);
    config.site_import = 0;
    config.write_bytecode = 0;
    config.pathconfig_warnings = 0;
    config.install_signal_handlers = 0;
    status = set_paths(&config);
    if (!py.PyStatus_Exception(status))
        status = py.Py_InitializeFromConfig(&config);
    py.PyConfig_Clear(&config);
    return status;
}

/* Python would look for them in files, at every start. A host that has a table of its own keeps it. */
static void give_frozen_modules(void)
{
    const struct _frozen **place = (const struct _frozen **)dlsym(RTLD_DEFAULT, "PyImport_FrozenModules");

    if (place != NULL && *place == NULL)
        *place = FROZEN;
}

static bool start_python(void)
{
    PyStatus status;

    give_frozen_modules();
    atomic_store(&host.ours, true);
    status = preinitialize();
    if (!py.PyStatus_Exception(status))
        status = initialize();
    if (py.PyStatus_Exception(status))
        return refuse("Python does not start: %s", status.err_msg != NULL ? status.err_msg : "no reason given");
    return true;
}

/* ---- handing over ---- */

/* The sidecar beside a copy of the library names the package directories, one a line. */
static bool read_sidecar(char directories[][PATH_MAX], size_t *count)
{
    char name[PATH_MAX + sizeof ".path"];
    FILE *file;

    snprintf(name, sizeof name, "%s.path", library_path);
    file = open_trusted(name);
    if (file == NULL)
        return errno == ENOENT ? true : refuse("%s is not used: another user can write to it, or to a folder above it", name);
    for (int lines = 0; lines < MAX_SIDECAR_LINES && *count < MAX_DIRECTORIES; lines++) {
        if (fgets(directories[*count], PATH_MAX, file) == NULL)
            break;
        directories[*count][strcspn(directories[*count], "\n")] = '\0';
        *count += directories[*count][0] == '/';
    }
    fclose(file);
    return true;
}

/* What of a package directory is run in this process. */
static const char *const PACKAGES[] = {"pyjpki11", "smartcard", "_cffi_backend", "cryptography", NULL};

static bool packages_may_run(char directories[][PATH_MAX], size_t count)
{
    if (!guards_its_code() || !is_trusted(library_path))
        return true;
    for (size_t i = 0; i < count; i++)
        if (!packages_are_trusted(directories[i], PACKAGES))
            return refuse_code(directories[i]);
    return true;
}

/* Without a sidecar the library is where it was installed: in the package itself. */
static bool package_directories(char directories[][PATH_MAX], size_t *count)
{
    if (!read_sidecar(directories, count))
        return false;
    if (*count == 0) {
        snprintf(directories[0], PATH_MAX, "%s", library_path);
        for (int level = 0; level < 2; level++) {
            char *slash = strrchr(directories[0], '/');

            if (slash != NULL)
                *slash = '\0';
        }
        *count = 1;
    }
    return packages_may_run(directories, *count);
}

/* Directories travel as one text, a line each: nothing else can hold them without a list object's API. */
static bool join_directories(char *joined, size_t size)
{
    static char directories[MAX_DIRECTORIES][PATH_MAX];
    size_t count = 0;
    size_t used = 0;

    joined[0] = '\0';
    if (!package_directories(directories, &count))
        return false;
    for (size_t i = 0; i < count && used < size; i++)
        used += (size_t)snprintf(joined + used, size - used, "%s%s", i > 0 ? "\n" : "", directories[i]);
    return true;
}

/* The answer of bootstrap.py is empty when the core is attached, else it says what went wrong. */
static bool check_answer(PyObject *answer)
{
    const char *problem = answer != NULL ? py.PyUnicode_AsUTF8(answer) : NULL;

    if (problem != NULL && problem[0] == '\0')
        return true;
    py.PyErr_Clear();
    return refuse("the Python core does not load: %s", problem != NULL ? problem : "its start-up code fails");
}

static bool run_bootstrap(PyObject *names)
{
    static char directories[MAX_DIRECTORIES * PATH_MAX];
    PyObject *code, *done, *start, *answer = NULL;
    bool attached;

    if (!join_directories(directories, sizeof directories))
        return false;
    code = py.PyMarshal_ReadObjectFromString((const char *)BOOTSTRAP, sizeof BOOTSTRAP);
    done = code != NULL ? py.PyEval_EvalCode(code, names, names) : NULL;
    start = done != NULL ? py.PyDict_GetItemString(names, "start") : NULL;
    if (start != NULL)
        answer = py.PyObject_CallFunction(start, "siKsi", directories, (int)host.ours,
                                          (unsigned long long)(uintptr_t)&core, SHIM_STAMP, (int)is_privileged());
    attached = check_answer(answer);
    py.Py_DecRef(code);
    py.Py_DecRef(done);
    py.Py_DecRef(answer);
    return attached;
}

/* Called with the GIL held. */
static bool attach_core(void)
{
    PyObject *names;
    bool done;

    names = py.PyDict_New();
    py.PyDict_SetItemString(names, "__builtins__", py.PyEval_GetBuiltins());
    done = run_bootstrap(names);
    py.Py_DecRef(names);
    return done;
}

/* ---- forks ---- */

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

/* The path now, because a host may have opened us by a relative one and leave that directory. */
__attribute__((constructor)) static void on_load(void)
{
    Dl_info info;

    if (dladdr(&host, &info) == 0 || realpath(info.dli_fname, library_path) == NULL)
        library_path[0] = '\0';
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* ---- the way in ---- */

static bool attach_to_running_python(void)
{
    PyGILState_STATE gil = py.PyGILState_Ensure();
    bool done = attach_core();

    py.PyGILState_Release(gil);
    return done;
}

/* Our own Python leaves the GIL to whoever comes next; it is never finalised. */
static bool attach_to_own_python(void)
{
    bool done;

    if (!start_python())
        return false;
    done = attach_core();
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
 * current state is that of whoever has the lock, be it another thread, hence the look at whose it is.
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
