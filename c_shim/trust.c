/* Files that only root and the effective user can have written. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trust.h"

enum { MAX_LINKS = 40, MAX_FOLDERS_OPEN = 8, CAREFULLY = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };

bool is_privileged(void)
{
    uid_t uid, effective_uid, saved_uid;
    gid_t gid, effective_gid, saved_gid;

    return getauxval(AT_SECURE) != 0 || getresuid(&uid, &effective_uid, &saved_uid) != 0
        || getresgid(&gid, &effective_gid, &saved_gid) != 0 || uid != effective_uid || uid != saved_uid
        || gid != effective_gid || gid != saved_gid;
}

/* Debian 12's pcsc-lite asks for them by plain getenv, and secure_getenv knows nothing of ids that were changed later. */
static const char *const PCSC_VARIABLES[] = {"PCSCLITE_CSOCK_NAME", "PCSCLITE_NO_BLOCKING", "PCSCLITE_DEBUG",
                                             "LIBPCSCLITE_DELEGATE"};

void forget_unsafe_variables(void)
{
    if (!is_privileged())
        return;
    for (size_t i = 0; i < sizeof PCSC_VARIABLES / sizeof *PCSC_VARIABLES; i++)
        if (getenv(PCSC_VARIABLES[i]) != NULL)
            unsetenv(PCSC_VARIABLES[i]);
}

static bool others_may_write(const struct stat *status)
{
    return (status->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

/* In a folder that others may write to, they can link to what is ours or root's, or give it another name. */
static bool entry_is_trusted(const struct stat *status, const struct stat *folder)
{
    if (status->st_uid != 0 && status->st_uid != geteuid())
        return false;
    if (S_ISDIR(status->st_mode))
        return !others_may_write(status) || (status->st_mode & S_ISVTX) != 0;
    if (S_ISLNK(status->st_mode))
        return !others_may_write(folder);
    return S_ISREG(status->st_mode) && !others_may_write(status)
        && (status->st_nlink == 1 || !others_may_write(folder));
}

static bool cannot_exist(int error)
{
    return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG;
}

static bool is_trusted_behind(const char *path, int links);

/* The path goes on where a link leads, with the rest of it. */
static bool target_is_trusted(const char *link, const char *rest, int links)
{
    char target[PATH_MAX], path[2 * PATH_MAX];
    ssize_t length = readlink(link, target, sizeof target - 1);
    int folder_length = (int)(strrchr(link, '/') - link);

    if (length <= 0 || links > MAX_LINKS)
        return false;
    target[length] = '\0';
    if (target[0] == '/')
        folder_length = 0;
    snprintf(path, sizeof path, "%.*s/%s%s", folder_length, link, target, rest);
    return strlen(path) < PATH_MAX && is_trusted_behind(path, links);
}

/* Each step is looked at after the folder that it is in: no other user can exchange it any more. */
static bool is_trusted_behind(const char *path, int links)
{
    struct stat folder = {0}, status;
    char reached[PATH_MAX];

    for (const char *end = path; end != NULL; end = *end != '\0' ? strchrnul(end + 1, '/') : NULL) {
        snprintf(reached, sizeof reached, "%.*s", end > path ? (int)(end - path) : 1, path);
        if (lstat(reached, &status) != 0)
            return cannot_exist(errno) && !others_may_write(&folder);
        if (!entry_is_trusted(&status, &folder))
            return false;
        if (S_ISLNK(status.st_mode))
            return target_is_trusted(reached, end, links + 1);
        folder = status;
    }
    return true;
}

bool is_trusted(const char *path)
{
    return path[0] == '/' && strlen(path) < PATH_MAX && is_trusted_behind(path, 0);
}

static int find_untrusted(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    static const struct stat folder = {0}; /* no other user may write there: it came before */

    (void)place;
    return kind == FTW_NS || (S_ISLNK(status->st_mode) ? !is_trusted(path) : !entry_is_trusted(status, &folder));
}

/* A package is a folder of its name, or a file with that name and a suffix. */
static bool is_one_of(const char *name, const char *const *packages)
{
    size_t length = strcspn(name, ".");

    for (; *packages != NULL; packages++)
        if (strlen(*packages) == length && strncmp(name, *packages, length) == 0)
            return true;
    return false;
}

bool packages_are_trusted(const char *folder, const char *const *packages)
{
    bool trusted = is_trusted(folder);
    DIR *entries = trusted ? opendir(folder) : NULL;
    struct dirent *entry;
    char path[PATH_MAX];

    while (trusted && entries != NULL && (entry = readdir(entries)) != NULL) {
        if (!is_one_of(entry->d_name, packages))
            continue;
        trusted = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < (int)sizeof path
            && is_trusted(path) && nftw(path, find_untrusted, MAX_FOLDERS_OPEN, FTW_PHYS) == 0;
    }
    if (entries != NULL)
        closedir(entries);
    return trusted;
}

static int with_status_of(int file, struct stat *status)
{
    if (file >= 0 && (fstat(file, status) != 0 || !S_ISREG(status->st_mode))) {
        close(file);
        errno = EACCES;
        return -1;
    }
    return file;
}

FILE *open_trusted(const char *path)
{
    struct stat status;
    int file = -1;

    if (lstat(path, &status) == 0) {
        errno = EACCES;
        if (is_trusted(path))
            file = with_status_of(open(path, O_RDONLY | CAREFULLY), &status);
    }
    return file >= 0 ? fdopen(file, "r") : NULL;
}

/* A new file, whatever the umask is. */
static int make_log(const char *path)
{
    char folder[PATH_MAX];
    int file;

    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    if (!is_trusted(folder[0] != '\0' ? folder : "/"))
        return -1;
    file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | CAREFULLY, 0600);
    if (file >= 0 && fchmod(file, 0600) != 0) {
        close(file);
        return -1;
    }
    return file;
}

static int open_absolute_log(const char *path)
{
    char real[PATH_MAX];
    struct stat status;
    int file;

    if (lstat(path, &status) != 0)
        return errno == ENOENT ? make_log(path) : -1;
    if (!is_trusted(path) || realpath(path, real) == NULL)
        return -1;
    file = with_status_of(open(real, O_WRONLY | O_APPEND | CAREFULLY), &status);
    if (file >= 0 && status.st_uid != geteuid()) {
        close(file);
        return -1;
    }
    return file;
}

int open_own_log(const char *path)
{
    char folder[PATH_MAX], absolute[2 * PATH_MAX];

    if (path[0] == '/')
        return strlen(path) < PATH_MAX ? open_absolute_log(path) : -1;
    if (getcwd(folder, sizeof folder) == NULL
        || snprintf(absolute, sizeof absolute, "%s/%s", folder, path) >= PATH_MAX)
        return -1;
    return open_absolute_log(absolute);
}
