/* Where the module's own code is, and whether it may run in this process. */
#ifndef PYJPKI11_OWN_CODE_H
#define PYJPKI11_OWN_CODE_H

#include <limits.h>
#include <stdbool.h>

#define MAX_DIRECTORIES 16

/* The path of the library itself, without links. */
extern char library_path[PATH_MAX];

/* Whether the build's own Python may run here; false after a line that says why not. */
bool python_may_run(void);

/*
 * The directories in which the package is: those that the sidecar names, else the one that the library is installed in.
 * False after a line, where a file or folder is not to be trusted.
 */
bool package_directories(char directories[][PATH_MAX], size_t *count);

#endif
