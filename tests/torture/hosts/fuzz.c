/*
 * Any function with any arguments in any order. Usage: fuzz MODULE CALLS SEED PINS [trace]
 * PINS is the file of the software card in which it keeps its PINs; it is put back now and then, so that a blocked
 * PIN is not the end. With `trace` every call is written to the standard error before it is made.
 *
 * What is passed is wrong in every way in which a program may be wrong without lying about memory that is there to
 * be used: a length is never more than the memory behind its pointer, except where it is so wild that nobody may
 * believe it. All memory ends where reading on is a fault. Prints a line for each function and answer: name, number
 * of the answer, how often.
 */
#include "fuzz_arguments.h"

#include <signal.h>

static struct row rows[] = {
#define FORWARD(version, function, module, answer, typed, untyped) {.name = #function, .parameters = #typed},
#define HOST FORWARD
#define LOCAL FORWARD
#define WAIT FORWARD
#define STUB(version, function, module, answer, typed, untyped) \
    {.name = #function, .is_stub = true, .parameters = #typed},
#include "functions.def"
};
enum { ROWS = sizeof rows / sizeof *rows };

static CK_BYTE signature[SIGNATURE_LEN]; /* the last one made */
static struct row *expected;             /* what a program would call next */
static bool traces;

/* ---- calls ---- */

static void remember_session(word handle)
{
    memmove(sessions + 1, sessions, (KNOWN - 1) * sizeof *sessions);
    sessions[0] = handle;
}

static void remember_object(word handle)
{
    objects[RIGHT + below(KNOWN - RIGHT)] = handle;
}

static bool begins_something(const struct row *row)
{
    size_t length = strlen(row->name);

    return strcmp(row->name + length - 4, "Init") == 0 || strcmp(row->name, "C_CreateObject") == 0;
}

/* What a program goes on with: ...Init with one of its function's other rows, which stand behind it. */
static void expect_next(struct row *row)
{
    if (begins_something(row) && percent(80))
        expected = row + 1 + below(3);
    else if (strcmp(row->name, "C_FindObjects") == 0)
        expected = row + 1;
    else if (strstr(row->name, "Update") != NULL || strstr(row->name, "Begin") != NULL)
        expected = row + below(2);
}

static void learn(struct row *row, const word *a)
{
    if (strcmp(row->name, "C_OpenSession") == 0)
        remember_session(*(word *)a[4]);
    else if (strcmp(row->name, "C_CreateObject") == 0)
        remember_object(*(word *)a[3]);
    else if (strcmp(row->name, "C_FindObjects") == 0 && *(word *)a[3] > 0)
        remember_object(((word *)a[1])[below(*(word *)a[3])]);
    for (int i = 1; i < row->count; i++)
        if (strcmp(row->names[i], "pulSignatureLen") == 0 && a[i] != 0 && a[i - 1] != 0)
            memcpy(signature, (void *)a[i - 1], sizeof signature);
    expect_next(row);
}

static void count_answer(struct row *row, CK_RV rv)
{
    size_t i = 0;

    while (row->answers[i].times != 0 && row->answers[i].rv != rv)
        MUST(++i < MAX_ANSWERS);
    row->answers[i].rv = rv;
    row->answers[i].times++;
}

static void trace_template(const CK_ATTRIBUTE *rows, word count)
{
    for (word i = 0; i < count && i < MAX_ROWS; i++)
        fprintf(stderr, " [%lx %p %lx]", rows[i].type, rows[i].pValue, rows[i].ulValueLen);
}

static void trace(const struct row *row, const word *a)
{
    fprintf(stderr, "%s", row->name);
    for (int i = 0; i < row->count; i++) {
        fprintf(stderr, " %s=%lx", row->names[i], a[i]);
        if (strcmp(row->types[i], "CK_ATTRIBUTE_PTR") == 0 && a[i] != 0)
            trace_template((const CK_ATTRIBUTE *)a[i], a[i + 1]);
    }
    fputc('\n', stderr);
}

static CK_RV make_call(struct row *row)
{
    word a[MAX_PARAMETERS] = {0};
    CK_RV rv;

    current = row;
    for (int i = 0; i < row->count; i++) {
        a[i] = argument(row->types[i], row->names[i]);
        if (strcmp(row->names[i], "pSignature") == 0 && a[i] != 0 && pending == sizeof signature && percent(70))
            memcpy((void *)a[i], signature, sizeof signature);
    }
    if (percent(5))
        make_wild(row, a);
    if (traces)
        trace(row, a);
    alarm(CALL_S);
    rv = row->call(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9]);
    alarm(0);
    count_answer(row, rv);
    if (rv == CKR_OK)
        learn(row, a);
    return rv;
}

/*
 * What begins something leads furthest. Some functions undo what it takes many others to get to, and those that
 * nobody serves teach little.
 */
static struct row *any_row(void)
{
    static const char *const rare[] = {"C_Finalize", "C_CloseAllSessions", "C_CloseSession", "C_Logout"};
    struct row *row = &rows[below(ROWS)];

    if ((row->is_stub && percent(80)) || (!begins_something(row) && percent(70)))
        return any_row();
    for (size_t i = 0; i < sizeof rare / sizeof *rare; i++)
        if (strcmp(row->name, rare[i]) == 0 && percent(80))
            return any_row();
    return row;
}

static struct row *next_row(void)
{
    struct row *next = expected != NULL && percent(85) ? expected : any_row();

    expected = NULL;
    return next;
}

static void find_right(size_t i, CK_OBJECT_CLASS class)
{
    CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof class};
    CK_ULONG found = 0;

    MUST_OK(p11->C_FindObjectsInit(sessions[0], &wanted, 1));
    MUST_OK(p11->C_FindObjects(sessions[0], &objects[i], 1, &found));
    MUST_OK(p11->C_FindObjectsFinal(sessions[0]));
}

/* Now and then all is done right, until there are keys to sign and verify with. */
static void do_right(void)
{
    CK_SLOT_ID slot = below(2);
    CK_UTF8CHAR *right = (CK_UTF8CHAR *)(slot == 0 ? "1234" : "ABC123");
    CK_RV rv = p11->C_Initialize(NULL);

    MUST(rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED);
    if (percent(50))
        MUST_OK(p11->C_CloseAllSessions(slot));
    MUST_OK(p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &sessions[0]));
    rv = p11->C_Login(sessions[0], CKU_USER, right, strlen((char *)right));
    MUST(rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN || rv == CKR_PIN_INCORRECT);
    find_right(0, CKO_PRIVATE_KEY);
    find_right(1, CKO_PUBLIC_KEY);
}

/* ---- the card's PINs ---- */

static char pins[MAX_PINS_LEN];
static size_t pins_len;

static void read_pins(const char *path)
{
    FILE *file = fopen(path, "re");

    MUST(file != NULL);
    pins_len = fread(pins, 1, sizeof pins, file);
    MUST(pins_len > 0 && fclose(file) == 0);
}

static void write_pins(const char *path)
{
    FILE *file = fopen(path, "we");

    MUST(file != NULL && fwrite(pins, 1, pins_len, file) == pins_len && fclose(file) == 0);
}

/* ---- all together ---- */

static void split_parameters(struct row *row)
{
    char *rest = strdup(row->parameters);
    char *parameter;

    MUST(rest != NULL);
    for (strsep(&rest, "("); (parameter = strsep(&rest, ",)")) != NULL && *parameter != '\0'; row->count++) {
        parameter += strspn(parameter, " ");
        MUST(row->count < MAX_PARAMETERS);
        row->types[row->count] = strsep(&parameter, " ");
        row->names[row->count] = parameter;
    }
}

/* The functions stand in the order of the rows. */
static void find_functions(void *handle)
{
    CK_RV (*get)(CK_UTF8CHAR *, CK_VERSION *, struct interface **, CK_FLAGS) = dlsym(handle, "C_GetInterface");
    CK_VERSION wanted = {3, 2};
    struct interface *found;

    MUST(get != NULL);
    MUST_OK(get(NULL, &wanted, &found, 0));
    for (size_t i = 0; i < ROWS; i++) {
        split_parameters(&rows[i]);
        rows[i].call = found->list[i + 1];
        MUST(rows[i].call == (function)dlsym(handle, rows[i].name));
    }
}

/* Whatever the fault: which call it was. */
static void report(int number)
{
    static const char text[] = " did not return\n";

    MUST(write(STDERR_FILENO, current->name, strlen(current->name)) > 0);
    MUST(write(STDERR_FILENO, text, sizeof text - 1) > 0);
    signal(number, SIG_DFL);
    raise(number);
}

static void print_answers(void)
{
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < MAX_ANSWERS && rows[i].answers[j].times != 0; j++)
            printf("%s %lx %lu\n", rows[i].name, rows[i].answers[j].rv, rows[i].answers[j].times);
}

int main(int argc, char **argv)
{
    unsigned long calls;

    MUST(argc >= 5);
    calls = strtoul(argv[2], NULL, 10);
    state = strtoul(argv[3], NULL, 10) * 0x9E3779B97F4A7C15ULL + 1;
    traces = argc > 5;
    make_arena();
    read_pins(argv[4]);
    find_functions(load(argv[1]));
    signal(SIGALRM, report);
    signal(SIGABRT, report);
    for (unsigned long made = 0; made < calls; made++) {
        if (made % RESTORE_EVERY == 0) {
            write_pins(argv[4]);
            if (percent(80))
                do_right();
        }
        make_call(next_row());
    }
    print_answers();
    return 0;
}
