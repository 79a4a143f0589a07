/* Keys of participants. Unused bytes are zero, always, so that keys are compared and hashed as
 * memory. Small letters, digits, '_' and '-' alone: a key is a column of tables, a word in logs and
 * part of file names, and must need no quotes in any of them. */
#include "proto/base/key.h"

#include "proto/base/check.h"

#include <string.h>

static bool is_key_character(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool key_parse(struct bytes text, struct key *ret_key)
{
    if (text.size == 0 || text.size > PARTICIPANT_KEY_BYTES_MAX)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (!is_key_character(text.data[i]))
            return false;
    }
    struct key key = {0};
    memcpy(key.text, text.data, text.size);
    *ret_key = key;
    return true;
}

/* For keys that the program wrote itself or has checked before. */
struct key key_of(const char *text)
{
    struct key key;
    bool parsed = key_parse(bytes_of_text(text), &key);
    check(parsed);
    return key;
}

bool key_equal(const struct key *a, const struct key *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

bool key_is_none(const struct key *key)
{
    return key->text[0] == 0;
}

struct bytes key_bytes(const struct key *key)
{
    return bytes_of_text(key->text);
}

/* FNV-1a (Fowler, Noll, Vo). Not for tables whose keys an attacker may choose freely: those of
 * participants and registered certificates are given by operators. */
uint64_t hash_bytes(struct bytes bytes)
{
    return hash_bytes_from(UINT64_C(14695981039346656037), bytes);
}

uint64_t hash_bytes_from(uint64_t start, struct bytes bytes)
{
    uint64_t hash = start;
    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ bytes.data[i]) * UINT64_C(1099511628211);
    return hash;
}
