/* The one line that says why the module cannot work. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "refuse.h"

/*
 * One line that says why the module cannot work; Python's own log does not exist yet. It goes where
 * PYJPKI11_LOG points, else to stderr: the host will only see CKR_GENERAL_ERROR.
 */
bool refuse(const char *format, ...)
{
    const char *target = secure_getenv("PYJPKI11_LOG");
    FILE *file = target == NULL || strcmp(target, "stderr") == 0 ? stderr : fopen(target, "ae");
    va_list values;

    if (file == NULL)
        return false;
    fputs("pyjpki11 ERROR: ", file);
    va_start(values, format);
    vfprintf(file, format, values);
    va_end(values);
    fputc('\n', file);
    if (file == stderr)
        fflush(file);
    else
        fclose(file);
    return false;
}
