/* Faults of the registry's files, all of them and not only the first: collected in a bounded list,
 * sorted as the files stand, and said in both languages with line and column. A detail is cut and
 * cleaned when it is taken, since the file may hold anything. */
#include "routing/table/faults.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "proto/base/printable.h"

struct row {
    const char *name;
    const char *vietnamese;
    const char *english;
};

static const struct row rows[] = {
#define FAULT(name, wire_name, vietnamese, english) {wire_name, vietnamese, english},
#include "routing/table/fault.def"
#undef FAULT
};

enum { KIND_COUNT = sizeof rows / sizeof *rows };

void faults_init(struct faults *faults)
{
    faults->count = 0;
    faults->left_out = 0;
}

/* File and column are names that live as long as the program; only the detail is copied, since it
 * lies in a text that goes. */
void faults_add(struct faults *faults, enum fault_kind kind, const char *file, unsigned line,
                const char *column, struct bytes detail)
{
    if (faults->count == FAULTS_MAX) {
        faults->left_out++;
        return;
    }
    struct fault *fault = &faults->items[faults->count++];
    fault->kind = kind;
    fault->line = line;
    fault->file = file;
    fault->column = column;
    (void)printable_copy(detail, fault->detail, sizeof fault->detail);
}

/* With those that found no place: zero means that there is no fault at all. */
size_t faults_total(const struct faults *faults)
{
    return faults->count + faults->left_out;
}

/* As the files are read by a person, top to bottom; the kind decides last, for an order that does
 * not change from run to run. */
static int compare(const void *left, const void *right)
{
    const struct fault *a = left;
    const struct fault *b = right;
    int order = strcmp(a->file, b->file);
    if (order != 0)
        return order;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return (a->kind > b->kind) - (a->kind < b->kind);
}

void faults_sort(struct faults *faults)
{
    qsort(faults->items, faults->count, sizeof *faults->items, compare);
}

const char *fault_text(enum fault_kind kind, enum language language)
{
    check((size_t)kind < KIND_COUNT);
    return language_pick(language, rows[kind].vietnamese, rows[kind].english);
}

const char *fault_name(enum fault_kind kind)
{
    check((size_t)kind < KIND_COUNT);
    return rows[kind].name;
}

/* "agencies.csv:7: successor: no such key in agencies.csv: snnx" without a newline. */
static bool fault_print(const struct fault *fault, enum language language, struct buffer *buffer)
{
    if (!buffer_append_text(buffer, fault->file))
        return false;
    if (fault->line != 0 && !buffer_append_format(buffer, ":%u", fault->line))
        return false;
    if (fault->column != NULL && !buffer_append_format(buffer, ": %s", fault->column))
        return false;
    if (!buffer_append_format(buffer, ": %s", fault_text(fault->kind, language)))
        return false;
    return fault->detail[0] == 0 || buffer_append_format(buffer, ": %s", fault->detail);
}

static bool is_same(const struct fault *a, const struct fault *b)
{
    return a->kind == b->kind && a->column == b->column && strcmp(a->file, b->file) == 0;
}

/* How many are like this one. *ret_is_first: and no earlier one. */
static size_t group_size(const struct faults *faults, size_t at, bool *ret_is_first)
{
    size_t count = 0;
    for (size_t i = 0; i < faults->count; i++) {
        if (!is_same(&faults->items[at], &faults->items[i]))
            continue;
        if (count++ == 0)
            *ret_is_first = i == at;
    }
    return count;
}

/* A spreadsheet that lost zeros did it in every row: one line with the first row numbers and one
 * example says it as well as a hundred. */
static bool print_group(const struct faults *faults, size_t first, size_t count,
                        enum language language, struct buffer *line)
{
    const struct fault *fault = &faults->items[first];
    const char *begin = language_pick(language, "%s: %s%s%s (%zu dòng:", "%s: %s%s%s (%zu lines:");
    bool ok = buffer_append_format(
        line, begin, fault->file, fault->column == NULL ? "" : fault->column,
        fault->column == NULL ? "" : ": ", fault_text(fault->kind, language), count);
    size_t quoted = 0;
    for (size_t i = first; i < faults->count && quoted < FAULTS_QUOTED_MAX; i++) {
        if (is_same(fault, &faults->items[i]))
            ok = ok &&
                 buffer_append_format(line, quoted++ == 0 ? " %u" : ", %u", faults->items[i].line);
    }
    ok = ok && buffer_append_text(line, count > quoted ? " …)" : ")");
    if (fault->detail[0] == 0)
        return ok;
    return ok && buffer_append_format(line, language_pick(language, ", ví dụ %s", ", such as %s"),
                                      fault->detail);
}

/* Line by line, for who has a screen or a page of a bounded size; *at is 0 at the start. */
bool faults_next_line(const struct faults *faults, size_t *at, enum language language,
                      struct buffer *line)
{
    while (*at < faults->count) {
        bool is_first = false;
        size_t index = (*at)++;
        size_t count = group_size(faults, index, &is_first);
        if (count <= FAULTS_ALONE_MAX)
            return fault_print(&faults->items[index], language, line);
        if (is_first)
            return print_group(faults, index, count, language, line);
    }
    return false;
}

bool faults_print(const struct faults *faults, enum language language, struct buffer *buffer)
{
    size_t at = 0;
    while (faults_next_line(faults, &at, language, buffer)) {
        if (!buffer_append_text(buffer, "\n"))
            return false;
    }
    if (faults->left_out == 0)
        return true;
    return buffer_append_format(
        buffer, language_pick(language, "và %zu lỗi nữa\n", "and %zu more\n"), faults->left_out);
}
