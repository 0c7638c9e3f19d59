/* Finding a Python: one that is in the process comes first. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "find_python.h"
#include "own_code.h"
#include "refuse.h"

struct python py;

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

/* RTLD_GLOBAL because extension modules take PyExc_* and the like from the process, not from a library. */
bool find_python(void)
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
