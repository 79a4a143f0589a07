/* people - who may sign in, and who has. In the book; names are sign-in names: a-z, 0-9, ".-_".
 *
 * A session is a random secret in a cookie. The book has its digest alone, so that who reads the
 * book cannot take anybody's place.
 */
#pragma once

#include "adapters/desk/book/book.h"
#include "adapters/desk/hasher.h"
#include "adapters/desk/rights.h"
#include "adapters/desk/totp.h"

enum {
    PERSON_NAME_BYTES = 65,
    PERSON_FULL_NAME_BYTES = 401, /* acting_for has 100 characters at most */
    PASSWORD_CHARACTERS_MIN = 10,
    SESSION_SECRET_BYTES = 32,
    SESSION_TEXT_BYTES = 2 * SESSION_SECRET_BYTES + 1,
    SESSION_DIGEST_BYTES = 32,
    SESSION_IDLE_MS = 30 * 60 * 1000,
    SESSION_LIFE_MS = 12 * 60 * 60 * 1000,
    SESSION_SEEN_MS = 60 * 1000, /* how exactly the book knows when it was used last */
    SESSIONS_OF_ONE_MAX = 16,
    PEOPLE_FIRST_PASSWORD_BYTES = 17,
};

struct person {
    char name[PERSON_NAME_BYTES];
    char full_name[PERSON_FULL_NAME_BYTES];
    enum desk_role role;
    bool sees_content, is_locked, must_change, has_totp;
    int64_t last_sign_in_ms;
};

/* REASON_FIELD_INVALID (name, full name), REASON_NAME_TAKEN, the book's. hash: of the password. */
enum reason people_add(struct book *book, const struct person *person, const char *hash,
                       wall_t now);
/* REASON_NOT_FOUND. ret_hash may be NULL. */
enum reason people_find(struct book *book, const char *name, struct person *ret_person,
                        char ret_hash[PASSWORD_HASH_BYTES]);
/* Full name, role, sees_content, is_locked; sessions of the person end. */
enum reason people_change(struct book *book, const struct person *person);
/* Sessions but `keep` (may be NULL) end. */
enum reason people_set_password(struct book *book, const char *name, const char *hash,
                                bool must_change, const uint8_t *keep);
/* The secret that totp_new begins with, in hexadecimal. False: none was begun. */
bool people_begun_totp(struct book *book, const char *name,
                       char ret_secret[2 * TOTP_SECRET_BYTES + 1]);
/* last: the step that was used last; 0: none. False also of a secret that cannot be read. */
bool people_code_matches(const char *secret, const char *code, wall_t now, int64_t last,
                         int64_t *ret_step);
/* A code of the authenticator or a recovery code: it is used by that. REASON_SIGN_IN_WRONG, the
 * book's. */
enum reason people_use_code(struct book *book, const char *name, const char *code, wall_t now);
/* Valid UTF-8 of PASSWORD_CHARACTERS_MIN at least. */
bool people_password_is_long(const char *password);
/* A word to begin with, to be changed at once. */
void people_first_password(char ret_password[PEOPLE_FIRST_PASSWORD_BYTES]);

/* ret_secret goes into the cookie. Within a transaction of the caller's. */
enum reason sessions_begin(struct book *book, const char *name, const char *address, wall_t now,
                           char ret_secret[SESSION_TEXT_BYTES]);
/* False: there is none, or it is over. Notes now and then that it is used. */
bool sessions_find(struct book *book, struct bytes secret, wall_t now, struct person *ret_person,
                   uint8_t ret_digest[SESSION_DIGEST_BYTES]);
/* Without being used by that: whoever only listens is idle. */
bool sessions_is_on(struct book *book, const uint8_t digest[SESSION_DIGEST_BYTES], wall_t now);
enum reason sessions_end(struct book *book, const uint8_t digest[SESSION_DIGEST_BYTES]);
/* Those that are over go. */
void sessions_prune(struct book *book, wall_t now);
