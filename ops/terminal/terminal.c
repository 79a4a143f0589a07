/* Widths in columns and what a terminal can do. Vietnamese is written with combining marks by some
 * programs and without by others: columns are counted by character width and never by bytes. A
 * stream that is no terminal has width 0, which all callers read as "do not cut". */
#include "ops/terminal/terminal.h"

#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "proto/base/utf8.h"

/* ---- the width of UTF-8 ---- */

/* glibc's table, whatever locale the user has: of C.UTF-8, which is in Debian's libc-bin. */
static size_t letter_width(uint32_t letter)
{
    static locale_t utf8;
    if (utf8 == (locale_t)0)
        utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (utf8 == (locale_t)0)
        return 1;
    locale_t before = uselocale(utf8);
    int width = wcwidth((wchar_t)letter);
    (void)uselocale(before);
    return width < 0 ? 1 : (size_t)width;
}

/* Bytes of the character at the start, at least 1, and its width. */
static size_t next(struct bytes text, size_t *ret_width)
{
    uint32_t letter;
    size_t bytes = utf8_next(text, &letter);
    *ret_width = bytes == 0 ? 1 : letter_width(letter);
    return bytes == 0 ? 1 : bytes;
}

static size_t text_width_of(struct bytes text)
{
    size_t total = 0, width;
    for (size_t at = 0; at < text.size; total += width)
        at += next((struct bytes){text.data + at, text.size - at}, &width);
    return total;
}

size_t text_width(const char *text)
{
    return text_width_of(bytes_of_text(text));
}

size_t text_fit(const char *text, size_t columns)
{
    struct bytes rest = bytes_of_text(text);
    size_t total = 0, width;
    while (rest.size > 0) {
        size_t bytes = next(rest, &width);
        total += width;
        if (total > columns)
            break;
        rest.data += bytes;
        rest.size -= bytes;
    }
    return (size_t)(rest.data - (const uint8_t *)text);
}

/* Exactly so many columns, cut with "…" or filled with blanks. */
void text_print_fitted(const char *text, size_t columns, bool is_right, FILE *to)
{
    size_t own = text_width(text);
    size_t bytes = strlen(text);
    bool is_cut = own > columns;
    if (is_cut) { /* a wide letter at the edge leaves a blank behind it */
        bytes = text_fit(text, columns - 1);
        own = text_width_of((struct bytes){(const uint8_t *)text, bytes}) + 1;
    }
    int blanks = (int)(columns - own);
    (void)fprintf(to, "%*s%.*s%s%*s", is_right ? blanks : 0, "", (int)bytes, text,
                  is_cut ? "…" : "", is_right ? 0 : blanks, "");
}

void text_print_wrapped(const char *text, size_t indent, size_t columns, FILE *to)
{
    size_t room = columns > indent + 1 ? columns - indent : columns == 0 ? SIZE_MAX : 2;
    do {
        size_t bytes = text_fit(text, room);
        size_t blank = bytes;
        while (text[bytes] != 0 && blank > 0 && text[blank] != ' ')
            blank--;
        if (blank > 0)
            bytes = blank; /* else a word that is longer than the line is broken in itself */
        (void)fprintf(to, "%*s%.*s\n", (int)indent, "", (int)bytes, text);
        text += bytes + strspn(text + bytes, " ");
    } while (*text != 0);
}

/* ---- the terminal ---- */

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != 0;
}

/* Asked anew each time: windows are resized while a command runs. NO_COLOR: no-color.org. */
struct terminal terminal_of(FILE *stream)
{
    struct terminal terminal = {0};
    struct winsize size;
    const char *kind = getenv("TERM");
    if (isatty(fileno(stream)) != 1)
        return terminal;
    terminal.can_move = kind != NULL && *kind != 0 && strcmp(kind, "dumb") != 0;
    terminal.has_colour = terminal.can_move && !is_set("NO_COLOR");
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0) {
        terminal.columns = size.ws_col;
        terminal.rows = size.ws_row;
    }
    return terminal;
}

size_t terminal_width(FILE *stream)
{
    return terminal_of(stream).columns;
}
