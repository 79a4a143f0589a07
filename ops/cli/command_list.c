/* Choosing a command by its word, at the first level and within groups: the same list is the help,
 * the completion of the shell and the hint for a word that was misspelt. */
#include "ops/cli/command_list.h"

#include <stdio.h>
#include <string.h>

#include "ops/cli/say.h"
#include "proto/base/near.h"

enum { NAME_COLUMNS = 12, LINE_BYTES = 512 };

static void print_list(const struct command_list *list, enum language language, FILE *to)
{
    bool is_part = list->name[0] != 0;
    say(to, "%s lienthong %s%s%s …\n\n", text_of(TEXT_USAGE, language), list->name,
        is_part ? " " : "", text_of(list->word, language));
    say_wrapped(to, text_of(list->summary, language), 0);
    say(to, "\n%s\n", text_of(TEXT_PROGRAM_COMMANDS, language));
    for (size_t i = 0; i < list->count; i++) {
        char line[LINE_BYTES];
        (void)snprintf(line, sizeof line, "  %-*s %s", NAME_COLUMNS, list->rows[i].name,
                       text_of(list->rows[i].summary, language));
        say_wrapped(to, line, NAME_COLUMNS + 3);
    }
    if (list->end == TEXT_COUNT)
        return;
    (void)fputc('\n', to);
    say_wrapped(to, text_of(list->end, language), 0);
}

static int complain(const struct command_list *list, enum language language, const char *word)
{
    say(stderr, text_of(TEXT_COMMAND_UNKNOWN, language), word);
    struct near near = {.word = word};
    for (size_t i = 0; i < list->count; i++)
        near_look(&near, list->rows[i].name);
    if (near.meant != NULL)
        say(stderr, text_of(TEXT_WORD_MEANT, language), near.meant);
    (void)fputc('\n', stderr);
    say(stderr, text_of(TEXT_SEE_HELP, language), list->name, list->name[0] != 0 ? " " : "");
    return EXIT_CODE_USAGE;
}

/* Help that was asked for is output; help because nothing was asked for is an error's text. */
int command_choose(const struct command_list *list, const struct invocation *invocation, int argc,
                   char **argv)
{
    bool is_typed = invocation->is_completing && argc == 2;
    for (size_t i = 0; i < list->count && is_typed; i++)
        (void)puts(list->rows[i].name);
    if (is_typed)
        (void)puts("--help");
    if (is_typed || (argc == 1 && invocation->is_completing))
        return EXIT_CODE_OK;
    for (size_t i = 0; argc >= 2 && i < list->count; i++) {
        if (strcmp(argv[1], list->rows[i].name) == 0)
            return list->rows[i].run(invocation, argc - 1, argv + 1);
    }
    bool is_help = argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
                                 strcmp(argv[1], "help") == 0);
    if (is_help || argc < 2)
        print_list(list, invocation->language, is_help ? stdout : stderr);
    if (is_help || argc < 2)
        return is_help ? EXIT_CODE_OK : EXIT_CODE_USAGE;
    return invocation->is_completing ? EXIT_CODE_OK : complain(list, invocation->language, argv[1]);
}
