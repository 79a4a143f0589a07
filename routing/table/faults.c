#include "routing/table/faults.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"

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

/* Cuts at a character, not inside one. */
static void copy_detail(struct bytes detail, char ret_text[FAULT_DETAIL_BYTES])
{
    size_t size = detail.size;
    if (size >= FAULT_DETAIL_BYTES) {
        size = FAULT_DETAIL_BYTES - 1;
        while (size > 0 && (detail.data[size] & 0xc0) == 0x80)
            size--;
    }
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = detail.data[i];
        ret_text[i] = byte < ' ' || byte == 0x7f ? '?' : (char)byte;
    }
    ret_text[size] = 0;
}

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
    copy_detail(detail, fault->detail);
}

size_t faults_total(const struct faults *faults)
{
    return faults->count + faults->left_out;
}

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

bool fault_print(const struct fault *fault, enum language language, struct buffer *buffer)
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

bool faults_print(const struct faults *faults, enum language language, struct buffer *buffer)
{
    for (size_t i = 0; i < faults->count; i++) {
        if (!fault_print(&faults->items[i], language, buffer) || !buffer_append_text(buffer, "\n"))
            return false;
    }
    if (faults->left_out == 0)
        return true;
    return buffer_append_format(
        buffer, language_pick(language, "và %zu lỗi nữa\n", "and %zu more\n"), faults->left_out);
}
