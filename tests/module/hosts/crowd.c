/*
 * Many threads on one card, while the module is finalised and initialised again under them.
 * Usage: crowd MODULE THREADS ROUNDS
 * Each thread opens a session, logs in, searches, signs and closes, all the time; whatever it is told has to be an
 * answer that fits, and what it is given as a signature has to be the signature. Prints that, at the end.
 */
#include "host.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { MAX_THREADS = 64, PAUSE_MS = 20, HANDLES = 4 };

static CK_BYTE expected[SIGNATURE_LEN];
static atomic_bool is_over;
static atomic_long made;

/* The handles are of a module that may have ended meanwhile; those of the next one begin anew. */
static bool went_well(CK_RV answer)
{
    static const CK_RV fitting[] = {
        CKR_CRYPTOKI_NOT_INITIALIZED, CKR_SESSION_HANDLE_INVALID,   CKR_USER_NOT_LOGGED_IN, CKR_USER_ALREADY_LOGGED_IN,
        CKR_KEY_HANDLE_INVALID,       CKR_OBJECT_HANDLE_INVALID,    CKR_DEVICE_REMOVED,     CKR_TOKEN_NOT_PRESENT,
        CKR_OPERATION_ACTIVE,         CKR_OPERATION_NOT_INITIALIZED};

    if (answer == CKR_OK)
        return true;
    for (size_t i = 0; i < sizeof fitting / sizeof *fitting; i++)
        if (answer == fitting[i])
            return false;
    fprintf(stderr, "answer 0x%lx\n", answer);
    _Exit(1);
}

static CK_OBJECT_HANDLE search(CK_SESSION_HANDLE session)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof class};
    CK_OBJECT_HANDLE found[HANDLES] = {0};
    CK_ULONG count = 0;

    if (went_well(p11->C_FindObjectsInit(session, &wanted, 1))) {
        went_well(p11->C_FindObjects(session, found, HANDLES, &count));
        went_well(p11->C_FindObjectsFinal(session));
    }
    return found[0];
}

static void sign_in(CK_SESSION_HANDLE session)
{
    CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
    CK_BYTE signature[SIGNATURE_LEN];
    CK_ULONG length = sizeof signature;

    if (!went_well(p11->C_SignInit(session, &mechanism, search(session))))
        return;
    if (went_well(p11->C_Sign(session, (CK_BYTE *)"data", 4, signature, &length))) {
        MUST(length == sizeof signature && memcmp(signature, expected, sizeof signature) == 0);
        made++;
    }
}

static void *work(void *unused)
{
    CK_SESSION_HANDLE session;
    CK_SLOT_ID slots[HANDLES];
    CK_ULONG count;

    while (!is_over) {
        count = HANDLES;
        went_well(p11->C_GetSlotList(CK_TRUE, slots, &count));
        if (!went_well(p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session)))
            continue;
        went_well(p11->C_Login(session, CKU_USER, (CK_UTF8CHAR *)"1234", 4));
        sign_in(session);
        went_well(p11->C_CloseSession(session));
    }
    return unused;
}

static void sign_once(CK_BYTE *signature)
{
    CK_SESSION_HANDLE session = open_logged_in();

    sign(session, find_key(session), signature);
    MUST_OK(p11->C_CloseSession(session));
}

int main(int argc, char **argv)
{
    pthread_t threads[MAX_THREADS];
    struct timespec pause = {0, PAUSE_MS * 1000000};
    long count, rounds;

    MUST(argc == 4);
    count = strtol(argv[2], NULL, 10);
    rounds = strtol(argv[3], NULL, 10);
    MUST(count > 0 && count <= MAX_THREADS);
    load(argv[1]);
    MUST_OK(p11->C_Initialize(NULL));
    sign_once(expected);
    for (long i = 0; i < count; i++)
        MUST(pthread_create(&threads[i], NULL, work, NULL) == 0);
    for (long i = 0; i <= rounds; i++) {
        long before = made;

        while (made < before + count) /* they get something done in between */
            nanosleep(&pause, NULL);
        if (i == rounds)
            break;
        MUST_OK(p11->C_Finalize(NULL));
        MUST_OK(p11->C_Initialize(NULL));
    }
    is_over = true;
    for (long i = 0; i < count; i++)
        MUST(pthread_join(threads[i], NULL) == 0);
    MUST_OK(p11->C_Finalize(NULL));
    MUST_OK(p11->C_Initialize(NULL));
    sign_once(expected);
    print_hex(expected, sizeof expected);
    MUST_OK(p11->C_Finalize(NULL));
    return 0;
}
