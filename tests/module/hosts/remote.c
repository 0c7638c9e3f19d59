/*
 * A C program by remote control: Python tests tell it over two pipes what to call, so that a table of a test is
 * Python's and the process under test has none. Usage: remote IN OUT [CLOSED...], the numbers of file descriptors;
 * CLOSED are closed first.
 *
 * A request is a line, so is its answer; addresses and numbers are hexadecimal, a reply of "!" is followed by text.
 *   open FLAGS PATH            -> handle        dlopen
 *   symbol HANDLE NAME         -> address       dlsym
 *   allocate BYTES             -> address       of memory that ends where reading on is a fault
 *   write ADDRESS HEXBYTES     -> 0
 *   read ADDRESS BYTES         -> HEXBYTES
 *   call ADDRESS NUMBER...     -> number        a function of up to eleven arguments
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAX_ARGUMENTS = 11 };

typedef unsigned long number;
typedef number (*function)(number, number, number, number, number, number, number, number, number, number, number);

static FILE *answers;

static number next_number(char **rest)
{
    char *word = strsep(rest, " ");

    return word != NULL ? strtoul(word, NULL, 16) : 0;
}

static void answer(void *value)
{
    fprintf(answers, "%lx\n", (number)value);
}

static void answer_loader(void *value)
{
    if (value == NULL)
        fprintf(answers, "!%s\n", dlerror());
    else
        answer(value);
}

static void do_open(char *rest)
{
    int flags = (int)next_number(&rest);

    answer_loader(dlopen(*rest != '\0' ? rest : NULL, flags));
}

static void do_symbol(char *rest)
{
    void *handle = (void *)next_number(&rest);

    answer_loader(dlsym(handle, rest));
}

static void do_allocate(char *rest)
{
    size_t size = next_number(&rest);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t used = (size + page - 1) / page * page;
    char *start = mmap(NULL, used + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (start == MAP_FAILED || mprotect(start + used, page, PROT_NONE) != 0)
        abort();
    answer(start + used - size);
}

static void do_write(char *rest)
{
    unsigned char *bytes = (unsigned char *)next_number(&rest);

    for (; sscanf(rest, "%2hhx", bytes) == 1; rest += 2)
        bytes++;
    answer(NULL);
}

static void do_read(char *rest)
{
    const unsigned char *bytes = (const unsigned char *)next_number(&rest);
    number size = next_number(&rest);

    while (size-- > 0)
        fprintf(answers, "%02x", *bytes++);
    fputc('\n', answers);
}

static void do_call(char *rest)
{
    function called = (function)next_number(&rest);
    number a[MAX_ARGUMENTS];

    for (int i = 0; i < MAX_ARGUMENTS; i++)
        a[i] = next_number(&rest);
    answer((void *)called(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10]));
}

static const struct {
    const char *word;
    void (*serve)(char *rest);
} requests[] = {
    {"open", do_open}, {"symbol", do_symbol}, {"allocate", do_allocate},
    {"write", do_write}, {"read", do_read}, {"call", do_call},
};

static void serve(char *line)
{
    char *word;

    line[strcspn(line, "\n")] = '\0';
    word = strsep(&line, " ");
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        if (strcmp(word, requests[i].word) == 0)
            requests[i].serve(line != NULL ? line : "");
    fflush(answers);
}

int main(int argc, char **argv)
{
    FILE *lines = fdopen(atoi(argv[1]), "r");
    char *line = NULL;
    size_t size = 0;

    answers = fdopen(atoi(argv[2]), "w");
    for (int i = 3; i < argc; i++)
        close(atoi(argv[i]));
    while (getline(&line, &size, lines) > 0)
        serve(line);
    return 0;
}
