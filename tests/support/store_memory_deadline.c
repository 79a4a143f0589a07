/* The clocks of dossiers in memory. */
#include "tests/support/store_memory_image.h"

enum reason memory_read_deadline(struct store *store, struct bytes dossier_code,
                                 struct store_deadline *ret_deadline)
{
    const struct store_memory_image *image = memory_image_of(store);
    size_t at = memory_deadline_at(image, dossier_code);
    if (at == image->deadlines.count ||
        !bytes_equal(image->deadlines.at[at].dossier_code, dossier_code))
        return REASON_NOT_FOUND;
    *ret_deadline = image->deadlines.at[at];
    return REASON_NONE;
}

static bool is_before(const struct store_deadline *a, wall_t due, struct bytes dossier)
{
    return a->deadline.due.ms < due.ms ||
           (a->deadline.due.ms == due.ms && bytes_compare(a->dossier_code, dossier) < 0);
}

static bool passes(const struct store_deadline *row, const struct store_deadline_filter *filter)
{
    bool is_behind = filter->after_due.ms < row->deadline.due.ms ||
                     (filter->after_due.ms == row->deadline.due.ms &&
                      bytes_compare(filter->after_dossier, row->dossier_code) < 0);
    return row->deadline.state != DEADLINE_FINISHED && is_behind &&
           (filter->due_before.ms == 0 || row->deadline.due.ms < filter->due_before.ms) &&
           (key_is_none(&filter->agency) || key_equal(&filter->agency, &row->agency));
}

enum reason memory_list_deadlines(struct store *store, const struct store_deadline_filter *filter,
                                  struct store_deadline *ret_deadlines, size_t limit,
                                  size_t *ret_count)
{
    const struct store_memory_image *image = memory_image_of(store);
    struct store_deadline_filter next = *filter;
    size_t count = 0;
    while (count < limit) {
        const struct store_deadline *first = NULL;
        for (size_t i = 0; i < image->deadlines.count; i++) {
            const struct store_deadline *row = &image->deadlines.at[i];
            if (passes(row, &next) &&
                (first == NULL || is_before(row, first->deadline.due, first->dossier_code)))
                first = row;
        }
        if (first == NULL)
            break;
        ret_deadlines[count++] = *first;
        next.after_due = first->deadline.due;
        next.after_dossier = first->dossier_code;
    }
    *ret_count = count;
    return REASON_NONE;
}

enum reason memory_count_deadlines(struct store *store, wall_t now,
                                   struct deadline_count *ret_counts, size_t limit,
                                   size_t *ret_count)
{
    const struct store_memory_image *image = memory_image_of(store);
    size_t count = 0;
    for (size_t i = 0; i < image->deadlines.count; i++)
        count = deadline_count_add(&image->deadlines.at[i].deadline, &image->deadlines.at[i].agency,
                                   now, ret_counts, count, limit);
    *ret_count = count;
    return REASON_NONE;
}
