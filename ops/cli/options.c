#include "ops/cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ops/cli/commands.h"
#include "ops/cli/say.h"
#include "proto/base/check.h"

enum {
    ROWS_MAX = 32,
    LONG_ONLY = 256, /* getopt's value of row n is LONG_ONLY + n */
    HELP_VALUE = LONG_ONLY + ROWS_MAX,
    NAME_COLUMNS = 30,
};

static void describe(const struct option_table *table, struct option *ret_options,
                     char *ret_letters)
{
    size_t letters = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = &table->rows[i];
        int argument = row->kind == OPTION_FLAG    ? no_argument
                       : row->kind == OPTION_MAYBE ? optional_argument
                                                   : required_argument;
        ret_options[i] = (struct option){row->name, argument, NULL, LONG_ONLY + (int)i};
        if (row->letter == 0)
            continue;
        ret_letters[letters++] = row->letter;
        for (int n = argument == optional_argument ? 2 : argument; n > 0; n--)
            ret_letters[letters++] = ':'; /* one: it must have a value; two: it may */
    }
    ret_options[table->count] = (struct option){"help", no_argument, NULL, HELP_VALUE};
    ret_letters[letters++] = 'h';
    ret_letters[letters] = 0;
}

static bool take_integer(const struct option_row *row, const char *text)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != 0 || value < row->min || value > row->max)
        return false;
    *(int64_t *)row->value = value;
    return true;
}

static bool take(const struct option_row *row, const char *text)
{
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)row->value = true;
        return true;
    case OPTION_TEXT:
    case OPTION_MAYBE:
        *(const char **)row->value = text != NULL ? text : "";
        return true;
    case OPTION_INTEGER:
        return take_integer(row, text);
    case OPTION_LIST: {
        struct option_list *list = row->value;
        if (list->count == OPTION_LIST_MAX)
            return false;
        list->values[list->count++] = text;
        return true;
    }
    }
    return false;
}

static const struct option_row *row_of(const struct option_table *table, int value)
{
    if (value >= LONG_ONLY)
        return &table->rows[value - LONG_ONLY];
    for (size_t i = 0; i < table->count; i++)
        if (table->rows[i].letter == value)
            return &table->rows[i];
    return NULL;
}

/* A value that may be left out can also stand as the next word, when nothing else could be meant:
 * a path for a path, something that is there, one of the words that the argument lists. */
static const char *word_behind(const struct option_row *row, int argc, char **argv)
{
    const char *word = optind < argc ? argv[optind] : NULL;
    if (row->kind != OPTION_MAYBE || word == NULL || word[0] == '-' || word[0] == 0)
        return NULL;
    bool fits = strchr(word, '/') != NULL || access(word, F_OK) == 0;
    size_t size = strlen(word);
    for (const char *at = row->argument; !fits && at != NULL; at = strchr(at, '|')) {
        at += *at == '|';
        fits = strncmp(at, word, size) == 0 && (at[size] == 0 || at[size] == '|');
    }
    if (!fits)
        return NULL;
    optind++;
    return word;
}

enum options_answer options_parse(const struct option_table *table, enum language language,
                                  int *argc, char ***argv)
{
    check(table->count <= ROWS_MAX);
    struct option options[ROWS_MAX + 2] = {0};
    char letters[3 * ROWS_MAX + 2];
    describe(table, options, letters);
    optind = 0; /* glibc: start anew */
    opterr = 0;
    int value;
    while ((value = getopt_long(*argc, *argv, letters, options, NULL)) != -1) {
        if (value == HELP_VALUE || value == 'h') {
            options_print_help(table, language, stdout);
            return OPTIONS_HELP;
        }
        const struct option_row *row = value == '?' ? NULL : row_of(table, value);
        const char *text = optarg;
        if (row != NULL && text == NULL)
            text = word_behind(row, *argc, *argv);
        if (row == NULL || !take(row, text)) {
            say(stderr, text_of(TEXT_OPTION_WRONG, language), (*argv)[optind - 1]);
            options_complain(table, language);
            return OPTIONS_WRONG;
        }
    }
    *argc -= optind;
    *argv += optind;
    return OPTIONS_GO;
}

bool options_take(const struct option_table *table, enum language language, const char *word,
                  int *argc, char ***argv, int *ret_code)
{
    enum options_answer parsed = options_parse(table, language, argc, argv);
    int most = word != NULL ? 1 : 0;
    if (parsed != OPTIONS_GO)
        *ret_code = parsed == OPTIONS_HELP ? EXIT_CODE_OK : EXIT_CODE_USAGE;
    else if (*argc < most)
        *ret_code = options_wrong(table, language, TEXT_WORD_MISSING, word);
    else if (*argc > most)
        *ret_code = options_wrong(table, language, TEXT_WORD_TOO_MANY, (*argv)[most]);
    else
        return true;
    return false;
}

static void print_row(const struct option_row *row, enum language language, FILE *to)
{
    char name[64];
    const char *argument = row->argument != NULL ? row->argument : "";
    const char *between = row->kind == OPTION_FLAG ? "" : row->kind == OPTION_MAYBE ? "[=" : " ";
    const char *end = row->kind == OPTION_MAYBE ? "]" : "";
    char letter[8] = "    ";
    if (row->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    snprintf(name, sizeof name, "  %s--%s%s%s%s", letter, row->name, between, argument, end);
    say(to, "%-*s %s\n", NAME_COLUMNS, name, text_of(row->help, language));
}

void options_print_help(const struct option_table *table, enum language language, FILE *to)
{
    say(to, "%s lienthong %s %s%s%s\n\n%s\n\n", text_of(TEXT_USAGE, language), table->command,
        table->words, table->words[0] != 0 ? " " : "", text_of(TEXT_USAGE_OPTIONS, language),
        text_of(table->summary, language));
    for (size_t i = 0; i < table->count; i++)
        print_row(&table->rows[i], language, to);
    const struct option_row help = {"help", 'h', OPTION_FLAG, NULL, NULL, TEXT_OPTION_HELP, 0, 0};
    print_row(&help, language, to);
}

int options_wrong(const struct option_table *table, enum language language, enum text text,
                  const char *value)
{
    say(stderr, "lienthong %s: ", table->command);
    /* The texts of the table are its own formats, compared by a test. */
    say(stderr, text_of(text, language), value);
    options_complain(table, language);
    return EXIT_CODE_USAGE;
}

void options_complain(const struct option_table *table, enum language language)
{
    say(stderr, text_of(TEXT_SEE_HELP, language), table->command);
}
