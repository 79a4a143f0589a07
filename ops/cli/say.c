/* All that commands print goes through here: in lines, cleaned of what a terminal would obey, and
 * folded at its width. */
#include "ops/cli/say.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ops/terminal/terminal.h"
#include "proto/base/printable.h"

/* A whole line, and those after it that it is broken into between words where the window is
 * narrower: a terminal does it in the middle of them. They begin with `indent` blanks, or as the
 * first one does. In a window too narrow for a sensible column nothing is broken. */
#define OWN_INDENT SIZE_MAX
static void fold(FILE *to, struct bytes line, size_t indent)
{
    enum { COLUMNS_MIN = 24 };
    char *clean = printable_new(line);
    const char *rest = clean != NULL ? clean : "?";
    size_t columns = terminal_width(to), used = 0;
    indent = indent == OWN_INDENT ? strspn(rest, " ") : indent;
    do {
        size_t bytes = strlen(rest), own = strspn(rest, " ");
        if (columns > indent + COLUMNS_MIN)
            bytes = text_fit(rest, columns - used);
        size_t blank = bytes;
        while (rest[bytes] != 0 && blank > own && rest[blank] != ' ')
            blank--;
        bytes = blank > own ? blank : bytes; /* else a word that is longer than the line */
        (void)fprintf(to, "%*s%.*s\n", (int)used, "", (int)bytes, rest);
        rest += bytes + strspn(rest + bytes, " ");
        used = indent;
    } while (*rest != 0);
    free(clean);
}

/* Between line ends and tabs, which are the text's own. */
void say_lines(FILE *to, struct bytes text)
{
    while (text.size > 0) {
        size_t size = 0;
        while (size < text.size && text.data[size] != '\n' && text.data[size] != '\t')
            size++;
        struct bytes piece = {text.data, size};
        char end = size < text.size ? (char)text.data[size] : '\0';
        char *clean = end == '\n' ? NULL : printable_new(piece);
        if (end == '\n')
            fold(to, piece, OWN_INDENT);
        else
            (void)fprintf(to, "%s%s", clean != NULL ? clean : "?", end == '\t' ? "\t" : "");
        free(clean);
        size += end != '\0';
        text.data += size;
        text.size -= size;
    }
}

/* Formatted first and cleaned then: what a format's arguments bring may be anybody's words. */
void say(FILE *to, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int size = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (size < 0) {
        (void)fputs("?\n", to);
        return;
    }
    say_lines(to, (struct bytes){(const uint8_t *)text, (size_t)size});
    free(text);
}

void say_wrapped(FILE *to, const char *text, size_t indent)
{
    while (*text != 0) {
        size_t size = strcspn(text, "\n");
        fold(to, (struct bytes){(const uint8_t *)text, size}, indent);
        text += size + (text[size] != 0);
    }
}
