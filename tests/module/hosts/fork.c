/*
 * Forks. Usage: fork MODULE MODE; an alarm ends what hangs.
 *   both         parent and child use the module side by side
 *   grandchild   the child forks again
 *   thread       a thread forks while others sign
 *   starting     a thread forks while another makes the first call
 *   untouched    the child never calls the module, and ends by exit
 *   exits        children end by _exit and exit in the middle of their use
 *   vfork        a program is run by vfork and exec, by posix_spawn, by system
 *   unprepared   the process copies itself without telling anybody (a raw system call)
 *   unprepared-start  such a copy makes a first call
 * Prints one signature, which all processes made.
 */
#define _GNU_SOURCE
#include "host.h"

#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT_S = 50, SIGNERS = 3, FORKS = 20, ENOUGH_FORKS = 100 };

static CK_BYTE (*signatures)[SIGNATURE_LEN]; /* shared between processes: the parent's, then the children's */
static atomic_bool done;

static void must_have_succeeded(pid_t child)
{
    int status = 0;

    MUST(waitpid(child, &status, 0) == child);
    MUST(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void initialize_and_sign(CK_BYTE *signature)
{
    CK_SESSION_HANDLE session;

    MUST_OK(p11->C_Initialize(NULL));
    session = open_logged_in();
    sign(session, find_key(session), signature);
}

static void sign_again(CK_SESSION_HANDLE session)
{
    CK_BYTE signature[SIGNATURE_LEN];

    sign(session, find_key(session), signature);
    MUST(memcmp(signature, signatures[0], SIGNATURE_LEN) == 0);
}

/* What every child has to find: nothing of its parent's, and a module that starts anew. */
static void check_child(CK_SESSION_HANDLE inherited)
{
    CK_INFO info;
    CK_SESSION_INFO session_info;

    alarm(LIMIT_S);
    MUST_BE(CKR_CRYPTOKI_NOT_INITIALIZED, p11->C_GetInfo(&info));
    MUST_BE(CKR_CRYPTOKI_NOT_INITIALIZED, p11->C_GetSessionInfo(inherited, &session_info));
    MUST_BE(CKR_CRYPTOKI_NOT_INITIALIZED, p11->C_Finalize(NULL));
    initialize_and_sign(signatures[1]);
    MUST(memcmp(signatures[0], signatures[1], SIGNATURE_LEN) == 0);
    MUST_BE(CKR_CRYPTOKI_ALREADY_INITIALIZED, p11->C_Initialize(NULL));
    MUST_OK(p11->C_Finalize(NULL));
}

static CK_SESSION_HANDLE begin(void)
{
    CK_SESSION_HANDLE session;

    MUST_OK(p11->C_Initialize(NULL));
    session = open_logged_in();
    sign(session, find_key(session), signatures[0]);
    return session;
}

static void both(void)
{
    CK_SESSION_HANDLE session = begin();

    for (int i = 0; i < 3; i++) {
        pid_t child = fork();

        if (child == 0) {
            check_child(session);
            _exit(0);
        }
        sign_again(session);
        must_have_succeeded(child);
        sign_again(session);
    }
}

static void grandchild(void)
{
    CK_SESSION_HANDLE session = begin();
    pid_t child = fork();

    if (child == 0) {
        check_child(session);
        session = begin();
        child = fork();
        if (child == 0) {
            check_child(session);
            _exit(0);
        }
        sign_again(session);
        must_have_succeeded(child);
        sign_again(session);
        _exit(0);
    }
    must_have_succeeded(child);
    sign_again(session);
}

/* ---- thread ---- */

static void *sign_until_done(void *unused)
{
    CK_SESSION_HANDLE session = 0;

    (void)unused;
    MUST_OK(p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session));
    while (!atomic_load(&done))
        sign_again(session);
    return NULL;
}

static void *fork_repeatedly(void *session)
{
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork();

        if (child == 0) {
            check_child((CK_SESSION_HANDLE)session);
            _exit(0);
        }
        must_have_succeeded(child);
    }
    return NULL;
}

static void thread(void)
{
    CK_SESSION_HANDLE session = begin();
    pthread_t signers[SIGNERS], forker;

    for (int i = 0; i < SIGNERS; i++)
        MUST(pthread_create(&signers[i], NULL, sign_until_done, NULL) == 0);
    MUST(pthread_create(&forker, NULL, fork_repeatedly, (void *)session) == 0);
    MUST(pthread_join(forker, NULL) == 0);
    atomic_store(&done, true);
    for (int i = 0; i < SIGNERS; i++)
        MUST(pthread_join(signers[i], NULL) == 0);
}

/* ---- starting ---- */

static void *make_first_call(void *unused)
{
    (void)unused;
    MUST_OK(p11->C_Initialize(NULL));
    atomic_store(&done, true);
    return NULL;
}

/* Each child is a copy of another moment of the start; it makes a start of its own. */
static void starting(void)
{
    pid_t children[ENOUGH_FORKS];
    pthread_t starter;
    int count = 0;

    MUST(pthread_create(&starter, NULL, make_first_call, NULL) == 0);
    while (count < ENOUGH_FORKS && !(atomic_load(&done) && count > 0)) {
        children[count] = fork();
        if (children[count] == 0) {
            alarm(LIMIT_S);
            initialize_and_sign(signatures[2 + count]);
            _exit(0);
        }
        count++;
    }
    MUST(pthread_join(starter, NULL) == 0);
    MUST_OK(p11->C_Finalize(NULL));
    initialize_and_sign(signatures[0]);
    for (int i = 0; i < count; i++) {
        must_have_succeeded(children[i]);
        MUST(memcmp(signatures[0], signatures[2 + i], SIGNATURE_LEN) == 0);
    }
}

/* ---- children that end ---- */

static void untouched(void)
{
    CK_SESSION_HANDLE session = begin();
    pid_t child = fork();

    if (child == 0)
        exit(0);
    must_have_succeeded(child);
    sign_again(session);
}

static void end_in_use(int how)
{
    CK_SESSION_HANDLE session;
    CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};

    alarm(LIMIT_S);
    MUST_OK(p11->C_Initialize(NULL));
    session = open_logged_in();
    MUST_OK(p11->C_SignInit(session, &mechanism, find_key(session)));
    MUST_OK(p11->C_SignUpdate(session, (CK_BYTE *)"part", 4));
    if (how == 0)
        _exit(0);
    exit(0);
}

static void exits(void)
{
    CK_SESSION_HANDLE session = begin();

    for (int how = 0; how < 2; how++) {
        pid_t child = fork();

        if (child == 0)
            end_in_use(how);
        must_have_succeeded(child);
        sign_again(session);
    }
}

/* ---- other programs ---- */

static void vfork_and_exec(void)
{
    char *const arguments[] = {"true", NULL};
    CK_SESSION_HANDLE session = begin();
    pid_t child = vfork();

    if (child == 0) {
        execv("/bin/true", arguments);
        _exit(1);
    }
    must_have_succeeded(child);
    sign_again(session);
    MUST(posix_spawn(&child, "/bin/true", NULL, NULL, arguments, NULL) == 0);
    must_have_succeeded(child);
    sign_again(session);
    MUST(system("exit 0") == 0);
    sign_again(session);
}

/* Nobody tells us of such a child, but it must not take itself for its parent. */
static void unprepared(void)
{
    CK_SESSION_HANDLE session = begin();
    pid_t child = (pid_t)syscall(SYS_fork);

    if (child == 0) {
        CK_INFO info;

        alarm(LIMIT_S);
        MUST_BE(CKR_CRYPTOKI_NOT_INITIALIZED, p11->C_GetInfo(&info));
        MUST_BE(CKR_CRYPTOKI_NOT_INITIALIZED, p11->C_Logout(session));
        _exit(0);
    }
    must_have_succeeded(child);
    sign_again(session);
}

static void unprepared_start(void)
{
    CK_SESSION_HANDLE session = begin();
    pid_t child = (pid_t)syscall(SYS_fork);

    if (child == 0) {
        alarm(LIMIT_S);
        MUST_BE(CKR_GENERAL_ERROR, p11->C_Initialize(NULL));
        MUST_BE(CKR_CRYPTOKI_NOT_INITIALIZED, p11->C_Logout(session));
        _exit(0);
    }
    must_have_succeeded(child);
    sign_again(session);
}

static const struct {
    const char *name;
    void (*run)(void);
} modes[] = {
    {"both", both}, {"grandchild", grandchild}, {"thread", thread}, {"starting", starting},
    {"untouched", untouched}, {"exits", exits}, {"vfork", vfork_and_exec}, {"unprepared", unprepared},
    {"unprepared-start", unprepared_start},
};

int main(int argc, char **argv)
{
    MUST(argc == 3);
    signatures = mmap(NULL, (2 + ENOUGH_FORKS) * SIGNATURE_LEN, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MUST(signatures != MAP_FAILED);
    alarm(LIMIT_S);
    load(argv[1]);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(argv[2], modes[i].name) == 0)
            modes[i].run();
    print_hex(signatures[0], SIGNATURE_LEN);
    return 0;
}
