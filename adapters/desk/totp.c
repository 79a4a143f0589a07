/* One-time codes. OpenSSL has the HMAC, libsodium the random bits and the comparison that takes as
 * long whatever differs. */
#include "adapters/desk/totp.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { DIGEST_TEXT_BYTES = 65, CODE_CHARACTERS = 16, GROUP_CHARACTERS = 4 };

/* Dynamic truncation: RFC 4226 §5.3. */
uint32_t totp_code(const uint8_t *secret, size_t size, int64_t step, int digits)
{
    uint8_t counter[8], hash[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    uint32_t modulus = 1;
    for (int i = 0; i < 8; i++)
        counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    if (HMAC(EVP_sha1(), secret, (int)size, counter, sizeof counter, hash, &length) == NULL)
        return 0;
    const uint8_t *at = hash + (hash[length - 1] & 0x0f);
    uint32_t number =
        (uint32_t)(at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    for (int i = 0; i < digits; i++)
        modulus *= 10;
    return number % modulus;
}

/* All three are compared, so that the time tells nothing about which one it was. */
bool totp_matches(const uint8_t secret[TOTP_SECRET_BYTES], const char *code, int64_t now_ms,
                  int64_t last, int64_t *ret_step)
{
    bool is_found = false;
    int64_t now = now_ms / TOTP_STEP_MS;
    if (strlen(code) != TOTP_DIGITS)
        return false;
    for (int64_t step = now - 1; step <= now + 1; step++) {
        char expected[16];
        (void)snprintf(expected, sizeof expected, "%06u",
                       totp_code(secret, TOTP_SECRET_BYTES, step, TOTP_DIGITS));
        if (sodium_memcmp(expected, code, TOTP_DIGITS) == 0 && step > last && !is_found) {
            is_found = true;
            *ret_step = step;
        }
    }
    return is_found;
}

/* RFC 4648 §6; twenty bytes need no padding. */
void totp_base32(const uint8_t secret[TOTP_SECRET_BYTES], char ret_text[TOTP_BASE32_BYTES])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    for (int i = 0; i < TOTP_BASE32_BYTES - 1; i++) {
        int bit = 5 * i;
        unsigned pair = (unsigned)secret[bit / 8] << 8;
        if (bit / 8 + 1 < TOTP_SECRET_BYTES)
            pair |= secret[bit / 8 + 1];
        ret_text[i] = letters[pair >> (11 - bit % 8) & 31];
    }
    ret_text[TOTP_BASE32_BYTES - 1] = 0;
}

/* ---- recovery codes ---- */

/* Of the letters alone, in lower case. */
static void digest_of(const char *code, char ret_digest[DIGEST_TEXT_BYTES])
{
    uint8_t digest[crypto_hash_sha256_BYTES];
    char plain[CODE_CHARACTERS + 1] = "";
    size_t size = 0;
    for (; *code != 0 && size < CODE_CHARACTERS; code++) {
        if (isalnum((unsigned char)*code))
            plain[size++] = (char)tolower((unsigned char)*code);
    }
    (void)crypto_hash_sha256(digest, (const uint8_t *)plain, size);
    (void)sodium_bin2hex(ret_digest, DIGEST_TEXT_BYTES, digest, sizeof digest);
    sodium_memzero(plain, sizeof plain);
}

/* 32 letters and digits that are not mistaken for one another: five bits each. */
void recovery_make(char ret_codes[RECOVERY_CODES][RECOVERY_CODE_BYTES],
                   char ret_digests[RECOVERY_TEXT_BYTES])
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz123456789";
    char *digests = ret_digests;
    for (int i = 0; i < RECOVERY_CODES; i++) {
        char *at = ret_codes[i];
        for (int j = 0; j < CODE_CHARACTERS; j++) {
            if (j > 0 && j % GROUP_CHARACTERS == 0)
                *at++ = '-';
            *at++ = letters[randombytes_uniform(sizeof letters - 1)];
        }
        *at = 0;
        digest_of(ret_codes[i], digests);
        digests += DIGEST_TEXT_BYTES;
        digests[-1] = i + 1 < RECOVERY_CODES ? ' ' : 0;
    }
}

bool recovery_use(const char *digests, const char *code, char ret_left[RECOVERY_TEXT_BYTES])
{
    char digest[DIGEST_TEXT_BYTES];
    bool is_found = false;
    size_t left = 0;
    digest_of(code, digest);
    for (const char *at = digests; strlen(at) >= DIGEST_TEXT_BYTES - 1;
         at += at[DIGEST_TEXT_BYTES - 1] == 0 ? DIGEST_TEXT_BYTES - 1 : DIGEST_TEXT_BYTES) {
        if (!is_found && sodium_memcmp(at, digest, DIGEST_TEXT_BYTES - 1) == 0) {
            is_found = true;
            continue;
        }
        if (left > 0)
            ret_left[left++] = ' ';
        memcpy(ret_left + left, at, DIGEST_TEXT_BYTES - 1);
        left += DIGEST_TEXT_BYTES - 1;
    }
    ret_left[left] = 0;
    return is_found;
}
