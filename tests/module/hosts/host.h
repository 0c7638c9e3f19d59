/* What the C hosts share: they load the module as its users do, and check every answer. */
#ifndef HOST_H
#define HOST_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <p11-kit/pkcs11.h>

enum { SIGNATURE_LEN = 256 };

/* Checks must not depend on NDEBUG, and a failed one ends threads and forked children alike. */
#define MUST(condition)                                                          \
    do {                                                                         \
        if (!(condition)) {                                                      \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);      \
            _Exit(1);                                                            \
        }                                                                        \
    } while (0)

#define MUST_BE(expected, call)                                                              \
    do {                                                                                     \
        CK_RV answer_ = (call);                                                              \
        if (answer_ != (expected)) {                                                         \
            fprintf(stderr, "%s:%d: %s: 0x%lx\n", __FILE__, __LINE__, #call, answer_);       \
            _Exit(1);                                                                        \
        }                                                                                    \
    } while (0)

#define MUST_OK(call) MUST_BE(CKR_OK, call)

static CK_FUNCTION_LIST *p11;

/* The module, privately, as every known host opens it. */
__attribute__((unused)) static void *load(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList get_list;

    if (handle == NULL)
        fprintf(stderr, "%s\n", dlerror());
    MUST(handle != NULL);
    get_list = (CK_C_GetFunctionList)dlsym(handle, "C_GetFunctionList");
    MUST(get_list != NULL);
    MUST_OK(get_list(&p11));
    return handle;
}

/* A session with the authentication token, logged in. */
__attribute__((unused)) static CK_SESSION_HANDLE open_logged_in(void)
{
    CK_SESSION_HANDLE session = 0;

    MUST_OK(p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session));
    MUST_OK(p11->C_Login(session, CKU_USER, (CK_UTF8CHAR *)"1234", 4));
    return session;
}

__attribute__((unused)) static CK_OBJECT_HANDLE find_key(CK_SESSION_HANDLE session)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof class};
    CK_OBJECT_HANDLE key = 0;
    CK_ULONG found = 0;

    MUST_OK(p11->C_FindObjectsInit(session, &wanted, 1));
    MUST_OK(p11->C_FindObjects(session, &key, 1, &found));
    MUST_OK(p11->C_FindObjectsFinal(session));
    MUST(found == 1);
    return key;
}

__attribute__((unused)) static void sign(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_BYTE *signature)
{
    CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
    CK_ULONG length = SIGNATURE_LEN;

    MUST_OK(p11->C_SignInit(session, &mechanism, key));
    MUST_OK(p11->C_Sign(session, (CK_BYTE *)"data", 4, signature, &length));
    MUST(length == SIGNATURE_LEN);
}

/*
 * PKCS#1 v1.5 is deterministic: what one thread or process signs, all of them do. The signature is printed, to be
 * compared with one that openssl has judged.
 */
__attribute__((unused)) static void print_hex(const CK_BYTE *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        printf("%02x", bytes[i]);
    putchar('\n');
}

#endif
