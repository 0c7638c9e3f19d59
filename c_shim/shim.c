/* The exported functions of PKCS#11. */
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "core.h"
#include "host.h"

enum {
    CKF_DONT_BLOCK = 0x001,

    CKR_OK = 0x000,
    CKR_GENERAL_ERROR = 0x005,
    CKR_NO_EVENT = 0x008,
    CKR_ARGUMENTS_BAD = 0x007,
    CKR_FUNCTION_NOT_PARALLEL = 0x051,
    CKR_FUNCTION_NOT_SUPPORTED = 0x054,
    CKR_BUFFER_TOO_SMALL = 0x150,
    CKR_CRYPTOKI_NOT_INITIALIZED = 0x190,
};

/* Prototypes. */
#define FORWARD(version, name, module, answer, params, args) __attribute__((visibility("default"))) CK_RV name params;
#define HOST FORWARD
#define LOCAL FORWARD
#define WAIT FORWARD
#define STUB FORWARD
#include "functions.def"

/* What the core serves: the answer is an error until Python has replaced it. */
#define ASK_CORE(function, name, params, args)   \
    CK_RV function params                        \
    {                                            \
        CK_RV rv = CKR_CRYPTOKI_NOT_INITIALIZED; \
        int cancel_state = host_enter();         \
        if (host_is_ready()) {                   \
            rv = CKR_GENERAL_ERROR;              \
            if (host_serves_thread())            \
                core.name(&rv, UNPAREN args);    \
        }                                        \
        host_leave(cancel_state);                \
        return rv;                               \
    }
#define FORWARD(version, name, module, answer, params, args) ASK_CORE(name, name, params, args)

/* The core comes back now and then although nothing has happened: only here a cancelled thread may end. */
#define WAIT(version, name, module, answer, params, args) \
    static ASK_CORE(name##_a_while, name, params, args)   \
    CK_RV name params                                     \
    {                                                     \
        CK_RV rv;                                         \
        while ((rv = name##_a_while args) == CKR_NO_EVENT \
               && (flags & CKF_DONT_BLOCK) == 0)          \
            pthread_testcancel();                         \
        return rv;                                        \
    }

/* What has to find or start Python first. */
#define HOST(version, name, module, answer, params, args) \
    CK_RV name params                                     \
    {                                                     \
        CK_RV rv = CKR_GENERAL_ERROR;                     \
        int cancel_state = host_enter();                  \
        if (host_serves_thread() && host_start())         \
            core.name(&rv, UNPAREN args);                 \
        host_leave(cancel_state);                         \
        return rv;                                        \
    }

#define LOCAL(version, name, module, answer, params, args)
#define STUB(version, name, module, answer, params, args)
#include "functions.def"

/* What has one answer at all times; Python is not woken for it. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define STUB(version, name, module, answer, params, args) \
    CK_RV name params                                     \
    {                                                     \
        return answer;                                    \
    }
#define FORWARD(version, name, module, answer, params, args)
#define HOST FORWARD
#define LOCAL FORWARD
#define WAIT FORWARD
#include "functions.def"
#pragma GCC diagnostic pop

/*
 * One layout serves every version: the list of an older version is a shorter prefix of it, and nobody reads
 * beyond what the version field promises. Spec: PKCS#11 v3.1 3.6
 */
struct function_list {
    CK_VERSION version;
#define FORWARD(list_version, name, module, answer, params, args) CK_RV (*name) params;
#define HOST FORWARD
#define LOCAL FORWARD
#define WAIT FORWARD
#define STUB FORWARD
#include "functions.def"
};

enum { V3_2, V3_0, V2_40, VERSIONS };

static struct function_list lists[VERSIONS] = {
    [0 ... VERSIONS - 1] = {
#define FORWARD(list_version, name, module, answer, params, args) .name = name,
#define HOST FORWARD
#define LOCAL FORWARD
#define WAIT FORWARD
#define STUB FORWARD
#include "functions.def"
    },
    [V3_2].version = {3, 2},
    [V3_0].version = {3, 0},
    [V2_40].version = {2, 40},
};

/* Newest first: the first is what a caller without wishes gets. */
static CK_UTF8CHAR interface_name[] = "PKCS 11";
static CK_INTERFACE interfaces[VERSIONS] = {
    [V3_2] = {interface_name, &lists[V3_2], 0},
    [V3_0] = {interface_name, &lists[V3_0], 0},
    [V2_40] = {interface_name, &lists[V2_40], 0},
};

/* Spec: PKCS#11 v3.1 5.4.4 */
CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR ppFunctionList)
{
    if (ppFunctionList == NULL)
        return CKR_ARGUMENTS_BAD;
    *ppFunctionList = (CK_FUNCTION_LIST_PTR)&lists[V2_40];
    return CKR_OK;
}

/* Spec: PKCS#11 v3.1 5.4.5 */
CK_RV C_GetInterfaceList(CK_INTERFACE_PTR pInterfacesList, CK_ULONG_PTR pulCount)
{
    CK_RV rv = CKR_OK;

    if (pulCount == NULL)
        return CKR_ARGUMENTS_BAD;
    if (pInterfacesList != NULL && *pulCount < VERSIONS)
        rv = CKR_BUFFER_TOO_SMALL;
    else if (pInterfacesList != NULL)
        memcpy(pInterfacesList, interfaces, sizeof interfaces);
    *pulCount = VERSIONS;
    return rv;
}

/* A wish that is not expressed (NULL, no flags) is met by everything. */
static bool is_wanted(const CK_INTERFACE *offered, CK_UTF8CHAR_PTR name, CK_VERSION_PTR version, CK_FLAGS flags)
{
    const struct function_list *list = offered->pFunctionList;

    return (name == NULL || strcmp((const char *)name, (const char *)offered->pInterfaceName) == 0)
        && (version == NULL || (version->major == list->version.major && version->minor == list->version.minor))
        && (flags & ~offered->flags) == 0;
}

/* The output is not touched when nothing fits. Spec: PKCS#11 v3.1 5.4.6 */
CK_RV C_GetInterface(CK_UTF8CHAR_PTR pInterfaceName, CK_VERSION_PTR pVersion, CK_INTERFACE_PTR_PTR ppInterface,
                     CK_FLAGS flags)
{
    if (ppInterface == NULL)
        return CKR_ARGUMENTS_BAD;
    for (size_t i = 0; i < VERSIONS; i++) {
        if (is_wanted(&interfaces[i], pInterfaceName, pVersion, flags)) {
            *ppInterface = &interfaces[i];
            return CKR_OK;
        }
    }
    return CKR_ARGUMENTS_BAD;
}
