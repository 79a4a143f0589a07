/* All that commands print goes through here: in lines, cleaned of what a terminal would obey, and
 * folded at its width. */
#include "ops/cli/say.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ops/terminal/terminal.h"
#include "proto/base/printable.h"

static void say_line(FILE *to, struct bytes line)
{
    char *clean = printable_new(line);
    (void)fputs(clean != NULL ? clean : "?", to);
    free(clean);
}

/* A whole line: broken between words where the window is narrower, which a terminal does in the
 * middle of them. */
static void say_whole_line(FILE *to, struct bytes line)
{
    char *clean = printable_new(line);
    size_t columns = terminal_width(to);
    size_t indent = clean == NULL ? 0 : strspn(clean, " ");
    if (clean != NULL && columns > 0 && text_width(clean) > columns)
        text_print_wrapped(clean + indent, indent, columns, to);
    else
        (void)fprintf(to, "%s\n", clean != NULL ? clean : "?");
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
        bool is_line = size < text.size && text.data[size] == '\n';
        if (is_line)
            say_whole_line(to, piece);
        else if (size > 0)
            say_line(to, piece);
        if (size < text.size && !is_line)
            (void)fputc('\t', to);
        size += size < text.size;
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

/* In a window too narrow for a sensible column nothing is broken: the terminal does it. */
void say_wrapped(FILE *to, const char *text, size_t used, size_t indent)
{
    enum { COLUMNS_MIN = 24 };
    size_t columns = terminal_width(to);
    size_t room = columns > indent + COLUMNS_MIN ? columns : SIZE_MAX;
    struct bytes rest = bytes_of_text(text);
    while (rest.size > 0) {
        const char *line = (const char *)rest.data;
        size_t fits = room == SIZE_MAX ? rest.size : text_fit(line, room - used);
        size_t size = strcspn(line, "\n");
        size_t next = size;
        if (fits < size) { /* at the last blank behind the indentation that fits */
            size_t at = fits;
            while (at > 0 && line[at] != ' ')
                at--;
            size = at > strspn(line, " ") ? at : strcspn(line + fits, " ") + fits;
            size = size < rest.size ? size : rest.size;
            next = size;
        }
        say(to, "%.*s\n", (int)size, line);
        next += next < rest.size; /* the blank or the line end */
        bool is_whole = line[size] != ' ';
        rest.data += next;
        rest.size -= next;
        used = 0;
        if (rest.size > 0 && !is_whole) {
            say(to, "%*s", (int)indent, "");
            used = indent;
        }
    }
}
