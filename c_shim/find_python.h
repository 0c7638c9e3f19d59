/* The functions of the Python that serves this process. */
#ifndef PYJPKI11_FIND_PYTHON_H
#define PYJPKI11_FIND_PYTHON_H

#include <Python.h>
#include <marshal.h>
#include <stdbool.h>

/*
 * Everything used of libpython. The library itself has no dependency on it: hosts that load us must not need
 * one, and the symbols have to come from the Python that is in the process, if there is one.
 */
#define PYTHON_FUNCTIONS(X)                                                                             \
    X(PyConfig_Clear) X(PyConfig_InitIsolatedConfig) X(PyConfig_SetBytesString) X(PyDict_GetItemString) \
    X(PyDict_New) X(PyDict_SetItemString) X(PyErr_Clear) X(PyEval_EvalCode)                             \
    X(PyEval_GetBuiltins) X(PyEval_RestoreThread) X(PyEval_SaveThread)                                  \
    X(PyGILState_Ensure) X(PyGILState_Release) X(PyOS_AfterFork_Child) X(PyOS_AfterFork_Parent)         \
    X(PyOS_BeforeFork) X(PyObject_CallFunction)                                                         \
    X(PyPreConfig_InitIsolatedConfig) X(PyStatus_Exception) X(PyUnicode_AsUTF8)                         \
    X(PyWideStringList_Append) X(PyMarshal_ReadObjectFromString) X(Py_DecRef) X(Py_DecodeLocale)        \
    X(Py_GetVersion) X(Py_InitializeFromConfig) X(Py_IsInitialized) X(Py_PreInitialize)                 \
    X(PyMem_RawFree)

struct python {
#define MEMBER(name) __typeof__(&name) name;
    PYTHON_FUNCTIONS(MEMBER)
#undef MEMBER
};

/* Filled by find_python. */
extern struct python py;

/* Takes the Python that the host has loaded, else loads that of the build; false, after a line, where none can serve. */
bool find_python(void);

#endif
