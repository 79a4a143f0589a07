/* totp - codes of an authenticator (RFC 6238 over RFC 4226: HMAC-SHA-1, thirty seconds), and the
 * codes for whoever has lost it.
 *
 * A code is good for its own step, one before and one after, so that clocks may differ, and once:
 * the last step that was used is remembered, and no earlier one is taken (RFC 6238 §5.2). A
 * recovery code has eighty random bits and rests as its SHA-256; used, it is gone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TOTP_SECRET_BYTES = 20, /* of the hash (RFC 4226 §4) */
    TOTP_BASE32_BYTES = 33, /* and a terminator */
    TOTP_DIGITS = 6,
    TOTP_STEP_MS = 30 * 1000,
    TOTP_CODE_BYTES = 33, /* what is typed: six digits, or a recovery code */
    RECOVERY_CODES = 10,
    RECOVERY_CODE_BYTES = 20,                  /* "abcd-efgh-jkmn-pqrs" */
    RECOVERY_TEXT_BYTES = RECOVERY_CODES * 65, /* digests, a blank between two */
};

/* digits: 6 to 8. 0 when it could not be computed, which no secret's code is for long. */
uint32_t totp_code(const uint8_t *secret, size_t size, int64_t step, int digits);
/* One of the steps around now that is later than `last`. */
bool totp_matches(const uint8_t secret[TOTP_SECRET_BYTES], const char *code, int64_t now_ms,
                  int64_t last, int64_t *ret_step);
void totp_base32(const uint8_t secret[TOTP_SECRET_BYTES], char ret_text[TOTP_BASE32_BYTES]);

/* New ones, and their digests as they rest. */
void recovery_make(char ret_codes[RECOVERY_CODES][RECOVERY_CODE_BYTES],
                   char ret_digests[RECOVERY_TEXT_BYTES]);
/* True: the code is one of them, and ret_left has the others. Case and hyphens do not matter. */
bool recovery_use(const char *digests, const char *code, char ret_left[RECOVERY_TEXT_BYTES]);
