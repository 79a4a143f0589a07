/* The token of a door: made at the first start, kept in a file that only the daemon's user may
 * read, compared in constant time. It is never printed: whoever is to have it reads the file
 * (invariant 11). */
#include "gateway/api/token.h"

#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <unistd.h>

#include "gateway/workers/file_read.h"

static enum reason parse_token(struct bytes text, struct token *ret_token)
{
    uint8_t ignored[TOKEN_RANDOM_BYTES];
    while (text.size > 0 && text.data[text.size - 1] == '\n')
        text.size--;
    if (!hex_decode(text, ignored, sizeof ignored))
        return REASON_FILE_UNREADABLE;
    memcpy(ret_token->text, text.data, text.size);
    ret_token->text[text.size] = 0;
    return REASON_NONE;
}

/* O_EXCL: of two programs that start at once, one makes it and the other fails and is started
 * again; neither goes on with a token that is not in the file. */
static enum reason make_token(const char *path, const struct crypto_port *crypto,
                              struct token *ret_token)
{
    uint8_t random[TOKEN_RANDOM_BYTES];
    char line[TOKEN_TEXT_BYTES];
    crypto->random(crypto->context, random, sizeof random);
    hex_encode((struct bytes){random, sizeof random}, line);
    memcpy(ret_token->text, line, sizeof line);
    line[TOKEN_TEXT_BYTES - 1] = '\n';
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return REASON_FILE_UNREADABLE;
    bool is_whole = write(file, line, sizeof line) == (ssize_t)sizeof line && fsync(file) == 0;
    return close(file) == 0 && is_whole ? REASON_NONE : REASON_FILE_UNREADABLE;
}

enum reason token_load(const char *path, const struct crypto_port *crypto, struct token *ret_token)
{
    struct buffer content;
    buffer_init(&content, TOKEN_TEXT_BYTES);
    enum reason reason = file_read_secret(path, &content);
    if (reason == REASON_NONE)
        reason = parse_token(buffer_view(&content), ret_token);
    else if (reason == REASON_NOT_FOUND)
        reason = make_token(path, crypto, ret_token);
    buffer_release(&content);
    return reason;
}

bool token_matches(const struct token *token, struct bytes given)
{
    return given.size == TOKEN_TEXT_BYTES - 1 &&
           gnutls_memcmp(token->text, given.data, TOKEN_TEXT_BYTES - 1) == 0;
}
