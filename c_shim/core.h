/* The table of functions through which the library calls its Python core. */
#ifndef PYJPKI11_CORE_H
#define PYJPKI11_CORE_H

#include "cryptoki.h"

/* Turns a parenthesised row column back into a list. */
#define UNPAREN(...) __VA_ARGS__

/*
 * One member per function the core serves. The result travels through *rv, never as a return value:
 * cffi answers 0, which is CKR_OK, whenever the Python side cannot be reached (design decision 1).
 */
struct core {
#define FORWARD(version, name, module, answer, params, args) void (*name)(CK_RV *rv, UNPAREN params);
#define HOST FORWARD
#define WAIT FORWARD
#define LOCAL(version, name, module, answer, params, args)
#define STUB(version, name, module, answer, params, args)
#include "functions.def"
};

#endif
