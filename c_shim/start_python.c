/* Starting a Python of our own, isolated. */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "find_python.h"
#include "frozen.h" /* FROZEN: modules that Python takes from memory, put there by freeze.py */
#include "refuse.h"
#include "start_python.h"

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

bool start_python(void)
{
    PyStatus status;

    give_frozen_modules();
    status = preinitialize();
    if (!py.PyStatus_Exception(status))
        status = initialize();
    if (py.PyStatus_Exception(status))
        return refuse("Python does not start: %s", status.err_msg != NULL ? status.err_msg : "no reason given");
    return true;
}
