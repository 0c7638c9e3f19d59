/*
 * What the module costs a host. Usage: cost MODULE start|steps|imports|memory|calls [READER]
 * start: processor time of load, C_Initialize, C_GetSlotList, C_Finalize. steps: that of the first three, and of the
 * modules that a signature needs. imports: the Python modules after C_Initialize,
 * after a signature, and the libraries in the process. memory: resident set after a signature. calls: the median of each
 * call; of C_Sign that of what it takes more than the same command asked of the card over PC/SC, in turn.
 */
#include <time.h>
#include <winscard.h>

#include "host.h"

enum { RUNS = 200, ROUNDS = 3, PAIRS = 300 };

static double milliseconds(clockid_t clock)
{
    struct timespec now;

    MUST(clock_gettime(clock, &now) == 0);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int by_size(const void *left, const void *right)
{
    double difference = *(const double *)left - *(const double *)right;

    return difference > 0 ? 1 : difference < 0 ? -1 : 0;
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_size);
    return values[count / 2];
}

static void start(const char *path)
{
    CK_ULONG count = 0;
    double before = milliseconds(CLOCK_PROCESS_CPUTIME_ID);

    load(path);
    MUST_OK(p11->C_Initialize(NULL));
    MUST_OK(p11->C_GetSlotList(CK_FALSE, NULL, &count));
    MUST_OK(p11->C_Finalize(NULL));
    printf("start %.3f\n", milliseconds(CLOCK_PROCESS_CPUTIME_ID) - before);
}

/* Python is in the process, but this program was not built with it. */
static void run_python(const char *code)
{
    int (*ensure)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "PyGILState_Ensure");
    void (*release)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "PyGILState_Release");
    int (*run)(const char *, void *) = (int (*)(const char *, void *))dlsym(RTLD_DEFAULT, "PyRun_SimpleStringFlags");
    int gil;

    MUST(ensure != NULL && release != NULL && run != NULL);
    gil = ensure();
    MUST(run(code, NULL) == 0);
    release(gil);
}

static void print_modules(const char *when)
{
    char code[256];

    snprintf(code, sizeof code,
             "import posix, sys\nposix.write(1, ('%s ' + ' '.join(sorted(sys.modules)) + '\\n').encode())", when);
    run_python(code);
}

static void steps(const char *path)
{
    CK_ULONG count = 0;
    double before = milliseconds(CLOCK_PROCESS_CPUTIME_ID), started;

    load(path);
    MUST_OK(p11->C_Initialize(NULL));
    MUST_OK(p11->C_GetSlotList(CK_FALSE, NULL, &count));
    started = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
    run_python("from pyjpki11.boundary import objects, sessions, signing\n"
               "from pyjpki11.provider import session, signing, tokens");
    printf("started %.3f\nsigning %.3f\n", started - before, milliseconds(CLOCK_PROCESS_CPUTIME_ID) - started);
}

static void print_lines(const char *file, const char *prefix)
{
    char line[4096];
    FILE *lines = fopen(file, "r");

    MUST(lines != NULL);
    while (fgets(line, sizeof line, lines) != NULL)
        if (strstr(line, prefix) != NULL)
            fputs(line, stdout);
    fclose(lines);
}

static CK_SESSION_HANDLE sign_once(CK_OBJECT_HANDLE *key)
{
    CK_SESSION_HANDLE session = open_logged_in();
    CK_BYTE signature[SIGNATURE_LEN];

    *key = find_key(session);
    sign(session, *key, signature);
    return session;
}

static void imports(const char *path)
{
    CK_OBJECT_HANDLE key;

    load(path);
    MUST_OK(p11->C_Initialize(NULL));
    print_modules("initialized");
    sign_once(&key);
    print_modules("signed");
    fflush(stdout);
    print_lines("/proc/self/maps", ".so");
    MUST_OK(p11->C_Finalize(NULL));
}

static void memory(const char *path)
{
    CK_OBJECT_HANDLE key;

    load(path);
    MUST_OK(p11->C_Initialize(NULL));
    sign_once(&key);
    print_lines("/proc/self/status", "VmRSS");
    MUST_OK(p11->C_Finalize(NULL));
}

/* ---- calls ---- */

static CK_SESSION_HANDLE session;
static CK_OBJECT_HANDLE key;
static SCARDHANDLE card;

static void session_info(void)
{
    CK_SESSION_INFO info;

    MUST_OK(p11->C_GetSessionInfo(session, &info));
}

static void attribute_value(void)
{
    CK_BYTE id[8];
    CK_ATTRIBUTE wanted = {CKA_ID, id, sizeof id};

    MUST_OK(p11->C_GetAttributeValue(session, key, &wanted, 1));
}

static void find_objects(void)
{
    CK_OBJECT_HANDLE found[4];
    CK_ULONG count;

    MUST_OK(p11->C_FindObjects(session, found, 4, &count));
}

static void make_signature(void)
{
    CK_BYTE signature[SIGNATURE_LEN];
    CK_ULONG length = sizeof signature;

    MUST_OK(p11->C_Sign(session, (CK_BYTE *)"data", 4, signature, &length));
}

static void begin_signature(void)
{
    CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};

    MUST_OK(p11->C_SignInit(session, &mechanism, key));
}

static void begin_search(void)
{
    MUST_OK(p11->C_FindObjectsInit(session, NULL, 0));
}

static void end_search(void)
{
    MUST_OK(p11->C_FindObjectsFinal(session));
}

static void nothing(void)
{
}

/* The same command as C_Sign's, by the same card, which is logged in. */
static void ask_card(void)
{
    static const BYTE command[] = {0x80, 0x2A, 0x00, 0x97, 0x04, 'd', 'a', 't', 'a', 0x00};
    BYTE answer[258];
    DWORD length = sizeof answer;

    MUST(SCardBeginTransaction(card) == SCARD_S_SUCCESS);
    MUST(SCardTransmit(card, SCARD_PCI_T1, command, sizeof command, NULL, answer, &length) == SCARD_S_SUCCESS);
    MUST(length == sizeof answer && answer[256] == 0x90);
    MUST(SCardEndTransaction(card, SCARD_LEAVE_CARD) == SCARD_S_SUCCESS);
}

static void connect_card(const char *reader)
{
    SCARDCONTEXT context;
    DWORD protocol;

    MUST(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context) == SCARD_S_SUCCESS);
    MUST(SCardConnect(context, reader, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1, &card, &protocol) == SCARD_S_SUCCESS);
}

struct call {
    const char *name;
    void (*before)(void), (*timed)(void), (*after)(void);
};

static const struct call calls[] = {
    {"C_GetSessionInfo", nothing, session_info, nothing},
    {"C_GetAttributeValue", nothing, attribute_value, nothing},
    {"C_FindObjects", begin_search, find_objects, end_search},
};

static double time_of(void (*timed)(void))
{
    double before = milliseconds(CLOCK_MONOTONIC);

    timed();
    return milliseconds(CLOCK_MONOTONIC) - before;
}

static void time_call(const struct call *call)
{
    double times[RUNS];

    for (size_t i = 0; i < RUNS; i++) {
        call->before();
        times[i] = time_of(call->timed);
        call->after();
    }
    printf("%s %.4f\n", call->name, median(times, RUNS));
}

/* In pairs, because the card's own time wanders by more than a call takes. */
static void time_signatures(void)
{
    double beyond[PAIRS];

    for (size_t i = 0; i < PAIRS; i++) {
        begin_signature();
        beyond[i] = time_of(make_signature);
        beyond[i] -= time_of(ask_card);
    }
    printf("C_Sign beyond the card's time %.4f\n", median(beyond, PAIRS));
}

static void time_calls(const char *path, const char *reader)
{
    load(path);
    MUST_OK(p11->C_Initialize(NULL));
    session = sign_once(&key);
    connect_card(reader);
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
            time_call(&calls[i]);
    time_signatures();
    MUST_OK(p11->C_Finalize(NULL));
}

int main(int argc, char **argv)
{
    MUST(argc >= 3);
    if (strcmp(argv[2], "start") == 0)
        start(argv[1]);
    else if (strcmp(argv[2], "steps") == 0)
        steps(argv[1]);
    else if (strcmp(argv[2], "imports") == 0)
        imports(argv[1]);
    else if (strcmp(argv[2], "memory") == 0)
        memory(argv[1]);
    else if (strcmp(argv[2], "calls") == 0 && argc == 4)
        time_calls(argv[1], argv[3]);
    else
        MUST(!"a known word");
    return 0;
}
