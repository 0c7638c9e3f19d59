/* A Python of our own, where the process has none. */
#ifndef PYJPKI11_START_PYTHON_H
#define PYJPKI11_START_PYTHON_H

#include <stdbool.h>

/* Starts the Python that was found; the caller has its lock then. False, after a line, where it does not start. */
bool start_python(void);

#endif
