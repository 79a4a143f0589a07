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

/* Between line ends and tabs, which are the text's own. */
void say_lines(FILE *to, struct bytes text)
{
    size_t first = 0;
    for (size_t at = 0; at <= text.size; at++) {
        bool is_end = at == text.size;
        if (!is_end && text.data[at] != '\n' && text.data[at] != '\t')
            continue;
        if (at > first)
            say_line(to, (struct bytes){text.data + first, at - first});
        if (!is_end)
            (void)fputc(text.data[at], to);
        first = at + 1;
    }
}

/* Without the line end that texts end with. */
void say_fitted(FILE *to, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int size = vasprintf(&text, format, arguments);
    va_end(arguments);
    size_t bytes = size > 0 ? (size_t)size : 0;
    if (bytes > 0 && text[bytes - 1] == '\n')
        bytes--;
    char *clean = size < 0 ? NULL : printable_new((struct bytes){(const uint8_t *)text, bytes});
    text_print_wrapped(clean != NULL ? clean : "?", 0, terminal_width(to), to);
    free(clean);
    if (size >= 0)
        free(text);
}

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
