#include "ops/terminal/terminal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ---- the width of UTF-8 ---- */

struct range {
    uint32_t first;
    uint32_t last;
};

/* Unicode 15: marks that stand on the letter before them, and the invisible ones. */
static const struct range marks[] = {{0x0300, 0x036F}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
                                     {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE20, 0xFE2F}};
/* Unicode 15, East Asian Width W and F, in blocks. */
static const struct range wide[] = {{0x1100, 0x115F}, {0x2E80, 0xA4CF},   {0xAC00, 0xD7A3},
                                    {0xF900, 0xFAFF}, {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
                                    {0xFFE0, 0xFFE6}, {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD}};

static bool among(const struct range *ranges, size_t count, uint32_t letter)
{
    for (size_t i = 0; i < count; i++)
        if (letter >= ranges[i].first && letter <= ranges[i].last)
            return true;
    return false;
}

/* Bytes of the letter at text (at least 1, text is not empty), and its code point; a byte that is
 * not UTF-8 stands for itself. */
static size_t decode(const char *text, uint32_t *ret_letter)
{
    const uint8_t *at = (const uint8_t *)text;
    size_t more = at[0] < 0x80 ? 0 : at[0] >= 0xF0 ? 3 : at[0] >= 0xE0 ? 2 : at[0] >= 0xC2 ? 1 : 0;
    static const uint8_t masks[] = {0x7F, 0x1F, 0x0F, 0x07};
    uint32_t letter = more == 0 ? at[0] : at[0] & masks[more];
    for (size_t i = 1; i <= more; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            *ret_letter = at[0];
            return 1;
        }
        letter = letter << 6 | (at[i] & 0x3F);
    }
    *ret_letter = letter;
    return more + 1;
}

static size_t letter_width(uint32_t letter)
{
    if (among(marks, sizeof marks / sizeof marks[0], letter))
        return 0;
    return among(wide, sizeof wide / sizeof wide[0], letter) ? 2 : 1;
}

static size_t text_width_of(const char *text, size_t bytes)
{
    size_t width = 0;
    for (size_t at = 0; at < bytes;) {
        uint32_t letter;
        at += decode(text + at, &letter);
        width += letter_width(letter);
    }
    return width;
}

size_t text_width(const char *text)
{
    return text_width_of(text, strlen(text));
}

size_t text_fit(const char *text, size_t columns)
{
    size_t bytes = 0, width = 0;
    while (text[bytes] != 0) {
        uint32_t letter;
        size_t more = decode(text + bytes, &letter);
        width += letter_width(letter);
        if (width > columns)
            break;
        bytes += more;
    }
    return bytes;
}

void text_print_fitted(const char *text, size_t columns, bool is_right, FILE *to)
{
    size_t own = text_width(text);
    size_t bytes = strlen(text);
    bool is_cut = own > columns;
    if (is_cut) { /* a wide letter at the edge leaves a blank behind it */
        bytes = text_fit(text, columns - 1);
        own = text_width_of(text, bytes) + 1;
    }
    int blanks = (int)(columns - own);
    (void)fprintf(to, "%*s%.*s%s%*s", is_right ? blanks : 0, "", (int)bytes, text,
                  is_cut ? "…" : "", is_right ? 0 : blanks, "");
}

/* ---- the terminal ---- */

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != 0;
}

struct terminal terminal_of(FILE *stream)
{
    struct terminal terminal = {0};
    struct winsize size;
    const char *kind = getenv("TERM");
    if (isatty(fileno(stream)) != 1)
        return terminal;
    terminal.is_one = true;
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
