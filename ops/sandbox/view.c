/* The picture of a running sandbox, drawn over itself at a terminal and as single lines elsewhere.
 * Who waits for most stands at the top; in a narrow window the least telling numbers go first. It
 * shows figures and decides nothing; whether they are good is verdict.c's. */
#include "ops/sandbox/view.h"

#include <stdlib.h>
#include <string.h>

enum {
    NUMBER_COLUMNS = 7,
    NUMBERS_MAX = 7,
    NAME_MIN_COLUMNS = 20,
    NAME_MAX_COLUMNS = 48,
    FRAME_LINES = 4, /* head, total, what is left off, the line that the cursor stands on */
};

/* The first that is missing along a dossier's way: an office that has not accepted cannot owe a
 * result yet. */
enum awaited figures_awaited(const struct figures_row *row, uint64_t *ret_count)
{
    if (row->forwarded > row->accepted) {
        *ret_count = row->forwarded - row->accepted;
        return AWAITED_OFFICE;
    }
    if (row->accepted > row->results) {
        *ret_count = row->accepted - row->results;
        return AWAITED_RESULT;
    }
    if (row->forwarded > row->at_portal) {
        *ret_count = row->forwarded - row->at_portal;
        return AWAITED_PORTAL;
    }
    *ret_count = 0;
    return AWAITED_NOTHING;
}

static const char *awaited_text(enum awaited awaited, enum language language)
{
    switch (awaited) {
    case AWAITED_OFFICE:
        return language_pick(language, "tiếp nhận", "acceptance");
    case AWAITED_RESULT:
        return language_pick(language, "kết quả", "result");
    case AWAITED_PORTAL:
        return language_pick(language, "Cổng DVCQG", "portal");
    default:
        return "";
    }
}

void view_init(struct view *view, enum language language, FILE *to)
{
    *view = (struct view){.language = language, .to = to};
}

static const char *name_of(const struct view *view, const struct figures_row *row)
{
    return view->language == LANGUAGE_VIETNAMESE ? row->agency->name_vi : row->agency->name_en;
}

/* ---- rows ---- */

struct layout {
    size_t name_columns;
    size_t number_count;
    bool has_awaited;
    size_t awaited_columns;
};

/* Numbers are left off from the right, where the least telling ones stand, until names have room to
 * be told apart. */
static struct layout layout_of(size_t columns, bool has_awaited)
{
    enum { AWAITED_COLUMNS = 18, NUMBERS_NARROW = 4 };
    bool is_wide = columns >= VIEW_WIDE_COLUMNS;
    struct layout layout = {
        .number_count = is_wide       ? NUMBERS_MAX
                        : has_awaited ? NUMBERS_NARROW
                                      : NUMBERS_MAX - 1,
        .has_awaited = has_awaited,
        .awaited_columns = AWAITED_COLUMNS,
    };
    size_t beside = has_awaited ? AWAITED_COLUMNS + 2 : 0;
    while (layout.number_count > 1 &&
           layout.number_count * (NUMBER_COLUMNS + 1) + beside + NAME_MIN_COLUMNS > columns)
        layout.number_count--;
    size_t used = layout.number_count * (NUMBER_COLUMNS + 1) + beside;
    size_t left = columns > used ? columns - used : 0;
    layout.name_columns = left < NAME_MIN_COLUMNS   ? NAME_MIN_COLUMNS
                          : left > NAME_MAX_COLUMNS ? NAME_MAX_COLUMNS
                                                    : left;
    return layout;
}

static void print_heads(const struct view *view, const struct layout *layout)
{
    static const char *const vietnamese[NUMBERS_MAX] = {"chuyển",  "nhận",  "trả KQ",  "Cổng",
                                                        "bổ sung", "TB ms", "lâu nhất"};
    static const char *const english[NUMBERS_MAX] = {"sent",  "taken",   "results", "portal",
                                                     "asked", "mean ms", "max ms"};
    bool is_vietnamese = view->language == LANGUAGE_VIETNAMESE;
    text_print_fitted(is_vietnamese ? "Cơ quan" : "Agency", layout->name_columns, false, view->to);
    for (size_t i = 0; i < layout->number_count; i++) {
        (void)fputc(' ', view->to);
        text_print_fitted(is_vietnamese ? vietnamese[i] : english[i], NUMBER_COLUMNS, true,
                          view->to);
    }
    if (layout->has_awaited)
        (void)fprintf(view->to, "  %s", is_vietnamese ? "còn chờ" : "awaited");
}

static void print_row(const struct view *view, const struct layout *layout, const char *name,
                      const struct figures_row *row)
{
    const uint64_t numbers[NUMBERS_MAX] = {row->forwarded, row->accepted,    row->results,
                                           row->at_portal, row->supplements, row->mean_ms,
                                           row->max_ms};
    char text[64];
    text_print_fitted(name, layout->name_columns, false, view->to);
    for (size_t i = 0; i < layout->number_count; i++) {
        (void)snprintf(text, sizeof text, "%llu", (unsigned long long)numbers[i]);
        (void)fputc(' ', view->to);
        text_print_fitted(text, NUMBER_COLUMNS, true, view->to);
    }
    uint64_t count;
    enum awaited awaited = figures_awaited(row, &count);
    if (!layout->has_awaited || awaited == AWAITED_NOTHING)
        return;
    bool has_colour = terminal_of(view->to).has_colour;
    (void)snprintf(text, sizeof text, "%s (%llu)", awaited_text(awaited, view->language),
                   (unsigned long long)count);
    (void)fputs(has_colour ? "  \033[33m" : "  ", view->to);
    (void)fprintf(view->to, "%.*s", (int)text_fit(text, layout->awaited_columns), text);
    if (has_colour)
        (void)fputs("\033[0m", view->to);
}

/* ---- the picture ---- */

/* Those who wait for most come first; who waits for nothing keeps the registry's order. */
static int compare_awaited(const void *a, const void *b)
{
    const struct figures_row *const *left = a;
    const struct figures_row *const *right = b;
    uint64_t counts[2];
    (void)figures_awaited(*left, &counts[0]);
    (void)figures_awaited(*right, &counts[1]);
    if (counts[0] != counts[1])
        return counts[0] > counts[1] ? -1 : 1;
    return (*left > *right) - (*left < *right);
}

/* What a longer line of the picture before left behind is erased. */
static void end_line(struct view *view)
{
    (void)fputs("\033[K\n", view->to);
    view->drawn_lines++;
}

/* The picture is taken away, because the table that follows says the same for good. */
void view_end(struct view *view)
{
    if (view->drawn_lines > 0)
        (void)fprintf(view->to, "\033[%zuA\r\033[J", view->drawn_lines);
    view->drawn_lines = 0;
}

static const char *total_name(const struct view *view)
{
    return language_pick(view->language, "Tổng cộng", "Total");
}

/* Never taller than the window: what scrolls out of it could not be drawn over, and each second
 * would leave a copy behind. */
static void draw(struct view *view, const struct figures *figures, const struct terminal *terminal)
{
    const struct figures_row *rows[FIGURES_ROWS_MAX];
    size_t columns = terminal->columns > 0 ? terminal->columns : VIEW_COLUMNS_DEFAULT;
    size_t lines = terminal->rows > 0 ? terminal->rows : VIEW_ROWS_DEFAULT;
    size_t room = lines > FRAME_LINES + 1 ? lines - FRAME_LINES : 1;
    struct layout layout = layout_of(columns, true);
    for (size_t i = 0; i < figures->row_count; i++)
        rows[i] = &figures->rows[i];
    qsort(rows, figures->row_count, sizeof(const struct figures_row *), compare_awaited);
    size_t shown = figures->row_count < room ? figures->row_count : room;
    if (view->drawn_lines > 0)
        (void)fprintf(view->to, "\033[%zuA\r", view->drawn_lines);
    view->drawn_lines = 0;
    print_heads(view, &layout);
    end_line(view);
    for (size_t i = 0; i < shown; i++) {
        print_row(view, &layout, name_of(view, rows[i]), rows[i]);
        end_line(view);
    }
    if (shown < figures->row_count) {
        (void)fprintf(view->to,
                      language_pick(view->language, "… và %zu cơ quan nữa", "… and %zu more"),
                      figures->row_count - shown);
        end_line(view);
    }
    print_row(view, &layout, total_name(view), &figures->total);
    end_line(view);
    (void)fputs("\033[J", view->to);
}

/* Who is awaited most, for a log or a terminal that cannot be redrawn. */
static void say_line(struct view *view, const struct figures *figures, uint64_t elapsed_s)
{
    const struct figures_row *total = &figures->total;
    const struct figures_row *most = NULL;
    uint64_t most_count = 0;
    for (size_t i = 0; i < figures->row_count; i++) {
        uint64_t count;
        if (figures_awaited(&figures->rows[i], &count) != AWAITED_NOTHING && count > most_count) {
            most = &figures->rows[i];
            most_count = count;
        }
    }
    (void)fprintf(view->to,
                  language_pick(view->language, "%3llu s: chuyển %llu, nhận %llu, kết quả %llu",
                                "%3llu s: %llu sent, %llu taken, %llu results"),
                  (unsigned long long)elapsed_s, (unsigned long long)total->forwarded,
                  (unsigned long long)total->accepted, (unsigned long long)total->results);
    if (most != NULL)
        (void)fprintf(
            view->to,
            language_pick(view->language, "; chờ %s: %s (%llu)", "; awaited of %s: %s (%llu)"),
            most->agency->key.text,
            awaited_text(figures_awaited(most, &most_count), view->language),
            (unsigned long long)most_count);
    (void)fputc('\n', view->to);
}

void view_show(struct view *view, const struct figures *figures, uint64_t elapsed_s)
{
    struct terminal terminal = terminal_of(view->to);
    if (terminal.can_move)
        draw(view, figures, &terminal);
    else
        say_line(view, figures, elapsed_s);
    (void)fflush(view->to);
}

void view_table(const struct view *view, const struct figures *figures)
{
    struct terminal terminal = terminal_of(view->to);
    struct layout layout =
        layout_of(terminal.columns > 0 ? terminal.columns : VIEW_COLUMNS_DEFAULT, false);
    print_heads(view, &layout);
    (void)fputc('\n', view->to);
    for (size_t i = 0; i < figures->row_count; i++) {
        print_row(view, &layout, name_of(view, &figures->rows[i]), &figures->rows[i]);
        (void)fputc('\n', view->to);
    }
    print_row(view, &layout, total_name(view), &figures->total);
    (void)fputc('\n', view->to);
}
