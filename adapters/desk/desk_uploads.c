/* Files on their way from a browser to the adapter.
 *
 *   POST ─▶ a row ─▶ PUT … PUT ─▶ as long as was said ─▶ given to the adapter ─▶ stored: its digest
 *                      ▲    └─ cut: GET says how far it is
 *                      └────────┘
 *
 * Two that send the same file at once write in turns of which only one fits: each piece goes where
 * the file ends, and whoever comes with another place is told so (stale). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "adapters/desk/desk.h"
#include "adapters/desk/media_type.h"
#include "gateway/workers/program.h"
#include "proto/base/file_name.h"
#include "proto/base/utf8.h"

enum { ID_BYTES = 16, BOOT_BYTES = 64 };

/* The columns of BOOK_UPLOAD. */
enum { COLUMN_ID, COLUMN_NAME, COLUMN_SIZE, COLUMN_SHA256, COLUMN_MEDIA_TYPE };

static bool path_of(const struct desk *desk, const char *id, char ret_path[FILE_PATH_BYTES_MAX])
{
    char folder[FILE_PATH_BYTES_MAX];
    return file_path_join(desk->settings.state_directory, "uploads", folder) &&
           file_path_join(folder, id, ret_path);
}

/* What is there of it; nothing is 0. */
static int64_t size_of(const struct desk *desk, const char *id)
{
    char path[FILE_PATH_BYTES_MAX];
    struct stat info;
    return path_of(desk, id, path) && stat(path, &info) == 0 ? (int64_t)info.st_size : 0;
}

static void remove_file(const struct desk *desk, const char *id)
{
    char path[FILE_PATH_BYTES_MAX];
    if (path_of(desk, id, path))
        (void)unlink(path);
}

/* ---- at the start, and each minute ---- */

/* Still to be received: the file of one that is stored is not needed any more. */
static bool is_known(struct desk *desk, const char *id)
{
    sqlite3_stmt *row = book_ask(&desk->book, BOOK_UPLOAD_WAITS, "t", id);
    bool is_there = book_next(&desk->book, row);
    book_end(row);
    return is_there;
}

/* True: the machine has been started anew since, so that files may be longer than what is in them:
 * a file system may know a size before it has the content. Nothing is synced for each piece, which
 * the loop would wait for; a browser sends again what was lost. */
static bool is_new_boot(struct desk *desk)
{
    char now[BOOT_BYTES] = "", before[BOOT_BYTES];
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (file != NULL && fgets(now, (int)sizeof now, file) == NULL)
        now[0] = 0;
    if (file != NULL)
        (void)fclose(file);
    sqlite3_stmt *row = book_ask(&desk->book, BOOK_NOTE, "t", "boot");
    (void)snprintf(before, sizeof before, "%s",
                   book_next(&desk->book, row) ? book_text(row, 0) : "");
    book_end(row);
    if (now[0] != 0 && strcmp(now, before) == 0)
        return false;
    (void)book_run(&desk->book, BOOK_NOTE_PUT, "tt", "boot", now);
    return true;
}

/* Files of rows that are gone, or whose content is in doubt. */
static void sweep(struct desk *desk, const char *folder)
{
    const struct dirent *entry;
    bool all = is_new_boot(desk);
    DIR *directory = opendir(folder);
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.' && (all || !is_known(desk, entry->d_name)))
            remove_file(desk, entry->d_name);
    }
    if (directory != NULL)
        (void)closedir(directory);
}

/* Before anybody can call: what is swept is nobody's. */
enum reason uploads_open(struct desk *desk)
{
    char folder[FILE_PATH_BYTES_MAX];
    if (!file_path_join(desk->settings.state_directory, "uploads", folder) ||
        (mkdir(folder, 0700) != 0 && errno != EEXIST))
        return errno == EACCES ? REASON_ACCESS_DENIED : REASON_FILE_UNREADABLE;
    sweep(desk, folder);
    return REASON_NONE;
}

/* The row goes first: a file without one is swept at the next start, a row without a file would
 * promise what is not there. */
static bool drop(struct desk *desk, const char *id)
{
    bool is_gone = book_run(&desk->book, BOOK_UPLOAD_DROP, "t", id) == REASON_NONE;
    if (is_gone)
        remove_file(desk, id);
    return is_gone;
}

/* The oldest first, a bounded number of them: the rest is for the next minute. Also of those that
 * are stored, whose digest stands in a draft or a message by then. */
void uploads_prune(struct desk *desk, wall_t now)
{
    char id[2 * ID_BYTES + 1];
    bool goes_on = true;
    for (int i = 0; goes_on && i < UPLOADS_PRUNED_AT_ONCE; i++) {
        sqlite3_stmt *row = book_ask(&desk->book, BOOK_UPLOAD_OLDEST, "i", now.ms - UPLOAD_LIFE_MS);
        goes_on = book_next(&desk->book, row);
        if (goes_on)
            (void)snprintf(id, sizeof id, "%s", book_text(row, 0));
        book_end(row);
        goes_on = goes_on && drop(desk, id);
    }
}

/* ---- one's own ---- */

/* Bound to who began it: another's is as if it were not there. False: answered. book_end is the
 * caller's. */
static bool find(struct api_request *request, sqlite3_stmt **ret_row)
{
    struct desk *desk = desk_of(request);
    *ret_row = book_ask(&desk->book, BOOK_UPLOAD, "tt", desk_call(request)->person.name,
                        api_argument(request));
    if (book_next(&desk->book, *ret_row))
        return true;
    book_end(*ret_row);
    api_answer_reason(request, REASON_NOT_FOUND, "upload");
    return false;
}

/* What a page needs to go on: how much is there, and of a whole one what the adapter calls it. */
static json_t *upload_json(const struct desk *desk, sqlite3_stmt *row)
{
    bool is_stored = book_text(row, COLUMN_SHA256)[0] != 0;
    int64_t size = sqlite3_column_int64(row, COLUMN_SIZE);
    int64_t received = is_stored ? size : size_of(desk, book_text(row, COLUMN_ID));
    json_t *object = json_object();
    bool ok = put_word(object, "upload", book_text(row, COLUMN_ID)) &&
              put_word(object, "name", book_text(row, COLUMN_NAME)) &&
              json_put(object, "size_bytes", json_integer(size)) &&
              json_put(object, "received_bytes", json_integer(received)) &&
              put_word(object, "state", is_stored ? "stored" : "receiving") &&
              put_word(object, "sha256", book_text(row, COLUMN_SHA256)) &&
              put_word(object, "media_type", book_text(row, COLUMN_MEDIA_TYPE));
    return json_whole(object, ok);
}

/* As the book has it after the change, so that two tabs of one person see the same. */
static void answer_upload(struct api_request *request, unsigned status, const char *id)
{
    struct desk *desk = desk_of(request);
    sqlite3_stmt *row =
        book_ask(&desk->book, BOOK_UPLOAD, "tt", desk_call(request)->person.name, id);
    if (book_next(&desk->book, row))
        api_answer_json(request, status, upload_json(desk, row));
    else
        api_answer_reason(request, REASON_NOT_FOUND, "upload");
    book_end(row);
}

void upload_get(struct api_request *request)
{
    answer_upload(request, HTTP_OK, api_argument(request));
}

/* One that is being written at this moment loses its file as well: its writer hears "stale". */
void upload_delete(struct api_request *request)
{
    sqlite3_stmt *row;
    if (!find(request, &row))
        return;
    book_end(row);
    if (drop(desk_of(request), api_argument(request)))
        api_answer_nothing(request);
    else
        api_answer_reason(request, desk_of(request)->book.trouble, NULL);
}

/* ---- a new one ---- */

/* What was declared counts, so that nobody begins what there would be no room for. */
static enum reason has_room(struct api_request *request, int64_t size)
{
    struct book *book = &desk_of(request)->book;
    sqlite3_stmt *row = book_ask(book, BOOK_UPLOADS_OF, "t", desk_call(request)->person.name);
    bool has_own = book_next(book, row) && sqlite3_column_int(row, 0) < UPLOADS_OF_ONE_MAX &&
                   sqlite3_column_int(row, 1) < UPLOADS_UNDER_WAY_MAX &&
                   sqlite3_column_int64(row, 2) <= UPLOAD_BYTES_OF_ONE_MAX - size;
    book_end(row);
    row = book_ask(book, BOOK_UPLOADS_ALL, "");
    bool has_any = book_next(book, row) && sqlite3_column_int64(row, 0) <= UPLOAD_BYTES_MAX - size;
    book_end(row);
    return has_own && has_any ? REASON_NONE : REASON_BUSY;
}

/* A name is looked at as the adapter will look at it, before a byte is sent for nothing. */
static enum reason read_upload(struct api_request *request, char *ret_name, size_t capacity,
                               int64_t *ret_size, const char **ret_field)
{
    struct bytes name = {NULL, 0};
    size_t characters = 0;
    *ret_field = "name";
    if (!json_take_text(api_json(request), "name", &name))
        return REASON_FIELD_NOT_TEXT;
    if (!file_name_is_safe(name))
        return REASON_FIELD_INVALID;
    if (!utf8_is_valid(name, &characters) || characters > ATTACHMENT_NAME_CHARACTERS_MAX ||
        name.size >= capacity)
        return REASON_FIELD_TOO_LONG;
    memcpy(ret_name, name.data, name.size);
    ret_name[name.size] = 0;
    *ret_field = "size_bytes";
    const json_t *size = json_object_get(api_json(request), "size_bytes");
    *ret_size = json_integer_value(size);
    if (!json_is_integer(size) || *ret_size < 1)
        return REASON_FIELD_INVALID;
    return *ret_size <= UPLOAD_BYTES_OF_ONE_MAX ? REASON_NONE : REASON_ATTACHMENT_TOO_LARGE;
}

/* The id is random, and no count: nobody learns how many there are. */
void upload_post(struct api_request *request)
{
    char name[ATTACHMENT_NAME_CHARACTERS_MAX * UTF8_BYTES_MAX + 1], id[2 * ID_BYTES + 1];
    uint8_t random[ID_BYTES];
    const char *field;
    int64_t size = 0;
    enum reason reason = read_upload(request, name, sizeof name, &size, &field);
    if (reason == REASON_NONE) {
        field = "uploads";
        reason = has_room(request, size);
    }
    if (reason == REASON_NONE) {
        randombytes_buf(random, sizeof random);
        hex_encode((struct bytes){random, sizeof random}, id);
        reason = book_run(&desk_of(request)->book, BOOK_UPLOAD_ADD, "tttii", id,
                          desk_call(request)->person.name, name, size, program_wall().ms);
    }
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, field);
    else
        answer_upload(request, HTTP_CREATED, id);
}

/* ---- a piece ---- */

/* A full disk is told apart: an operator can do something about it. */
static enum reason reason_of(int error)
{
    return error == ENOSPC || error == EDQUOT ? REASON_STORE_FULL : REASON_STORE_FAILED;
}

/* The file is there from the first piece on. */
static enum reason open_file(struct api_request *request)
{
    char path[FILE_PATH_BYTES_MAX];
    struct desk_call *call = desk_call(request);
    if (!path_of(desk_of(request), api_argument(request), path))
        return REASON_STORE_FAILED;
    call->file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    call->has_file = call->file >= 0;
    return call->has_file ? REASON_NONE : reason_of(errno);
}

/* Looked at before a byte is read: the row is ours, and the piece goes where the file ends. */
void upload_put_begin(struct api_request *request)
{
    struct desk_call *call = desk_call(request);
    sqlite3_stmt *row;
    uint64_t offset = 0, length = 0;
    if (api_query(request, "offset") == NULL) {
        api_answer_reason(request, REASON_FIELD_MISSING, "offset");
        return;
    }
    if (!api_query_number(request, "offset", 0, INT64_MAX, &offset) || !find(request, &row))
        return;
    bool is_stored = book_text(row, COLUMN_SHA256)[0] != 0;
    call->file_size = sqlite3_column_int64(row, COLUMN_SIZE);
    book_end(row);
    call->file_position = (int64_t)offset;
    if (is_stored)
        answer_upload(request, HTTP_OK, api_argument(request));
    else if ((int64_t)offset != size_of(desk_of(request), api_argument(request)))
        api_answer_reason(request, REASON_STALE, "offset");
    else if (api_content_length(request, &length) &&
             length > (uint64_t)(call->file_size - call->file_position))
        api_answer_reason(request, REASON_ATTACHMENT_TOO_LARGE, NULL);
    else
        call->reason = open_file(request);
    if (!api_is_answered(request) && call->reason != REASON_NONE)
        api_answer_reason(request, call->reason, NULL);
}

/* Nobody else has written since: of two that do, the later one's place is not the end any more. */
static bool is_at_end(const struct desk_call *call)
{
    struct stat info;
    return fstat(call->file, &info) == 0 && info.st_nlink > 0 &&
           info.st_size == call->file_position;
}

/* What libmicrohttpd has read, some tens of KiB: straight into the page cache, so that the loop
 * waits for no disk. A piece that came in half stays in half, and GET says where it ended. */
void upload_receive(struct api_request *request, struct bytes content)
{
    struct desk_call *call = desk_call(request);
    enum reason reason = REASON_NONE;
    if ((int64_t)content.size > call->file_size - call->file_position)
        reason = REASON_ATTACHMENT_TOO_LARGE;
    else if (!is_at_end(call))
        reason = REASON_STALE;
    while (reason == REASON_NONE && content.size > 0) {
        ssize_t size = pwrite(call->file, content.data, content.size, call->file_position);
        if (size <= 0) {
            reason = reason_of(size < 0 ? errno : ENOSPC);
            break;
        }
        content = (struct bytes){content.data + size, content.size - (size_t)size};
        call->file_position += size;
    }
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, NULL);
}

/* ---- the whole one, to the adapter ---- */

/* For the client, from where it was: by position, for the file may be open for another piece. */
static size_t give(void *context, uint8_t *ret_content, size_t capacity)
{
    struct desk_call *call = context;
    ssize_t size = pread(call->file, ret_content, capacity, call->file_position);
    if (size > 0)
        call->file_position += size;
    return size > 0 ? (size_t)size : 0;
}

/* The adapter computes the digest: it is the one who signs it. */
static void give_whole(struct api_request *request)
{
    struct desk_call *call = desk_call(request);
    const struct upstream_question question = {.method = "POST",
                                               .path = "/v1/attachments",
                                               .give = give,
                                               .give_bytes = (uint64_t)call->file_size};
    call->file_position = 0;
    (void)desk_ask(request, &question);
}

/* Looked at here and not believed of a browser, which goes by the name alone. */
static const char *media_type(const struct desk_call *call, const char *name)
{
    uint8_t beginning[MEDIA_TYPE_LOOKS_AT];
    ssize_t size = pread(call->file, beginning, sizeof beginning, 0);
    return media_type_of((struct bytes){beginning, size > 0 ? (size_t)size : 0}, name);
}

/* The row and its line of the audit together; the file goes when both are there. */
static enum reason keep(struct api_request *request, const char *sha256, const char *type)
{
    struct desk *desk = desk_of(request);
    const char *id = api_argument(request);
    const struct desk_action action = {.action = "upload", .object = sha256, .after = type};
    enum reason reason = book_begin(&desk->book);
    if (reason == REASON_NONE)
        reason = book_run(&desk->book, BOOK_UPLOAD_STORED, "ttt", id, sha256, type);
    if (reason == REASON_NONE)
        reason = desk_audit(request, &desk_call(request)->person, &action);
    reason = book_finish(&desk->book, reason);
    if (reason == REASON_NONE)
        remove_file(desk, id);
    return reason;
}

/* An answer about another number of bytes is about another file. */
static void store(struct api_request *request)
{
    struct desk_call *call = desk_call(request);
    sqlite3_stmt *row;
    const char *sha256 = json_string_value(json_object_get(call->answer, "sha256"));
    json_int_t size = json_integer_value(json_object_get(call->answer, "size_bytes"));
    if (sha256 == NULL || size != call->file_size) {
        api_answer_reason(request, REASON_ATTACHMENT_DIGEST, NULL);
        return;
    }
    if (!find(request, &row))
        return;
    const char *type = media_type(call, book_text(row, COLUMN_NAME));
    book_end(row);
    enum reason reason = keep(request, sha256, type);
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, NULL);
    else
        answer_upload(request, HTTP_OK, api_argument(request));
}

/* An upload whose last piece came while the adapter was away is given by the next one, which may
 * have no bytes. */
void upload_put_apply(struct api_request *request)
{
    const struct desk_call *call = desk_call(request);
    if (!call->is_begun && call->file_position < call->file_size)
        answer_upload(request, HTTP_OK, api_argument(request));
    else if (!call->is_begun)
        give_whole(request);
    else if (call->is_answered && !desk_pass_refusal(request))
        store(request);
}
