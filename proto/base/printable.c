/* Characters that may be shown to a person or written to a terminal. What is invisible, or changes
 * the direction of what follows, can make one name look like another and one line of a log like
 * two. */
#include "proto/base/printable.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "proto/base/utf8.h"

struct range {
    uint32_t first, last;
};

/* Unicode 15: category Cc; of Cf, Zl and Zp all that stand alone; what is drawn as nothing. */
static const struct range hidden[] = {
    {0x0000, 0x001f},   {0x007f, 0x009f},                   /* controls */
    {0x00ad, 0x00ad},                                       /* soft hyphen */
    {0x034f, 0x034f},                                       /* grapheme joiner */
    {0x061c, 0x061c},                                       /* Arabic letter mark */
    {0x115f, 0x1160},   {0x17b4, 0x17b5}, {0x180b, 0x180f}, /* fillers, unseen vowels */
    {0x200b, 0x200f},                                       /* zero width, direction */
    {0x2028, 0x202e},                                       /* separators, embeddings, overrides */
    {0x2060, 0x206f},                                       /* word joiner, isolates, deprecated */
    {0x3164, 0x3164},   {0xfe00, 0xfe0f},                   /* filler, variation selectors */
    {0xfeff, 0xfeff},   {0xffa0, 0xffa0}, {0xfff9, 0xfffb},
    {0xe0000, 0xe0fff}, /* tags, variation selectors */
};

static bool is_line_end(uint32_t character)
{
    return (character >= '\t' && character <= '\r') || character == 0x85 || character == 0x2028 ||
           character == 0x2029;
}

bool printable_is_character(uint32_t character)
{
    if (character >= ' ' && character < 0x7f)
        return true;
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
        if (character >= hidden[i].first && character <= hidden[i].last)
            return false;
    }
    return true;
}

/* What stands for the next character of a text that is not empty, and how much of it it is. */
static struct bytes next_shown(struct bytes text, size_t *ret_taken)
{
    static const char replacement[] = "\xef\xbf\xbd";
    uint32_t character;
    size_t size = utf8_next(text, &character);
    *ret_taken = size == 0 ? 1 : size;
    if (size > 0 && printable_is_character(character))
        return (struct bytes){text.data, size};
    return bytes_of_text(size > 0 && is_line_end(character) ? " " : replacement);
}

/* For what is shown as it is or not at all, where printable_copy would show it mended. */
bool printable_is_text(struct bytes text)
{
    while (text.size > 0) {
        uint32_t character;
        size_t size = utf8_next(text, &character);
        if (size == 0 || !printable_is_character(character))
            return false;
        text.data += size;
        text.size -= size;
    }
    return true;
}

/* Cut between characters and never within one, so that what is shown is UTF-8 whatever came in. */
const char *printable_copy(struct bytes text, char *ret_text, size_t capacity)
{
    size_t used = 0;
    check(capacity > 0);
    while (text.size > 0) {
        size_t taken;
        struct bytes shown = next_shown(text, &taken);
        if (shown.size >= capacity - used)
            break;
        memcpy(ret_text + used, shown.data, shown.size);
        used += shown.size;
        text.data += taken;
        text.size -= taken;
    }
    ret_text[used] = 0;
    return ret_text;
}

char *printable_new(struct bytes text)
{
    size_t capacity = PRINTABLE_GROWTH * text.size + 1;
    char *copy = malloc(capacity);
    if (copy != NULL)
        (void)printable_copy(text, copy, capacity);
    return copy;
}
