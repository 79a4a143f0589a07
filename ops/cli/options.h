/* options - the command line of one command: a table of its words and options, read by getopt_long.
 *
 *   struct { bool json; const char *adapter; } values = {0};
 *   const struct option_row rows[] = {
 *       {"adapter", 'a', OPTION_TEXT, &values.adapter, VALUE_PATH, TEXT_OPTION_ADAPTER, 0, 0},
 *       OPTION_ROW_JSON(&values.json),
 *   };
 *   static const struct option_word words[] = {{NULL, {VALUE_DOSSIER}, 1}};
 *   const struct option_table table = {"track", TEXT_COMMAND_TRACK, words, 1, rows, 2};
 *   struct option_words given;
 *   int code;
 *   if (!options_read(&table, invocation, argc, argv, &given, &code))
 *       return code;
 *
 * Options may stand before, between and after the other words; "--" ends them. --help is known to
 * every table. What was written wrong is said with the case, what would be allowed and the word
 * that was probably meant. An option that takes one value and is given twice is refused: the first
 * would be lost. Values are the caller's; texts point into argv.
 *
 * The same tables answer a shell that completes a word (lienthong --complete).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ops/cli/commands.h"
#include "ops/cli/text.h"
#include "ops/cli/value.h"

enum option_kind {
    OPTION_FLAG,    /* bool */
    OPTION_TEXT,    /* const char * */
    OPTION_MAYBE,   /* const char *; the value may be left out and is then "". Without "=" it may
                       follow as the next word when that is one of the kind's words or the path of
                       something that is there */
    OPTION_INTEGER, /* int64_t, from min to max */
    OPTION_LIST,    /* struct option_list: may be given several times */
};

enum {
    OPTION_LIST_MAX = 64, /* as many as a message may have attachments */
    OPTION_WORDS_MAX = 2, /* behind the word that says what to do */
};

struct option_list {
    size_t count;
    const char *values[OPTION_LIST_MAX];
};

struct option_row {
    const char *name;
    char letter; /* 0: no short form */
    enum option_kind kind;
    void *value;
    enum value takes; /* VALUE_NONE for a flag */
    enum text help;
    int64_t min;
    int64_t max;
};

#define OPTION_ROW_JSON(flag)                                                                      \
    {                                                                                              \
        "json", 'j', OPTION_FLAG, flag, VALUE_NONE, TEXT_OPTION_JSON, 0, 0                         \
    }

/* One thing that the command can be told to do: "hold ID", "new PARTICIPANT [DIR]". */
struct option_word {
    const char *name; /* NULL: the command does one thing, and no word says which */
    enum value takes[OPTION_WORDS_MAX];
    size_t needed; /* how many of them may not be left out */
    bool is_meant; /* of the first: when no word is given */
};

struct option_table {
    const char *command; /* "queues", "portal resend" */
    enum text summary;
    const struct option_word
        *words; /* the first is meant when no word is given and it needs none */
    size_t word_count;
    const struct option_row *rows;
    size_t count;
    const char *needed; /* the option that may not be left out; NULL: none */
};

/* For tables whose words and rows are arrays beside it. */
#define OPTION_TABLE(command, summary, words, rows, needed)                                        \
    {                                                                                              \
        command, summary, words, sizeof words / sizeof *words, rows, sizeof rows / sizeof *rows,   \
            needed                                                                                 \
    }

struct option_words {
    size_t word; /* its place in the table */
    size_t count;
    const char *values[OPTION_WORDS_MAX];
};

/* argv[0] is the command's name. False: the command ends with *ret_code; what is wrong, the help,
 * or what a shell may offer was printed. */
bool options_read(const struct option_table *table, const struct invocation *invocation, int argc,
                  char **argv, struct option_words *ret_words, int *ret_code);
/* What is wrong beyond the table, and how to get help: to standard error. Answers EXIT_CODE_USAGE.
 * The text takes one %s. */
int options_wrong(const struct option_table *table, enum language language, enum text text,
                  const char *value);
