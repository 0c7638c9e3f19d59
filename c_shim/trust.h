/* Files that only root and the effective user can have written. */
#ifndef PYJPKI11_TRUST_H
#define PYJPKI11_TRUST_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Whether this process may do more than those who started it: the kernel says so (set-id programs, file capabilities), or
 * its ids differ. Nothing that they have chosen is to be used then, neither variable nor file.
 */
bool is_privileged(void);

/*
 * Takes from the environment of such a process what the PC/SC client library would heed; the C library takes away what
 * concerns itself likewise. Does nothing in others.
 */
void forget_unsafe_variables(void);

/*
 * Whether a file or folder, all folders above it and all links on the way belong to root or the effective user, and can
 * be written by no one else. Sticky folders are passed, links in them are not. What does not exist, and cannot be made
 * by others either, passes too. The path is absolute. pyjpki11/trusted_files.py has the same rule for Python.
 */
bool is_trusted(const char *path);

/* Whether that holds for a folder and everything in the packages of it that the list, NULL at its end, names. */
bool packages_are_trusted(const char *folder, const char *const *packages);

/* A file that is_trusted, to be read; or NULL, with errno ENOENT if there is none, and EACCES if it is not trusted. */
FILE *open_trusted(const char *path);

/* A file of the effective user's own, to write behind its end; made for its owner alone if there is none. Or -1. */
int open_own_log(const char *path);

#endif
