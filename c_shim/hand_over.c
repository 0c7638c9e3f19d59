/* Handing over: where the package is, then the code that runs first in Python. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootstrap.h" /* BOOTSTRAP: the code of bootstrap.py, put there by freeze.py */
#include "find_python.h"
#include "hand_over.h"
#include "host.h"
#include "refuse.h"

#define MAX_DIRECTORIES 16

static char library_path[PATH_MAX];

/* The path now, because a host may have opened us by a relative one and leave that directory. */
__attribute__((constructor)) static void note_library_path(void)
{
    Dl_info info;

    if (dladdr(&core, &info) == 0 || realpath(info.dli_fname, library_path) == NULL)
        library_path[0] = '\0';
}

/* The sidecar beside a copy of the library names the package directories, one a line. */
static size_t read_sidecar(char directories[][PATH_MAX])
{
    char name[PATH_MAX + sizeof ".path"];
    size_t count = 0;
    FILE *file;

    snprintf(name, sizeof name, "%s.path", library_path);
    file = fopen(name, "re");
    if (file == NULL)
        return 0;
    while (count < MAX_DIRECTORIES && fgets(directories[count], PATH_MAX, file) != NULL) {
        directories[count][strcspn(directories[count], "\n")] = '\0';
        count += directories[count][0] == '/';
    }
    fclose(file);
    return count;
}

/* Without a sidecar the library is where it was installed: in the package itself. */
static size_t package_directories(char directories[][PATH_MAX])
{
    size_t count = read_sidecar(directories);

    if (count == 0) {
        snprintf(directories[0], PATH_MAX, "%s", library_path);
        for (int level = 0; level < 2; level++) {
            char *slash = strrchr(directories[0], '/');

            if (slash != NULL)
                *slash = '\0';
        }
        count = 1;
    }
    return count;
}

/* Directories travel as one text, a line each: nothing else can hold them without a list object's API. */
static void join_directories(char *joined, size_t size)
{
    static char directories[MAX_DIRECTORIES][PATH_MAX];
    size_t count = package_directories(directories);
    size_t used = 0;

    joined[0] = '\0';
    for (size_t i = 0; i < count && used < size; i++)
        used += (size_t)snprintf(joined + used, size - used, "%s%s", i > 0 ? "\n" : "", directories[i]);
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

static bool run_bootstrap(PyObject *names, bool python_is_ours)
{
    static char directories[MAX_DIRECTORIES * PATH_MAX];
    PyObject *code = py.PyMarshal_ReadObjectFromString((const char *)BOOTSTRAP, sizeof BOOTSTRAP);
    PyObject *done = code != NULL ? py.PyEval_EvalCode(code, names, names) : NULL;
    PyObject *start = done != NULL ? py.PyDict_GetItemString(names, "start") : NULL;
    PyObject *answer = NULL;
    bool attached;

    join_directories(directories, sizeof directories);
    if (start != NULL)
        answer = py.PyObject_CallFunction(start, "siKs", directories, (int)python_is_ours,
                                          (unsigned long long)(uintptr_t)&core, SHIM_STAMP);
    attached = check_answer(answer);
    py.Py_DecRef(code);
    py.Py_DecRef(done);
    py.Py_DecRef(answer);
    return attached;
}

bool attach_core(bool python_is_ours)
{
    PyObject *names;
    bool done;

    names = py.PyDict_New();
    py.PyDict_SetItemString(names, "__builtins__", py.PyEval_GetBuiltins());
    done = run_bootstrap(names, python_is_ours);
    py.Py_DecRef(names);
    return done;
}
