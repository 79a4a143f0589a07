#include "tests/hostile/measure.h"

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/base/check.h"

/* ---- processes ---- */

/* VmHWM begins anew, where that is allowed; otherwise peaks are what samples see. */
static void reset_peak(pid_t pid)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/clear_refs", (int)pid);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)!write(fd, "5", 1);
    (void)close(fd);
}

static double resident_mb(pid_t pid, const char *name)
{
    char path[64], line[256];
    double kilobytes = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = pid == 0 ? NULL : fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            kilobytes = strtod(line + strlen(name), NULL);
    if (file != NULL)
        (void)fclose(file);
    return kilobytes / 1024;
}

static uint64_t count_entries(const char *path)
{
    uint64_t count = 0;
    DIR *folder = opendir(path);
    for (struct dirent *entry = folder == NULL ? NULL : readdir(folder); entry != NULL;
         entry = readdir(folder))
        count += entry->d_name[0] != '.';
    if (folder != NULL)
        (void)closedir(folder);
    return count;
}

/* ---- the gateway's books ---- */

enum { BUSY_MS = 30000 };

static int64_t ask(sqlite3 *database, const char *text)
{
    sqlite3_stmt *statement = NULL;
    int64_t value = 0;
    if (sqlite3_prepare_v2(database, text, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return value;
}

/* Rows: messages, and entries that wait or ended; both only grow in number. */
static void read_books(struct measure *measure, int64_t *ret_rows, int64_t *ret_ledger)
{
    char path[PATH_BYTES_MAX];
    sqlite3 *database = NULL;
    check(path_make(path, "%s/gateway/store.sqlite", measure->world->province.directory));
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK) {
        (void)sqlite3_busy_timeout(database, BUSY_MS);
        *ret_rows = ask(database, "SELECT max(seq) FROM message");
        *ret_ledger = ask(database, "SELECT max(first) FROM ledger_segment");
    }
    (void)sqlite3_close(database);
}

/* A log as far as it was read: what an hour has written is not read again for every row. */
struct read_log {
    long at;
    int64_t lines;
};

static void read_rest(const char *path, struct read_log *log)
{
    static char block[1 << 16];
    FILE *file = fopen(path, "re");
    if (file == NULL || fseek(file, log->at, SEEK_SET) != 0) {
        if (file != NULL)
            (void)fclose(file);
        return;
    }
    for (size_t size = 1; size > 0;) {
        size = fread(block, 1, sizeof block, file);
        log->at += (long)size;
        for (const char *at = block; (at = memchr(at, '\n', size - (size_t)(at - block))); at++)
            log->lines++;
    }
    (void)fclose(file);
}

/* Of all processes of ours: whichever is made to write, writes to a disk that all share. */
static void read_logs(const struct measure *measure, int64_t *ret_bytes, int64_t *ret_lines)
{
    static struct read_log logs[CHILDREN_MAX];
    const struct children *children = &measure->world->children;
    *ret_bytes = *ret_lines = 0;
    for (size_t i = 0; i < children->count; i++) {
        char path[PATH_BYTES_MAX];
        check(path_make(path, "%s/logs/%s.log", children->directory, children->list[i].name));
        read_rest(path, &logs[i]);
        *ret_bytes += logs[i].at;
        *ret_lines += logs[i].lines;
    }
}

/* ---- what is measured ---- */

void measure_begin(struct measure *measure, struct world *world, const struct child *victim,
                   uint16_t office)
{
    *measure = (struct measure){.world = world, .victim = victim, .office = office};
    reset_peak(world->gateway->pid);
    if (victim != NULL)
        reset_peak(victim->pid);
    read_books(measure, &measure->rows, &measure->ledger);
    read_logs(measure, &measure->log_bytes, &measure->log_lines);
    (void)world_take_deaths(world);
    measure->began_us = world_now_us();
    measure->first_message = world->shared->message_count;
    measure->first_call = world->shared->call_count;
}

static void keep_peak(double *peak, double value)
{
    if (value > *peak)
        *peak = value;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Of the source that has most: a partial file is called SOURCE_DIGEST. */
static uint64_t count_of_one_source(const char *path)
{
    struct dirent **names = NULL;
    uint64_t most = 0, same = 0;
    int count = scandir(path, &names, is_visible, alphasort);
    for (int i = 0; i < count; i++) {
        size_t source = strcspn(names[i]->d_name, "_");
        bool is_same = i > 0 && strncmp(names[i]->d_name, names[i - 1]->d_name, source + 1) == 0;
        same = is_same ? same + 1 : 1;
        most = same > most ? same : most;
    }
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return most;
}

void measure_sample(struct measure *measure)
{
    struct figures *figures = &measure->figures;
    const struct world *world = measure->world;
    char path[PATH_BYTES_MAX];
    keep_peak(&figures->gateway_mb, resident_mb(world->gateway->pid, "VmHWM:"));
    if (measure->victim != NULL)
        keep_peak(&figures->victim_mb, resident_mb(measure->victim->pid, "VmHWM:"));
    const struct child *victim = measure->victim != NULL ? measure->victim : world->gateway;
    check(path_make(path, "/proc/%d/fd", (int)victim->pid));
    uint64_t descriptors = count_entries(path);
    if (descriptors > figures->descriptors)
        figures->descriptors = descriptors;
    check(path_make(path, "%s/gateway/blobs/partial", world->province.directory));
    uint64_t partial_files = count_of_one_source(path);
    if (partial_files > figures->partial_files)
        figures->partial_files = partial_files;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static size_t count_taken(const struct measure *measure, int64_t now_us)
{
    const struct shared *shared = measure->world->shared;
    size_t count = 0;
    for (size_t i = 0; i < shared->message_count; i++) {
        int64_t custody_us = shared->messages[i].custody_us;
        count += custody_us >= measure->began_us && custody_us < now_us;
    }
    return count;
}

static void end_messages(struct measure *measure, int64_t now_us)
{
    static int64_t took[MESSAGES_MAX];
    const struct shared *shared = measure->world->shared;
    struct figures *figures = &measure->figures;
    size_t count = 0;
    for (size_t i = measure->first_message; i < shared->message_count; i++) {
        const struct honest_message *message = &shared->messages[i];
        int64_t end_us = message->custody_us != 0 ? message->custody_us : now_us;
        int64_t took_us = end_us - message->due_us;
        if (message->file != 0 && took_us > figures->file_worst_us)
            figures->file_worst_us = took_us;
        figures->waiting += message->custody_us == 0;
        if (message->file == 0)
            took[count++] = took_us;
    }
    figures->messages = count;
    if (count == 0)
        return;
    qsort(took, count, sizeof *took, compare);
    figures->p50_us = took[count / 2];
    figures->p99_us = took[count - 1 - count / 100];
}

static void end_calls(struct measure *measure)
{
    static int64_t took[OFFICE_CALLS_MAX];
    const struct shared *shared = measure->world->shared;
    struct figures *figures = &measure->figures;
    size_t count = 0;
    for (size_t i = measure->first_call; i < shared->call_count; i++) {
        const struct office_call *call = &shared->calls[i];
        if (call->adapter != measure->office)
            continue;
        figures->office_failed += call->failed;
        took[count++] = call->took_us;
    }
    figures->office_calls = count;
    if (count == 0)
        return;
    qsort(took, count, sizeof *took, compare);
    figures->office_p99_us = took[count - 1 - count / 100];
}

void measure_end(struct measure *measure, struct figures *ret_figures)
{
    struct figures *figures = &measure->figures;
    int64_t now_us = world_now_us();
    measure_sample(measure);
    figures->seconds = (double)(now_us - measure->began_us) / 1e6;
    figures->taken = count_taken(measure, now_us);
    end_messages(measure, now_us);
    end_calls(measure);
    figures->rows = measure->rows;
    figures->ledger = measure->ledger;
    read_books(measure, &figures->rows, &figures->ledger);
    figures->rows -= measure->rows;
    figures->ledger -= measure->ledger;
    read_logs(measure, &figures->log_bytes, &figures->log_lines);
    figures->log_bytes -= measure->log_bytes;
    figures->log_lines -= measure->log_lines;
    figures->deaths = world_take_deaths(measure->world);
    *ret_figures = *figures;
}

size_t measure_undelivered(const struct world *world, size_t first, int64_t until_us)
{
    const struct shared *shared = world->shared;
    size_t count = 0;
    for (size_t i = first; i < shared->message_count; i++) {
        const struct honest_message *message = &shared->messages[i];
        count += message->due_us < until_us && message->delivered_us == 0 && !message->is_refused &&
                 message->recipient != HOSTILE_FIRST && message->recipient != ABSENT;
    }
    return count;
}
