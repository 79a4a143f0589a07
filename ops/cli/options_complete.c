/* What a shell may offer for the word that is being typed: from the same table that reads it, so
 * that nothing is offered that would be refused. It prints one word a line and never complains: the
 * line is half written. */
#include <string.h>

#include "ops/cli/options_parts.h"

static void print(void *context, const char *word)
{
    (void)context;
    (void)puts(word);
}

static const struct option_row *row_named(const struct option_table *table, const char *word)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = &table->rows[i];
        bool is_long = strncmp(word, "--", 2) == 0 && strcmp(word + 2, row->name) == 0;
        bool is_short =
            word[0] == '-' && word[1] == row->letter && row->letter != 0 && word[2] == 0;
        if (is_long || is_short)
            return row;
    }
    return NULL;
}

/* An option whose value stands in the word behind it. */
static bool takes_next(const struct option_row *row, const char *next)
{
    return row != NULL && row->kind != OPTION_FLAG &&
           (row->kind != OPTION_MAYBE || (next[0] != '-' && value_is_valid(row->takes, next)));
}

static void offer_options(const struct option_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        (void)printf("--%s\n", table->rows[i].name);
    (void)puts("--help");
}

/* "--type=resu": the shell has split it at the sign, or not. */
static bool offer_behind_sign(const struct option_table *table, const char *word)
{
    char name[64];
    const char *sign = strchr(word, '=');
    if (strncmp(word, "--", 2) != 0 || sign == NULL || (size_t)(sign - word) >= sizeof name)
        return false;
    memcpy(name, word, (size_t)(sign - word));
    name[sign - word] = 0;
    const struct option_row *row = row_named(table, name);
    if (row != NULL && row->kind != OPTION_FLAG)
        value_each_offer(row->takes, print, NULL);
    return true;
}

/* Whatever stands before the typed word decides: an option that wants a value, a word of the
 * command that wants one, or neither. */
void options_offer(const struct option_table *table, int argc, char **argv)
{
    const char *typed = argv[argc - 1];
    const struct option_row *before = argc > 2 ? row_named(table, argv[argc - 2]) : NULL;
    size_t count = 0;
    const struct option_word *word = table->words[0].name == NULL ? &table->words[0] : NULL;
    if (offer_behind_sign(table, typed))
        return;
    if (before != NULL && before->kind != OPTION_FLAG && typed[0] != '-') {
        value_each_offer(before->takes, print, NULL);
        if (before->kind != OPTION_MAYBE)
            return;
    }
    for (int i = 1; i < argc - 1; i++) {
        if (argv[i][0] == '-') {
            i += takes_next(row_named(table, argv[i]), argv[i + 1]);
            continue;
        }
        for (size_t k = 0; word == NULL && k < table->word_count; k++) {
            if (strcmp(table->words[k].name, argv[i]) == 0)
                word = &table->words[k];
        }
        count += word != NULL && (table->words[0].name == NULL || strcmp(word->name, argv[i]) != 0);
    }
    if (typed[0] == '-') {
        offer_options(table);
    } else if (word == NULL) {
        for (size_t k = 0; k < table->word_count; k++)
            (void)puts(table->words[k].name);
    } else if (count < OPTION_WORDS_MAX && word->takes[count] != VALUE_NONE) {
        value_each_offer(word->takes[count], print, NULL);
    } else {
        offer_options(table);
    }
}
