/* One pass over the text; every message's code comes through here, several times. A code is checked
 * and never put together: it is the portal's or the centre's to give, and compared byte by byte. */
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

/* Groups of capitals and digits between dots, none of them empty, and the dash behind them. */
static bool take_agency(const uint8_t **at, const uint8_t *end)
{
    bool group_open = false;
    for (; *at < end && **at != '-'; (*at)++) {
        bool is_dot = **at == '.';
        bool is_of_group = is_digit(**at) || (**at >= 'A' && **at <= 'Z');
        if (!is_of_group && !(is_dot && group_open))
            return false;
        group_open = is_of_group;
    }
    return group_open && (*at)++ < end;
}

static size_t take_digits(const uint8_t **at, const uint8_t *end)
{
    const uint8_t *first = *at;
    while (*at < end && is_digit(**at))
        (*at)++;
    return (size_t)(*at - first);
}

bool dossier_code_is_valid(struct bytes text)
{
    if (text.size == 0 || text.size > DOSSIER_CODE_BYTES_MAX)
        return false;
    const uint8_t *at = text.data, *end = text.data + text.size;
    if (!take_agency(&at, end))
        return false;
    size_t date = take_digits(&at, end);
    if (date < DATE_DIGITS_MIN || date > DATE_DIGITS_MAX || at == end || *at++ != '-')
        return false;
    size_t sequence = take_digits(&at, end);
    return at == end && sequence >= SEQUENCE_DIGITS_MIN && sequence <= SEQUENCE_DIGITS_MAX;
}
