/* The Python that serves this process. */
#ifndef PYJPKI11_HOST_H
#define PYJPKI11_HOST_H

#include <stdbool.h>

#include "core.h"

/* Filled by host_start; its members may be called while host_is_ready() holds. */
extern struct core core;

/*
 * Finds or starts Python, attaches the core to it and makes this process its owner.
 * Any number of threads may make the first call at once. Returns false, after one line in the log, when no
 * usable Python can be had; that is final for this process.
 */
bool host_start(void);

/* Whether the core may be called: it was started, in this process and not in a parent of it. */
bool host_is_ready(void);

/*
 * Whether Python can be entered from this thread. Not from one that is inside a sub-interpreter: the core lives in the
 * main one, whose lock Python would wait for although this thread has it. False is explained by a line in the log.
 */
bool host_serves_thread(void);

/* Brackets every call of the core: a thread cancelled inside Python would never let its lock go. */
int host_enter(void);
void host_leave(int cancel_state);

#endif
