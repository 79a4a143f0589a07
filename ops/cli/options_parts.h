/* options_parts - what the files behind options.h share: reading (options.c), what people read of a
 * table (options_print.c), and what a shell may offer (options_complete.c). */
#pragma once

#include "ops/cli/options.h"

/* Usage, summary and options, in the width of the window. */
void options_print_help(const struct option_table *table, enum language language, FILE *to);
/* "lienthong queues: ", the text with its one %s, the word that was meant, how to get help. */
int options_complain(const struct option_table *table, enum language language, enum text text,
                     const char *word, const char *meant);
/* A value that its option or word does not take: what would be taken. what: "--type", "TYPE". */
int options_refuse_value(const struct option_table *table, enum language language, const char *what,
                         const struct option_row *row, enum value takes, const char *value);
/* The last word of argv is being typed: prints what it may become. */
void options_offer(const struct option_table *table, int argc, char **argv);
