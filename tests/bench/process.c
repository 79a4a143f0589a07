#include "tests/bench/process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

double process_seconds(int pid)
{
    char path[64];
    char text[1024];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -1;
    size_t size = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[size] = 0;
    /* The name may hold anything; its last bracket ends the second field. */
    enum { NAME_FIELD = 2, USER_FIELD = 14 };
    char *rest = strrchr(text, ')');
    for (int field = NAME_FIELD; rest != NULL && field < USER_FIELD; field++)
        rest = strchr(rest + 1, ' ');
    if (rest == NULL)
        return -1;
    unsigned long long user = strtoull(rest, &rest, 10);
    unsigned long long system = strtoull(rest, NULL, 10);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

double process_rss_max_mb(int pid)
{
    char path[64];
    char line[256];
    double kilobytes = -1;
    (void)snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            kilobytes = strtod(line + 6, NULL);
    if (file != NULL)
        (void)fclose(file);
    return kilobytes < 0 ? -1 : kilobytes / 1024;
}

double own_seconds(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

double clock_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void process_end(int pid, int signal)
{
    if (pid > 0 && kill(pid, signal) == 0)
        (void)waitpid(pid, NULL, 0);
}
