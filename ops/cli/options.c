/* Reading a command line by its table: options by getopt_long, then words and their values. A
 * command never sees a value that its kind does not allow (value.c), and every complaint names the
 * allowed words and the nearest one. Printing: options_print.c; completion: options_complete.c. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ops/cli/options_parts.h"
#include "proto/base/check.h"
#include "proto/base/near.h"

enum {
    ROWS_MAX = 32,
    LONG_ONLY = 256, /* getopt's value of row n is LONG_ONLY + n */
    HELP_VALUE = LONG_ONLY + ROWS_MAX,
};

struct reading {
    const struct option_table *table;
    enum language language;
    int argc;
    char **argv;
    bool is_given[ROWS_MAX];
};

/* getopt_long's two forms of the same table. The rows stay the only place where an option is
 * listed. */
static void describe(const struct option_table *table, struct option *ret_options,
                     char *ret_letters)
{
    size_t letters = 0;
    ret_letters[letters++] = ':'; /* a missing value is told from an unknown option */
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = &table->rows[i];
        int argument = row->kind == OPTION_FLAG    ? no_argument
                       : row->kind == OPTION_MAYBE ? optional_argument
                                                   : required_argument;
        ret_options[i] = (struct option){row->name, argument, NULL, LONG_ONLY + (int)i};
        if (row->letter == 0)
            continue;
        ret_letters[letters++] = row->letter;
        for (int colons = 0; colons < argument; colons++) /* 1 required, 2 optional */
            ret_letters[letters++] = ':';
    }
    ret_options[table->count] = (struct option){"help", no_argument, NULL, HELP_VALUE};
    ret_letters[letters++] = 'h';
    ret_letters[letters] = 0;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* The whole text has to be the number: "10s" is refused, or seconds would be taken for
 * milliseconds. */
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

/* False: the value is not one of its kind. An empty text is refused unless the kind says that any
 * text will do, because it mostly comes from a variable of a shell that was not set. */
static bool take(const struct option_row *row, const char *text)
{
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)row->value = true;
        return true;
    case OPTION_TEXT:
    case OPTION_MAYBE:
        *(const char **)row->value = text != NULL ? text : "";
        return text == NULL || text[0] == 0 ? row->kind == OPTION_MAYBE || row->takes == VALUE_TEXT
                                            : value_is_valid(row->takes, text);
    case OPTION_INTEGER:
        return take_integer(row, text);
    case OPTION_LIST: {
        struct option_list *list = row->value;
        if (list->count == OPTION_LIST_MAX || !value_is_valid(row->takes, text))
            return false;
        list->values[list->count++] = text;
        return true;
    }
    }
    return false;
}

/* getopt gives the letter of a short option and the row's number of a long one (describe). */
static const struct option_row *row_of(const struct option_table *table, int value)
{
    if (value >= LONG_ONLY)
        return &table->rows[value - LONG_ONLY];
    for (size_t i = 0; i < table->count; i++)
        if (table->rows[i].letter == value)
            return &table->rows[i];
    return NULL;
}

static void ignore(void *context, const char *word)
{
    (void)context;
    (void)word;
}

static const char *near_word(const struct option_table *table, const char *word)
{
    struct near near = {.word = word};
    for (size_t i = 0; i < table->word_count; i++)
        near_look(&near, table->words[i].name);
    return near.meant;
}

/* A value that may be left out can also stand as the next word, when nothing else could be meant:
 * one of the kind's words, or a path: of what is there, or what is no word of the command and near
 * to none. */
static const char *word_behind(const struct option_table *table, const struct option_row *row,
                               int argc, char **argv)
{
    const char *word = optind < argc ? argv[optind] : NULL;
    if (row->kind != OPTION_MAYBE || word == NULL || word[0] == '-' || word[0] == 0)
        return NULL;
    bool has_words = value_each_word(row->takes, ignore, NULL);
    bool fits = has_words ? value_is_valid(row->takes, word)
                          : strchr(word, '/') != NULL || access(word, F_OK) == 0 ||
                                (table->words[0].name != NULL && near_word(table, word) == NULL);
    if (!fits)
        return NULL;
    optind++;
    return word;
}

/* ---- options --------------------------------------------------------------------------------- */

/* Looks at long names alone: of one letter every other letter is near. */
static const char *near_option(const struct option_table *table, const char *word)
{
    static char meant[64];
    char name[sizeof meant];
    struct near near = {.word = name};
    if (strncmp(word, "--", 2) != 0)
        return NULL;
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    for (size_t i = 0; i < table->count; i++)
        near_look(&near, table->rows[i].name);
    (void)snprintf(meant, sizeof meant, "--%s", near.meant != NULL ? near.meant : "");
    return near.meant != NULL ? meant : NULL;
}

static const char *name_of(const struct option_row *row, char scratch[64])
{
    (void)snprintf(scratch, 64, "--%s", row->name);
    return scratch;
}

/* Refuses what getopt could not read first, then what was given twice: the first value would be
 * lost without a word. */
static int read_option(struct reading *reading, int value)
{
    const struct option_table *table = reading->table;
    char name[64];
    if (value == '?')
        return options_complain(table, reading->language, TEXT_OPTION_UNKNOWN,
                                reading->argv[optind - 1],
                                near_option(table, reading->argv[optind - 1]));
    const struct option_row *row = row_of(table, value == ':' ? optopt : value);
    if (value == ':' || row == NULL)
        return options_complain(table, reading->language, TEXT_OPTION_NEEDS,
                                row != NULL ? name_of(row, name) : reading->argv[optind - 1], NULL);
    bool *is_given = &reading->is_given[row - table->rows];
    if (*is_given && row->kind != OPTION_FLAG && row->kind != OPTION_LIST)
        return options_complain(table, reading->language, TEXT_OPTION_TWICE, name_of(row, name),
                                NULL);
    *is_given = true;
    const char *text =
        optarg != NULL ? optarg : word_behind(reading->table, row, reading->argc, reading->argv);
    return take(row, text) ? EXIT_CODE_OK
                           : options_refuse_value(table, reading->language, name_of(row, name), row,
                                                  row->takes, text);
}

/* argv[optind] and what follows are then the words that are no options. */
static bool read_options(struct reading *reading, int *ret_code)
{
    const struct option_table *table = reading->table;
    struct option options[ROWS_MAX + 2] = {0};
    char letters[3 * ROWS_MAX + 3];
    int value;
    check(table->count <= ROWS_MAX);
    describe(table, options, letters);
    optind = 0; /* glibc: start anew */
    opterr = 0;
    while ((value = getopt_long(reading->argc, reading->argv, letters, options, NULL)) != -1) {
        if (value == HELP_VALUE || value == 'h') {
            options_print_help(table, reading->language, stdout);
            *ret_code = EXIT_CODE_OK;
            return false;
        }
        *ret_code = read_option(reading, value);
        if (*ret_code != EXIT_CODE_OK)
            return false;
    }
    return true;
}

/* ---- words ----------------------------------------------------------------------------------- */

/* How many values may follow the word. */
static size_t most(const struct option_word *word)
{
    size_t count = 0;
    while (count < OPTION_WORDS_MAX && word->takes[count] != VALUE_NONE)
        count++;
    return count;
}

/* In this order, because a person who left one out has to learn which, and one too many often is
 * the value of an option whose name was forgotten. */
static int read_values(const struct reading *reading, const struct option_word *word, int argc,
                       char **argv, struct option_words *ret_words)
{
    const struct option_table *table = reading->table;
    enum language language = reading->language;
    if ((size_t)argc < word->needed)
        return options_complain(table, language, TEXT_WORD_MISSING,
                                value_label(word->takes[argc], language), NULL);
    if ((size_t)argc > most(word))
        return options_complain(table, language, TEXT_WORD_TOO_MANY, argv[most(word)], NULL);
    for (size_t i = 0; i < (size_t)argc; i++) {
        ret_words->values[i] = argv[i];
        if (!value_is_valid(word->takes[i], argv[i]))
            return options_refuse_value(table, language, value_label(word->takes[i], language),
                                        NULL, word->takes[i], argv[i]);
    }
    ret_words->count = (size_t)argc;
    return EXIT_CODE_OK;
}

static int read_words(const struct reading *reading, int argc, char **argv,
                      struct option_words *ret_words)
{
    const struct option_table *table = reading->table;
    bool has_names = table->words[0].name != NULL;
    *ret_words = (struct option_words){.word = 0};
    if (!has_names || (argc == 0 && table->words[0].is_meant))
        return read_values(reading, &table->words[0], argc, argv, ret_words);
    if (argc == 0)
        return options_complain(table, reading->language, TEXT_WORD_MISSING, table->words[0].name,
                                NULL);
    while (ret_words->word < table->word_count &&
           strcmp(table->words[ret_words->word].name, argv[0]) != 0)
        ret_words->word++;
    if (ret_words->word == table->word_count)
        return options_complain(table, reading->language, TEXT_WORD_UNKNOWN, argv[0],
                                near_word(table, argv[0]));
    return read_values(reading, &table->words[ret_words->word], argc - 1, argv + 1, ret_words);
}

/* The option that may not be left out is looked at last: what is wrong with those that were given
 * is nearer to what the person meant. */
bool options_read(const struct option_table *table, const struct invocation *invocation, int argc,
                  char **argv, struct option_words *ret_words, int *ret_code)
{
    struct reading reading = {table, invocation->language, argc, argv, {false}};
    if (invocation->is_completing) {
        options_offer(table, argc, argv);
        *ret_code = EXIT_CODE_OK;
        return false;
    }
    if (!read_options(&reading, ret_code))
        return false;
    *ret_code = read_words(&reading, argc - optind, argv + optind, ret_words);
    for (size_t i = 0; *ret_code == EXIT_CODE_OK && i < table->count && table->needed != NULL;
         i++) {
        char name[64];
        if (strcmp(table->rows[i].name, table->needed) == 0 && !reading.is_given[i])
            *ret_code = options_complain(table, invocation->language, TEXT_WORD_MISSING,
                                         name_of(&table->rows[i], name), NULL);
    }
    return *ret_code == EXIT_CODE_OK;
}

int options_wrong(const struct option_table *table, enum language language, enum text text,
                  const char *value)
{
    return options_complain(table, language, text, value, NULL);
}
