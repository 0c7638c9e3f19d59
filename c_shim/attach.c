/* The Python side of the core table: the functions cffi makes, put where the library calls them. */
#include "core.h"

/* Each is defined by cffi and answered by the handler of the same name in pyjpki11.boundary. */
#define FORWARD(version, name, module, answer, params, args) void py_##name(CK_RV *rv, UNPAREN params);
#define HOST FORWARD
#define WAIT FORWARD
#define LOCAL(version, name, module, answer, params, args)
#define STUB(version, name, module, answer, params, args)
#include "functions.def"

/* Which handler answers: a line for each, its module and its name. */
static const char *const HANDLERS =
#define FORWARD(version, name, module, answer, params, args) #module " " #name "\n"
#define HOST FORWARD
#define WAIT FORWARD
#define LOCAL(version, name, module, answer, params, args)
#define STUB(version, name, module, answer, params, args)
#include "functions.def"
    ;

static void fill_core(void *address)
{
    struct core *core = address;

#define FORWARD(version, name, module, answer, params, args) core->name = py_##name;
#define HOST FORWARD
#define WAIT FORWARD
#define LOCAL(version, name, module, answer, params, args)
#define STUB(version, name, module, answer, params, args)
#include "functions.def"
}
