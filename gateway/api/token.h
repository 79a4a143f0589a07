/* token - who may use an API: a random text in a file that only its owner reads.
 *
 * Every daemon has api.token, which opens everything. An adapter's office.token opens attachments
 * for reading, and stands in the links that the back office gets.
 */
#pragma once

#include "gateway/port/crypto.h"

enum { TOKEN_RANDOM_BYTES = 32, TOKEN_TEXT_BYTES = 2 * TOKEN_RANDOM_BYTES + 1 };

struct token {
    char text[TOKEN_TEXT_BYTES];
};

/* Reads the file, or makes it (mode 0600) when there is none. REASON_KEY_UNREADABLE: group or
 * others may read it. REASON_FILE_UNREADABLE: it cannot be read or made, or holds something else.
 */
enum reason token_load(const char *path, const struct crypto_port *crypto, struct token *ret_token);
/* In a time that does not depend on where they differ. */
bool token_matches(const struct token *token, struct bytes given);
