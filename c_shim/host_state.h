/* How far the host has come; for host.c, which leads it on, and forks.c, which sees it through forks. */
#ifndef PYJPKI11_HOST_STATE_H
#define PYJPKI11_HOST_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

struct host {
    pthread_mutex_t lock;
    bool failed;         /* final: half a Python cannot be started twice */
    bool attached;
    atomic_bool ours;    /* we start Python, so nothing else tells it about forks */
    _Atomic pid_t owner; /* the process that may call the core; 0 in a forked child until C_Initialize */
};

extern struct host host;

#endif
