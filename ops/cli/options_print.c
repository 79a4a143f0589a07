/* What people read of a table of options: help, and what is wrong with what they wrote. */
#include <string.h>

#include "ops/cli/options_parts.h"
#include "ops/cli/say.h"
#include "ops/terminal/terminal.h"
#include "proto/base/near.h"

enum {
    LINE_BYTES = 1024,
    NAME_COLUMNS = 31,
    NARROW_COLUMNS = 60, /* of a window where the help of an option has a line of its own */
    INDENT_COLUMNS = 6,
    LIST_WORDS_MAX = 24, /* of what is allowed; longer lists are in the manual */
};

/* ---- help ------------------------------------------------------------------------------------ */

static void add_values(char *line, const struct option_word *word, enum language language)
{
    size_t size = strlen(line);
    for (size_t i = 0; i < OPTION_WORDS_MAX && word->takes[i] != VALUE_NONE; i++) {
        const char *label = value_label(word->takes[i], language);
        size += (size_t)snprintf(line + size, LINE_BYTES - size, i < word->needed ? " %s" : " [%s]",
                                 label);
    }
}

/* "lienthong queues [list | hold ID | status] [OPTIONS]" */
static void print_usage(const struct option_table *table, enum language language, FILE *to)
{
    char line[LINE_BYTES];
    bool has_names = table->words[0].name != NULL;
    bool is_optional = has_names && table->words[0].is_meant;
    int size = snprintf(line, sizeof line, "%s lienthong %s%s", text_of(TEXT_USAGE, language),
                        table->command,
                        is_optional ? " ["
                        : has_names ? " "
                                    : "");
    size_t indent = (size_t)size;
    for (size_t i = 0; i < table->word_count; i++) {
        size_t at = strlen(line);
        (void)snprintf(line + at, sizeof line - at, "%s%s", i > 0 ? " | " : "",
                       has_names ? table->words[i].name : "");
        add_values(line, &table->words[i], language);
    }
    size_t at = strlen(line);
    for (size_t i = 0; table->needed != NULL && i < table->count; i++) {
        if (strcmp(table->rows[i].name, table->needed) == 0)
            at += (size_t)snprintf(line + at, sizeof line - at, " --%s %s", table->needed,
                                   value_label(table->rows[i].takes, language));
    }
    (void)snprintf(line + at, sizeof line - at, "%s %s", is_optional ? "]" : "",
                   text_of(TEXT_USAGE_OPTIONS, language));
    say_wrapped(to, line, terminal_width(to) > 2 * indent ? indent : INDENT_COLUMNS);
}

/* A name that is too long for its column has a line for itself, and the help begins below it where
 * all help begins. */
static void print_row(const struct option_row *row, enum language language, FILE *to)
{
    char line[LINE_BYTES];
    const char *argument = value_label(row->takes, language);
    const char *between = row->kind == OPTION_FLAG ? "" : row->kind == OPTION_MAYBE ? "[=" : " ";
    char letter[8] = "    ";
    if (row->letter != 0)
        (void)snprintf(letter, sizeof letter, "-%c, ", row->letter);
    (void)snprintf(line, sizeof line, "  %s--%s%s%s%s", letter, row->name, between, argument,
                   row->kind == OPTION_MAYBE ? "]" : "");
    size_t columns = terminal_width(to);
    bool is_narrow = columns > 0 && columns < NARROW_COLUMNS;
    size_t width = text_width(line);
    if (is_narrow || (columns > 0 && width >= NAME_COLUMNS)) {
        say(to, "%s\n", line);
        width = 0;
        line[0] = 0;
    }
    size_t indent = is_narrow ? INDENT_COLUMNS : NAME_COLUMNS;
    size_t size = strlen(line);
    (void)snprintf(line + size, sizeof line - size, "%*s%s",
                   width < indent ? (int)(indent - width) : 1, "", text_of(row->help, language));
    say_wrapped(to, line, indent);
}

/* --help is in no table and in all of them. */
void options_print_help(const struct option_table *table, enum language language, FILE *to)
{
    const struct option_row help = {"help", 'h', OPTION_FLAG, NULL, VALUE_NONE, TEXT_OPTION_HELP,
                                    0,      0};
    print_usage(table, language, to);
    (void)fputc('\n', to);
    say_wrapped(to, text_of(table->summary, language), 0);
    (void)fputc('\n', to);
    for (size_t i = 0; i < table->count; i++)
        print_row(&table->rows[i], language, to);
    print_row(&help, language, to);
}

/* ---- what is wrong --------------------------------------------------------------------------- */

/* How to get help stands last, where the eye is after an error. */
static int end_complaint(const struct option_table *table, enum language language,
                         const char *meant)
{
    if (meant != NULL)
        say(stderr, text_of(TEXT_WORD_MEANT, language), meant);
    (void)fputc('\n', stderr);
    say(stderr, text_of(TEXT_SEE_HELP, language), table->command, " ");
    return EXIT_CODE_USAGE;
}

int options_complain(const struct option_table *table, enum language language, enum text text,
                     const char *word, const char *meant)
{
    say(stderr, "lienthong %s: ", table->command);
    /* The texts of the table are its own formats, compared by a test. */
    say(stderr, text_of(text, language), word);
    return end_complaint(table, language, meant);
}

struct list {
    struct near near;
    char words[LINE_BYTES];
    size_t count;
    char meant[64];
};

/* The word lives during the call only. */
static void add_word(void *context, const char *word)
{
    struct list *list = context;
    size_t size = strlen(list->words);
    (void)snprintf(list->words + size, sizeof list->words - size, "%s%s", size > 0 ? ", " : "",
                   word);
    near_look(&list->near, word);
    if (list->near.meant == word) {
        (void)snprintf(list->meant, sizeof list->meant, "%s", word);
        list->near.meant = list->meant;
    }
    list->count++;
}

/* What is allowed is said as narrowly as it is known: the bounds of a number, else the words, else
 * the shape. */
int options_refuse_value(const struct option_table *table, enum language language, const char *what,
                         const struct option_row *row, enum value takes, const char *value)
{
    struct list list = {.near = {.word = value}};
    bool is_list = value_each_word(takes, add_word, &list) && list.count <= LIST_WORDS_MAX;
    const char *shape = value_shape(takes, language);
    say(stderr, "lienthong %s: ", table->command);
    say(stderr, text_of(TEXT_VALUE_REFUSED, language), what, value);
    if (list.meant[0] != 0)
        say(stderr, text_of(TEXT_WORD_MEANT, language), list.meant);
    (void)fputc('\n', stderr);
    if (row != NULL && row->kind == OPTION_INTEGER)
        say(stderr, text_of(TEXT_VALUE_RANGE, language), (long long)row->min, (long long)row->max);
    else if (is_list) {
        char line[LINE_BYTES + 64];
        (void)snprintf(line, sizeof line, text_of(TEXT_VALUE_ALLOWED, language), list.words);
        say_wrapped(stderr, line, 2);
    } else if (shape[0] != 0)
        say(stderr, text_of(TEXT_VALUE_ALLOWED, language), shape), (void)fputc('\n', stderr);
    say(stderr, text_of(TEXT_SEE_HELP, language), table->command, " ");
    return EXIT_CODE_USAGE;
}
