/* SHA-256 values as bytes and as text. */
#include "proto/base/digest.h"

#include <string.h>

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return memcmp(a->bytes, b->bytes, DIGEST_BYTES) == 0;
}

void digest_format(const struct digest *digest, char *ret_text)
{
    hex_encode((struct bytes){digest->bytes, DIGEST_BYTES}, ret_text);
}

bool digest_parse(struct bytes text, struct digest *ret_digest)
{
    return hex_decode(text, ret_digest->bytes, DIGEST_BYTES);
}

bool digest_is_zero(const struct digest *digest)
{
    static const struct digest zero;
    return digest_equal(digest, &zero);
}
