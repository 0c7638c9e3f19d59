/* The one line that says why the module cannot work. */
#ifndef PYJPKI11_REFUSE_H
#define PYJPKI11_REFUSE_H

#include <stdbool.h>

/* Writes the line; the answer is always false, so that it can be returned. */
__attribute__((format(printf, 1, 2))) bool refuse(const char *format, ...);

#endif
