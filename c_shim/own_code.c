/* Where the module's own code is, and whether it may run in this process. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "own_code.h"
#include "refuse.h"
#include "trust.h"

#define MAX_SIDECAR_LINES 64

char library_path[PATH_MAX];

/* The path now, because a host may have opened us by a relative one and leave that directory. */
__attribute__((constructor)) static void note_library_path(void)
{
    Dl_info info;

    if (dladdr(library_path, &info) == 0 || realpath(info.dli_fname, library_path) == NULL)
        library_path[0] = '\0';
}

/*
 * Root's code must not come from where others may write. Nor may that of a process that can do more than they. But who
 * can change the library itself needs no other file, so then there is nothing to guard.
 */
static bool guards_its_code(void)
{
    return (geteuid() == 0 || is_privileged()) && is_trusted(library_path);
}

static bool refuse_code(const char *path)
{
    return refuse("%s is not used: another user can write to it, to a folder above it or to something in it; install "
                  "pyjpki11 where only root can write", path);
}

bool python_may_run(void)
{
    static const char *const files[] = {PYTHON_LIBRARY, PYTHON_DIRECTORIES};

    if (!guards_its_code())
        return true;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (!is_trusted(files[i]))
            return refuse_code(files[i]);
    return true;
}

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
    if (!guards_its_code())
        return true;
    for (size_t i = 0; i < count; i++)
        if (!packages_are_trusted(directories[i], PACKAGES))
            return refuse_code(directories[i]);
    return true;
}

bool package_directories(char directories[][PATH_MAX], size_t *count)
{
    *count = 0;
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
