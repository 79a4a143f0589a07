/* Well-formed UTF-8 without U+0000, a block at a time while the text is US-ASCII: every text of
 * every message comes through here, and most bytes of one are. */
#include "proto/base/utf8.h"

#include <string.h>

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

enum { WORD_BYTES = 8, BLOCK_BYTES = 4 * WORD_BYTES };

/* Its highest bits tell of bytes that are no US-ASCII, or of a NUL. */
static uint64_t marks_of_word(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return (word - EACH_BYTE(0x01)) | word;
}

static bool is_ascii_block(const uint8_t *at)
{
    uint64_t marks = marks_of_word(at) | marks_of_word(at + WORD_BYTES) |
                     marks_of_word(at + 2 * WORD_BYTES) | marks_of_word(at + 3 * WORD_BYTES);
    return (marks & EACH_BYTE(0x80)) == 0;
}

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Length of the sequence at at, 0 when it is not one. Table 3-7 of the Unicode standard. */
static size_t sequence_bytes(const uint8_t *at, size_t left)
{
    uint8_t first = at[0];
    if (first < 0x80)
        return first == 0 ? 0 : 1;
    size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || left < size)
        return 0;
    for (size_t i = 1; i < size; i++) {
        if (!is_continuation(at[i]))
            return 0;
    }
    bool overlong = (first == 0xe0 && at[1] < 0xa0) || (first == 0xf0 && at[1] < 0x90);
    bool surrogate = first == 0xed && at[1] > 0x9f;
    bool beyond = first == 0xf4 && at[1] > 0x8f;
    return overlong || surrogate || beyond ? 0 : size;
}

size_t utf8_next(struct bytes text, uint32_t *ret_character)
{
    static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    size_t size = text.size == 0 ? 0 : sequence_bytes(text.data, text.size);
    if (size == 0)
        return 0;
    uint32_t character = text.data[0] & masks[size];
    for (size_t i = 1; i < size; i++)
        character = character << 6 | (text.data[i] & 0x3fu);
    *ret_character = character;
    return size;
}

bool utf8_is_valid(struct bytes text, size_t *ret_characters)
{
    size_t characters = 0;
    size_t at = 0;
    while (at < text.size) {
        if (text.size - at >= BLOCK_BYTES && is_ascii_block(text.data + at)) {
            at += BLOCK_BYTES;
            characters += BLOCK_BYTES;
            continue;
        }
        if (text.size - at >= WORD_BYTES &&
            (marks_of_word(text.data + at) & EACH_BYTE(0x80)) == 0) {
            at += WORD_BYTES;
            characters += WORD_BYTES;
            continue;
        }
        size_t size = sequence_bytes(text.data + at, text.size - at);
        if (size == 0)
            return false;
        at += size;
        characters++;
    }
    if (ret_characters != NULL)
        *ret_characters = characters;
    return true;
}
