/* Folding with libunistring: a text is taken apart (NFD) and the marks are left out. Đ has no
 * decomposition in Unicode, so that it is said here. */
#include "adapters/desk/fold.h"

#include <ctype.h>
#include <stdlib.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

enum { D_WITH_STROKE = 0x111 };

/* A mark belongs to the letter before it and is left out with it. Several blanks become one, so
 * that words can be compared by it. */
static bool append(struct buffer *into, ucs4_t character)
{
    uint8_t bytes[6];
    bool is_word = uc_is_general_category(character, UC_CATEGORY_L) ||
                   uc_is_general_category(character, UC_CATEGORY_N);
    if (uc_is_general_category(character, UC_CATEGORY_M))
        return true;
    if (character == D_WITH_STROKE)
        character = 'd';
    if (!is_word) {
        bool is_apart = into->size == 0 || into->data[into->size - 1] == ' ';
        return is_apart || buffer_append_text(into, " ");
    }
    int size = u8_uctomb(bytes, character, sizeof bytes);
    return size > 0 && buffer_append(into, (struct bytes){bytes, (size_t)size});
}

bool fold_text(struct bytes text, struct buffer *into)
{
    size_t size = 0;
    uint8_t *folded = u8_casefold(text.data, text.size, NULL, UNINORM_NFD, NULL, &size);
    bool ok = folded != NULL;
    for (size_t at = 0; ok && at < size;) {
        ucs4_t character;
        int step = u8_mbtouc(&character, folded + at, size - at);
        ok = append(into, character);
        at += step > 0 ? (size_t)step : 1;
    }
    free(folded);
    return ok;
}

/* Codes are typed with dots, dashes, blanks or without, in capitals or not; the letters and
 * digits in their order are what tells them apart. */
size_t fold_code(struct bytes text, char *ret_text, size_t capacity)
{
    size_t size = 0;
    for (size_t i = 0; i < text.size && size + 1 < capacity; i++) {
        if (isalnum(text.data[i]))
            ret_text[size++] = (char)toupper(text.data[i]);
    }
    ret_text[size] = 0;
    return size;
}
