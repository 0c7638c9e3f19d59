/* The step from C into Python: the core attaches itself to the table of functions. */
#ifndef PYJPKI11_HAND_OVER_H
#define PYJPKI11_HAND_OVER_H

#include <stdbool.h>

/* Called with Python's lock held. False, after a line, where the core does not load. */
bool attach_core(bool python_is_ours);

#endif
