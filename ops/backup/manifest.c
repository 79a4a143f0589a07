/* backup.json and SHA256SUMS. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ops/backup/backup_parts.h"
#include "proto/base/version.h"

static bool digest_of_text(const char *text, struct digest *ret_digest)
{
    return text != NULL && strlen(text) == 2 * DIGEST_BYTES &&
           hex_decode(bytes_of_text(text), ret_digest->bytes, DIGEST_BYTES);
}

enum reason backup_about_write(const char *directory, const struct backup_about *about)
{
    char path[PATH_BYTES_MAX];
    char sums[DIGEST_TEXT_BYTES];
    digest_format(&about->sums, sums);
    json_t *json = json_pack("{s:i, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "format",
                             BACKUP_FORMAT, "version", VERSION_TEXT, "program", about->program,
                             "participant", about->participant, "province", about->province,
                             "made_ms", (json_int_t)about->made.ms, "schema",
                             (json_int_t)about->schema, "files", (json_int_t)about->files, "bytes",
                             (json_int_t)about->bytes, "sha256sums_sha256", sums);
    char *text = json == NULL ? NULL : json_dumps(json, JSON_INDENT(2));
    enum reason reason = REASON_OUT_OF_MEMORY;
    if (text != NULL && path_make(path, "%s/" BACKUP_ABOUT, directory))
        reason = file_write(path, bytes_of_text(text), 0600);
    free(text);
    json_decref(json);
    return reason;
}

static bool copy_text(const json_t *json, const char *name, char *ret_text, size_t size)
{
    const char *text = json_string_value(json_object_get(json, name));
    if (text == NULL || strlen(text) >= size)
        return false;
    (void)snprintf(ret_text, size, "%s", text);
    return true;
}

static bool parse_about(const json_t *json, struct backup_about *ret_about)
{
    struct backup_about about = {.program = ""};
    bool is_sound =
        json_integer_value(json_object_get(json, "format")) == BACKUP_FORMAT &&
        copy_text(json, "program", about.program, sizeof about.program) &&
        copy_text(json, "participant", about.participant, sizeof about.participant) &&
        copy_text(json, "province", about.province, sizeof about.province) &&
        digest_of_text(json_string_value(json_object_get(json, "sha256sums_sha256")), &about.sums);
    about.made.ms = json_integer_value(json_object_get(json, "made_ms"));
    about.schema = json_integer_value(json_object_get(json, "schema"));
    about.files = (uint64_t)json_integer_value(json_object_get(json, "files"));
    about.bytes = (uint64_t)json_integer_value(json_object_get(json, "bytes"));
    *ret_about = about;
    return is_sound;
}

enum reason backup_about_read(const char *directory, struct backup_about *ret_about)
{
    char path[PATH_BYTES_MAX];
    struct buffer text;
    if (!path_make(path, "%s/" BACKUP_ABOUT, directory))
        return REASON_FIELD_TOO_LONG;
    if (access(path, F_OK) != 0)
        return REASON_BACKUP_INCOMPLETE;
    buffer_init(&text, ABOUT_BYTES_MAX);
    enum reason reason = file_load(path, &text);
    json_t *json = reason == REASON_NONE ? json_loadb((const char *)text.data, text.size,
                                                      JSON_REJECT_DUPLICATES, NULL)
                                         : NULL;
    bool is_sound = json != NULL && parse_about(json, ret_about);
    json_decref(json);
    buffer_release(&text);
    return is_sound ? REASON_NONE : REASON_BACKUP_DAMAGED;
}

/* What backup_make writes, and nothing else: not above the folder, not beside the store. */
static bool is_ours(const char *name)
{
    bool is_blob = strncmp(name, BACKUP_BLOBS "/", sizeof BACKUP_BLOBS) == 0 &&
                   strstr(name, "..") == NULL && strchr(name, '\\') == NULL;
    return is_blob || strcmp(name, BACKUP_STORE) == 0 || strcmp(name, BACKUP_PORTAL) == 0;
}

enum { NAME_AT = 2 * DIGEST_BYTES + 2 }; /* in a line, behind the digest and two blanks */

static enum reason visit_line(char *line, backup_file *visit, void *context)
{
    struct digest digest;
    size_t size = strlen(line);
    /* One that does not end is longer than a name of ours can be, or was cut off. */
    if (size <= NAME_AT + 1 || line[size - 1] != '\n' ||
        memcmp(line + 2 * DIGEST_BYTES, "  ", 2) != 0)
        return REASON_BACKUP_DAMAGED;
    line[2 * DIGEST_BYTES] = line[size - 1] = 0;
    return is_ours(line + NAME_AT) && digest_of_text(line, &digest)
               ? visit(context, line + NAME_AT, &digest)
               : REASON_BACKUP_DAMAGED;
}

enum reason backup_sums_visit(const char *directory, const struct backup_about *about,
                              backup_file *visit, void *context)
{
    char path[PATH_BYTES_MAX];
    struct digest digest;
    uint64_t bytes;
    uint64_t files = 0;
    char line[NAME_AT + PATH_BYTES_MAX];
    if (!path_make(path, "%s/" BACKUP_SUMS, directory))
        return REASON_FIELD_TOO_LONG;
    if (access(path, F_OK) != 0)
        return REASON_BACKUP_INCOMPLETE;
    enum reason reason = copy_hash(path, &digest, &bytes);
    if (reason == REASON_NONE && !digest_equal(&digest, &about->sums))
        reason = REASON_BACKUP_DAMAGED;
    FILE *file = reason == REASON_NONE ? fopen(path, "re") : NULL;
    if (reason == REASON_NONE && file == NULL)
        reason = REASON_FILE_UNREADABLE;
    for (; reason == REASON_NONE && fgets(line, sizeof line, file) != NULL; files++)
        reason = visit_line(line, visit, context);
    if (file != NULL)
        (void)fclose(file);
    return reason == REASON_NONE && files != about->files ? REASON_BACKUP_INCOMPLETE : reason;
}
