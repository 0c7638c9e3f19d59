/* Handing over: where the package is, then the code that runs first in Python. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>

#include "bootstrap.h" /* BOOTSTRAP: the code of bootstrap.py, put there by freeze.py */
#include "find_python.h"
#include "hand_over.h"
#include "host.h"
#include "own_code.h"
#include "refuse.h"
#include "trust.h"

/* Directories travel as one text, a line each: nothing else can hold them without a list object's API. */
static bool join_directories(char *joined, size_t size)
{
    static char directories[MAX_DIRECTORIES][PATH_MAX];
    size_t count, used = 0;

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

static bool run_bootstrap(PyObject *names, bool python_is_ours)
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
        answer = py.PyObject_CallFunction(start, "siKsi", directories, (int)python_is_ours,
                                          (unsigned long long)(uintptr_t)&core, SHIM_STAMP, (int)is_privileged());
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
