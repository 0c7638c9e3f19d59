/* The one line that says why the module cannot work. */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "refuse.h"
#include "trust.h"

#define MAX_REASON 8192

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
bool refuse(const char *format, ...)
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
