/* Programs that the sandbox runs: each with a log and a file with its number, started again when
 * it ends, and ended with us whatever ends us (PR_SET_PDEATHSIG), because nothing of a sandbox may
 * stay. */
#include "ops/sandbox/children.h"
#include "gateway/workers/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

bool children_init(struct children *children, const char *directory)
{
    char path[PATH_BYTES_MAX];
    *children = (struct children){0};
    (void)snprintf(children->directory, sizeof children->directory, "%s", directory);
    static const char *const folders[] = {"logs", "run"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        if (!path_make(path, "%s/%s", directory, folders[i]) ||
            folder_make(path, 0700) != REASON_NONE) {
            (void)fprintf(stderr, "lienthong sandbox: cannot make %s\n", path);
            return false;
        }
    }
    return true;
}

/* Words are copied, so that a later start has them. NULL at CHILDREN_MAX. */
struct child *children_add(struct children *children, const char *name, const char *word, ...)
{
    if (children->count == CHILDREN_MAX)
        return NULL;
    struct child *child = &children->list[children->count++];
    *child = (struct child){0};
    (void)snprintf(child->name, sizeof child->name, "%s", name);
    va_list words;
    va_start(words, word);
    for (const char *next = word; next != NULL && child->word_count < CHILD_WORDS_MAX - 1;
         next = va_arg(words, const char *))
        (void)snprintf(child->words[child->word_count++], CHILD_WORD_BYTES, "%s", next);
    va_end(words);
    return child;
}

struct child *children_find(struct children *children, const char *name)
{
    for (size_t i = 0; i < children->count; i++) {
        if (strcmp(children->list[i].name, name) == 0)
            return &children->list[i];
    }
    return NULL;
}

static void write_pid(const struct children *children, const struct child *child)
{
    char path[PATH_BYTES_MAX];
    char text[32];
    int size = snprintf(text, sizeof text, "%d\n", (int)child->pid);
    if (path_make(path, "%s/run/%s.pid", children->directory, child->name))
        (void)file_write(path, (struct bytes){(const uint8_t *)text, (size_t)size}, 0600);
}

/* In the child: never returns. */
static void become(const struct children *children, struct child *child)
{
    char path[PATH_BYTES_MAX];
    char *words[CHILD_WORDS_MAX];
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setpgid(0, 0); /* Ctrl-C at the terminal is the parent's to handle */
    int log = path_make(path, "%s/logs/%s.log", children->directory, child->name)
                  ? open(path, O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600)
                  : -1;
    /* A program that asks at the terminal would wait for an answer that nobody can give it. */
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (log < 0 || nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
        dup2(log, STDERR_FILENO) < 0)
        _exit(126);
    for (size_t i = 0; i < child->word_count; i++)
        words[i] = child->words[i];
    words[child->word_count] = NULL;
    (void)execv(words[0], words);
    _exit(127);
}

/* A fork that failed counts like a start that ended at once: children_tend tries again after
 * CHILD_RESTART_MS. */
void child_start(struct children *children, struct child *child)
{
    child->is_wanted = true;
    if (child->pid != 0)
        return;
    pid_t pid = fork();
    if (pid == 0)
        become(children, child);
    child->start_at_ms = program_mono().ms + CHILD_RESTART_MS;
    if (pid < 0)
        return; /* children_tend tries again */
    child->pid = pid;
    write_pid(children, child);
}

static void ended(struct child *child)
{
    child->pid = 0;
    child->start_at_ms = program_mono().ms + CHILD_RESTART_MS;
}

/* Also true of one that was never started. Without waiting: a program that hangs must not stop the
 * round in which the others are looked after. */
static bool has_ended(struct child *child)
{
    if (child->pid == 0)
        return true;
    if (waitpid(child->pid, NULL, WNOHANG) != child->pid)
        return false;
    ended(child);
    return true;
}

/* Who has not obeyed SIGTERM within CHILD_STOP_MS is killed, so that this ends. */
static void wait_until_ended(struct child *child)
{
    enum { ROUND_MS = 10 };
    int64_t until = program_mono().ms + CHILD_STOP_MS;
    while (!has_ended(child)) {
        if (program_mono().ms > until)
            (void)kill(child->pid, SIGKILL);
        (void)poll(NULL, 0, ROUND_MS);
    }
}

void child_stop(struct children *children, struct child *child)
{
    (void)children;
    child->is_wanted = false;
    if (has_ended(child))
        return;
    (void)kill(child->pid, SIGTERM);
    wait_until_ended(child);
}

void children_tend(struct children *children)
{
    for (size_t i = 0; i < children->count; i++) {
        struct child *child = &children->list[i];
        bool was_running = child->pid != 0;
        if (was_running && has_ended(child) && child->is_wanted)
            child->restarts++;
        if (child->is_wanted && child->pid == 0 && program_mono().ms >= child->start_at_ms)
            child_start(children, child);
    }
}

/* All are told before any is awaited: the slowest one alone decides how long it takes. */
void children_stop_all(struct children *children)
{
    for (size_t i = 0; i < children->count; i++) {
        children->list[i].is_wanted = false;
        if (!has_ended(&children->list[i]))
            (void)kill(children->list[i].pid, SIGTERM);
    }
    for (size_t i = 0; i < children->count; i++)
        wait_until_ended(&children->list[i]);
}

/* VmHWM is the peak as the kernel kept it; it goes with the process, so that it is asked for while
 * that lives. */
uint64_t child_peak_memory_kib(const struct child *child)
{
    char path[64];
    char line[256];
    unsigned long long kib = 0;
    if (child->pid == 0)
        return 0;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)child->pid);
    FILE *status = fopen(path, "re");
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = strtoull(line + 6, NULL, 10);
    }
    if (status != NULL)
        (void)fclose(status);
    return kib;
}
