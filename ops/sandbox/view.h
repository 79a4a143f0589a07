/* view - a sandbox run as people watch it: a picture that fits their window, or one line a second.
 *
 *   view_init(&view, language, stdout)
 *   view_show(&view, figures, elapsed_s)     again and again: redrawn in place
 *   view_end(&view)                          the picture goes, the cursor stands where it began
 *   view_table(&view, figures)               the whole table, once, at the end
 *
 * The picture: whoever is awaited first, with what and why; those beyond the window's rows are
 * counted. Colour marks only what is awaited or wrong. On a stream that is no terminal, or one that
 * cannot move its cursor (TERM=dumb), a line says who is awaited.
 */
#pragma once

#include "ops/sandbox/figures.h"
#include "ops/terminal/terminal.h"
#include "proto/base/language.h"

enum {
    VIEW_COLUMNS_DEFAULT = 80, /* where the window's size is not known */
    VIEW_ROWS_DEFAULT = 24,
    VIEW_WIDE_COLUMNS = 110, /* from here on there is room for times */
};

struct view {
    enum language language;
    FILE *to;
    size_t drawn_lines; /* of the picture that stands there now */
};

void view_init(struct view *view, enum language language, FILE *to);
void view_show(struct view *view, const struct figures *figures, uint64_t elapsed_s);
void view_end(struct view *view);
void view_table(const struct view *view, const struct figures *figures);

/* What a row waits for: nothing; the office's word that it has it; its result; the portal. */
enum awaited { AWAITED_NOTHING = 0, AWAITED_OFFICE, AWAITED_RESULT, AWAITED_PORTAL };
/* The first of these that is owed, and how many dossiers. */
enum awaited figures_awaited(const struct figures_row *row, uint64_t *ret_count);
