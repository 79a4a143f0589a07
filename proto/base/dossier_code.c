/* The parts of a dossier code. It is taken apart to check it and never put together here: it is
 * the portal's or the centre's to give, and compared byte by byte. */
#include "proto/base/dossier_code.h"

#include "proto/base/limits.h"

enum {
    DATE_DIGITS_MIN = 6,
    DATE_DIGITS_MAX = 8,
    SEQUENCE_DIGITS_MIN = 4,
    SEQUENCE_DIGITS_MAX = 8,
};

static bool is_digit(uint8_t character)
{
    return character >= '0' && character <= '9';
}

static bool is_group_character(uint8_t character)
{
    return is_digit(character) || (character >= 'A' && character <= 'Z');
}

/* The part up to the next dash or the end. */
static struct bytes take_part(struct bytes text, size_t *at)
{
    size_t start = *at;
    while (*at < text.size && text.data[*at] != '-')
        (*at)++;
    return (struct bytes){text.data + start, *at - start};
}

/* Groups of capitals and digits between dots, none of them empty. */
static bool is_agency(struct bytes part)
{
    bool group_open = false;
    for (size_t i = 0; i < part.size; i++) {
        if (is_group_character(part.data[i]))
            group_open = true;
        else if (part.data[i] == '.' && group_open)
            group_open = false;
        else
            return false;
    }
    return group_open;
}

static bool is_number(struct bytes part, size_t digits_min, size_t digits_max)
{
    if (part.size < digits_min || part.size > digits_max)
        return false;
    for (size_t i = 0; i < part.size; i++) {
        if (!is_digit(part.data[i]))
            return false;
    }
    return true;
}

bool dossier_code_parse(struct bytes text, struct dossier_code *ret_code)
{
    size_t at = 0;
    if (text.size == 0 || text.size > DOSSIER_CODE_BYTES_MAX)
        return false;
    struct dossier_code code = {.text = text};
    code.agency = take_part(text, &at);
    if (at++ == text.size)
        return false;
    code.date = take_part(text, &at);
    if (at++ == text.size)
        return false;
    code.sequence = take_part(text, &at);
    if (at != text.size || !is_agency(code.agency) ||
        !is_number(code.date, DATE_DIGITS_MIN, DATE_DIGITS_MAX) ||
        !is_number(code.sequence, SEQUENCE_DIGITS_MIN, SEQUENCE_DIGITS_MAX))
        return false;
    *ret_code = code;
    return true;
}

bool dossier_code_is_valid(struct bytes text)
{
    struct dossier_code code;
    return dossier_code_parse(text, &code);
}
