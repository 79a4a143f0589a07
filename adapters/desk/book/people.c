/* People and their sessions in the book. */
#include "adapters/desk/book/people.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/person_name.h"
#include "proto/base/utf8.h"

/* ---- people ---- */

static bool name_is_valid(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && size < PERSON_NAME_BYTES &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == size;
}

/* It is signed with all that the person sends; who had another could send nothing. */
static bool full_name_is_valid(const char *name)
{
    return strlen(name) < PERSON_FULL_NAME_BYTES && acting_for_is_valid(bytes_of_text(name));
}

/* Whether a name is taken is decided by the table, so that two at once cannot both have it. */
enum reason people_add(struct book *book, const struct person *person, const char *hash, wall_t now)
{
    if (!name_is_valid(person->name) || !full_name_is_valid(person->full_name))
        return REASON_FIELD_INVALID;
    enum reason reason = book_run(book, BOOK_PERSON_ADD, "ttiitii", person->name, person->full_name,
                                  (int64_t)person->role, (int64_t)person->sees_content, hash,
                                  (int64_t)person->must_change, now.ms);
    return reason == REASON_DUPLICATE ? REASON_NAME_TAKEN : reason;
}

/* A Vietnamese letter has up to three bytes: characters count. */
bool people_password_is_long(const char *password)
{
    size_t characters = 0;
    return utf8_is_valid(bytes_of_text(password), &characters) &&
           characters >= PASSWORD_CHARACTERS_MIN;
}

static void copy(char *ret_text, size_t capacity, const char *text)
{
    (void)snprintf(ret_text, capacity, "%s", text);
}

/* Columns 0 to 3 of every statement that reads a person. */
static void read_person(sqlite3_stmt *row, struct person *ret_person)
{
    *ret_person = (struct person){.role = (enum desk_role)sqlite3_column_int(row, 2),
                                  .sees_content = sqlite3_column_int(row, 3) != 0};
    copy(ret_person->name, sizeof ret_person->name, book_text(row, 0));
    copy(ret_person->full_name, sizeof ret_person->full_name, book_text(row, 1));
}

static bool role_is_known(sqlite3_stmt *row)
{
    int role = sqlite3_column_int(row, 2);
    return role >= 0 && role < DESK_ROLES;
}

/* A role of a newer version is no role that this one could judge by: the person is then as if
 * not there. */
enum reason people_find(struct book *book, const char *name, struct person *ret_person,
                        char ret_hash[PASSWORD_HASH_BYTES])
{
    sqlite3_stmt *row = book_ask(book, BOOK_PERSON, "t", name);
    bool is_there = book_next(book, row) && role_is_known(row);
    if (is_there) {
        read_person(row, ret_person);
        ret_person->is_locked = sqlite3_column_int(row, 4) != 0;
        ret_person->must_change = sqlite3_column_int(row, 5) != 0;
        ret_person->has_totp = book_text(row, 7)[0] != 0;
        ret_person->last_sign_in_ms = sqlite3_column_int64(row, 9);
        if (ret_hash != NULL)
            copy(ret_hash, PASSWORD_HASH_BYTES, book_text(row, 6));
    }
    book_end(row);
    return is_there ? REASON_NONE : REASON_NOT_FOUND;
}

static enum reason end_sessions(struct book *book, const char *name, const uint8_t *keep)
{
    struct bytes kept = {keep, keep == NULL ? 0 : SESSION_DIGEST_BYTES};
    static const uint8_t none[1];
    kept.data = keep == NULL ? none : keep;
    return book_run(book, BOOK_SESSIONS_END_OTHERS, "tb", name, kept);
}

enum reason people_change(struct book *book, const struct person *person)
{
    if (!full_name_is_valid(person->full_name))
        return REASON_FIELD_INVALID;
    enum reason reason =
        book_run(book, BOOK_PERSON_CHANGE, "ttiii", person->name, person->full_name,
                 (int64_t)person->role, (int64_t)person->sees_content, (int64_t)person->is_locked);
    if (reason == REASON_NONE && book_changes(book) == 0)
        return REASON_NOT_FOUND;
    return reason == REASON_NONE ? end_sessions(book, person->name, NULL) : reason;
}

/* Whoever had the old password, and is in, is out; but for the session that changes it. */
enum reason people_set_password(struct book *book, const char *name, const char *hash,
                                bool must_change, const uint8_t *keep)
{
    enum reason reason =
        book_run(book, BOOK_PERSON_PASSWORD, "tti", name, hash, (int64_t)must_change);
    if (reason == REASON_NONE && book_changes(book) == 0)
        return REASON_NOT_FOUND;
    return reason == REASON_NONE ? end_sessions(book, name, keep) : reason;
}

/* Letters and digits that are not mistaken for one another; 16 of 32 are 80 bits. */
void people_first_password(char ret_password[PEOPLE_FIRST_PASSWORD_BYTES])
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz234567892";
    for (int i = 0; i < PEOPLE_FIRST_PASSWORD_BYTES - 1; i++)
        ret_password[i] = letters[randombytes_uniform(sizeof letters - 1)];
    ret_password[PEOPLE_FIRST_PASSWORD_BYTES - 1] = 0;
}

/* ---- second codes ---- */

bool people_begun_totp(struct book *book, const char *name,
                       char ret_secret[2 * TOTP_SECRET_BYTES + 1])
{
    sqlite3_stmt *row = book_ask(book, BOOK_PERSON_CODES, "t", name);
    bool is_begun = book_next(book, row) && book_text(row, 3)[0] != 0;
    if (is_begun)
        copy(ret_secret, 2 * TOTP_SECRET_BYTES + 1, book_text(row, 3));
    book_end(row);
    return is_begun;
}

bool people_code_matches(const char *secret, const char *code, wall_t now, int64_t last,
                         int64_t *ret_step)
{
    uint8_t bytes[TOTP_SECRET_BYTES];
    size_t size = 0;
    bool is_whole =
        sodium_hex2bin(bytes, sizeof bytes, secret, strlen(secret), NULL, &size, NULL) == 0 &&
        size == sizeof bytes;
    bool matches = is_whole && totp_matches(bytes, code, now.ms, last, ret_step);
    sodium_memzero(bytes, sizeof bytes);
    return matches;
}

/* What was used is written down before anybody is let in by it. */
enum reason people_use_code(struct book *book, const char *name, const char *code, wall_t now)
{
    char secret[2 * TOTP_SECRET_BYTES + 1] = "", recovery[RECOVERY_TEXT_BYTES] = "";
    char left[RECOVERY_TEXT_BYTES];
    int64_t step = 0;
    sqlite3_stmt *row = book_ask(book, BOOK_PERSON_CODES, "t", name);
    if (book_next(book, row)) {
        copy(secret, sizeof secret, book_text(row, 0));
        step = sqlite3_column_int64(row, 1);
        copy(recovery, sizeof recovery, book_text(row, 2));
    }
    book_end(row);
    bool is_right = people_code_matches(secret, code, now, step, &step);
    copy(left, sizeof left, recovery);
    if (!is_right)
        is_right = recovery_use(recovery, code, left);
    sodium_memzero(secret, sizeof secret);
    return is_right ? book_run(book, BOOK_PERSON_CODE_USED, "tit", name, step, left)
                    : REASON_SIGN_IN_WRONG;
}

/* ---- sessions ---- */

static struct bytes digest_of(struct bytes secret, uint8_t ret_digest[SESSION_DIGEST_BYTES])
{
    (void)crypto_hash_sha256(ret_digest, secret.data, secret.size);
    return (struct bytes){ret_digest, SESSION_DIGEST_BYTES};
}

/* A new secret at each sign-in: one that somebody slipped into a browser before is worth
 * nothing. Of too many sessions the oldest go. */
enum reason sessions_begin(struct book *book, const char *name, const char *address, wall_t now,
                           char ret_secret[SESSION_TEXT_BYTES])
{
    uint8_t random[SESSION_SECRET_BYTES], digest[SESSION_DIGEST_BYTES];
    randombytes_buf(random, sizeof random);
    hex_encode((struct bytes){random, sizeof random}, ret_secret);
    enum reason reason =
        book_run(book, BOOK_SESSION_ADD, "btit", digest_of(bytes_of_text(ret_secret), digest), name,
                 now.ms, address);
    if (reason == REASON_NONE)
        reason = book_run(book, BOOK_SESSIONS_TRIM, "ti", name, (int64_t)SESSIONS_OF_ONE_MAX);
    if (reason == REASON_NONE)
        reason = book_run(book, BOOK_PERSON_SEEN, "ti", name, now.ms);
    return reason;
}

/* A clock that was set back must not make sessions longer: what was used later than now is over
 * when its life is. */
bool sessions_find(struct book *book, struct bytes secret, wall_t now, struct person *ret_person,
                   uint8_t ret_digest[SESSION_DIGEST_BYTES])
{
    if (secret.size != SESSION_TEXT_BYTES - 1)
        return false;
    struct bytes digest = digest_of(secret, ret_digest);
    sqlite3_stmt *row = book_ask(book, BOOK_SESSION, "bii", digest, now.ms - SESSION_LIFE_MS,
                                 now.ms - SESSION_IDLE_MS);
    bool is_there = book_next(book, row) && role_is_known(row);
    int64_t seen_ms = 0;
    if (is_there) {
        read_person(row, ret_person);
        ret_person->must_change = sqlite3_column_int(row, 4) != 0;
        ret_person->has_totp = sqlite3_column_int(row, 5) != 0;
        seen_ms = sqlite3_column_int64(row, 7);
    }
    book_end(row);
    if (is_there && (now.ms - seen_ms >= SESSION_SEEN_MS || seen_ms > now.ms))
        (void)book_run(book, BOOK_SESSION_SEEN, "bi", digest, now.ms);
    return is_there;
}

bool sessions_is_on(struct book *book, const uint8_t digest[SESSION_DIGEST_BYTES], wall_t now)
{
    sqlite3_stmt *row =
        book_ask(book, BOOK_SESSION, "bii", (struct bytes){digest, SESSION_DIGEST_BYTES},
                 now.ms - SESSION_LIFE_MS, now.ms - SESSION_IDLE_MS);
    bool is_on = book_next(book, row);
    book_end(row);
    return is_on;
}

enum reason sessions_end(struct book *book, const uint8_t digest[SESSION_DIGEST_BYTES])
{
    return book_run(book, BOOK_SESSION_END, "b", (struct bytes){digest, SESSION_DIGEST_BYTES});
}

void sessions_prune(struct book *book, wall_t now)
{
    (void)book_run(book, BOOK_SESSIONS_PRUNE, "ii", now.ms - SESSION_LIFE_MS,
                   now.ms - SESSION_IDLE_MS);
}
