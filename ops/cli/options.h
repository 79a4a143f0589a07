/* options - the options of one command: a table of rows, read by getopt_long.
 *
 *   struct { bool json; const char *adapter; } values = {0};
 *   const struct option_row rows[] = {
 *       {"json", 0, OPTION_FLAG, &values.json, NULL, TEXT_OPTION_JSON},
 *       {"adapter", 'a', OPTION_TEXT, &values.adapter, "FILE", TEXT_OPTION_ADAPTER},
 *   };
 *   const struct option_table table = {"track", "DOSSIER", TEXT_COMMAND_TRACK, rows, 2};
 *   switch (options_parse(&table, language, &argc, &argv)) ...
 *
 * Options may stand before, between and after the other words; "--" ends them. --help is known to
 * every table. Values are the caller's; texts point into argv.
 */
#ifndef OPS_CLI_OPTIONS_H
#define OPS_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ops/cli/text.h"

enum option_kind {
    OPTION_FLAG,    /* bool */
    OPTION_TEXT,    /* const char * */
    OPTION_MAYBE,   /* const char *; the value may be left out and is then "". Without "=" it may
                       follow as the next word when that has a '/', or is one of the words of
                       `argument` ("custody|delivered") */
    OPTION_INTEGER, /* int64_t, from min to max */
    OPTION_LIST,    /* struct option_list: may be given several times */
};

enum { OPTION_LIST_MAX = 64 /* as many as a message may have attachments */ };

struct option_list {
    size_t count;
    const char *values[OPTION_LIST_MAX];
};

struct option_row {
    const char *name;
    char letter; /* 0: no short form */
    enum option_kind kind;
    void *value;
    const char *argument; /* "FILE", for the help; NULL for a flag */
    enum text help;
    int64_t min;
    int64_t max;
};

struct option_table {
    const char *command; /* "queues" */
    const char *words;   /* what stands beside the options: "[list|hold ID]" */
    enum text summary;
    const struct option_row *rows;
    size_t count;
};

enum options_answer {
    OPTIONS_GO,    /* argc and argv are now the words that are no options, without argv[0] */
    OPTIONS_HELP,  /* --help was printed */
    OPTIONS_WRONG, /* what is wrong was printed */
};

enum options_answer options_parse(const struct option_table *table, enum language language,
                                  int *argc, char ***argv);
/* The same for a command that takes one word, here its name for the one who forgot it ("FILE"), or
 * none: NULL. True: argv[0] is the word. False: the command ends with *ret_code. */
bool options_take(const struct option_table *table, enum language language, const char *word,
                  int *argc, char ***argv, int *ret_code);
/* Usage line, summary and options. */
void options_print_help(const struct option_table *table, enum language language, FILE *to);
/* What is wrong, with the word that is, and how to get help: to standard error. Answers
 * EXIT_CODE_USAGE. The text takes one %s. */
int options_wrong(const struct option_table *table, enum language language, enum text text,
                  const char *value);
/* One line to standard error: how to get help. */
void options_complain(const struct option_table *table, enum language language);

#endif
