/* The members of an archive: messages in the order of their job, then their files. */
#include "ops/cli/retention_archive.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/custody/job.h"
#include "gateway/store/store_sqlite.h"
#include "gateway/workers/program.h"
#include "ops/cli/asking.h"
#include "ops/cli/jobs_command.h"
#include "ops/cli/progress_bar.h"
#include "proto/base/arena.h"
#include "proto/codec/envelope.h"

enum { FOLDER_BYTES = 32 + MESSAGE_ID_TEXT_BYTES };

struct writer {
    const struct invocation *invocation;
    struct retention_archive *asked;
    struct archive archive;
    struct store *store;
    struct arena scratch;
    struct digest *files; /* of the messages so far, some more than once */
    size_t file_count, file_room;
    uint64_t count;
};

/* Files are shared by digest, so that several messages name one; it is archived once, at the end,
 * when all names are known. */
static enum reason note_files(struct writer *writer, struct bytes document)
{
    struct envelope envelope;
    arena_reset(&writer->scratch);
    if (envelope_parse(document, &writer->scratch, &envelope) != REASON_NONE)
        return REASON_NONE; /* it names none that we could know */
    for (size_t i = 0; i < envelope.attachment_count; i++) {
        struct digest *files =
            rows_grow(writer->files, writer->file_count, &writer->file_room, sizeof *files);
        if (files == NULL)
            return REASON_OUT_OF_MEMORY;
        writer->files = files;
        files[writer->file_count++] = envelope.attachments[i].digest;
    }
    return REASON_NONE;
}

/* What is empty is not there: a message alone has no manifest. */
static enum reason add_part(struct writer *writer, const char *folder, const char *name,
                            struct bytes content)
{
    char path[FOLDER_BYTES + 16];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return content.size == 0 ? REASON_NONE : archive_add(&writer->archive, path, content);
}

/* For people and programs that have nothing else: the rows that stay here know more. */
static enum reason add_about(struct writer *writer, const char *folder,
                             const struct store_message *message)
{
    char id[MESSAGE_ID_TEXT_BYTES], reply[MESSAGE_ID_TEXT_BYTES], digest[DIGEST_TEXT_BYTES];
    char custody[TIME_TEXT_BYTES];
    id_format(&message->id, id);
    id_format(&message->in_reply_to, reply);
    digest_format(&message->digest, digest);
    stamp_format((struct stamp){message->custody, VIETNAM_OFFSET_MINUTES}, custody);
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:s, s:s%, s:s%, s:s, s:s, s:s}", "message_id", id, "sender",
        message->sender.text, "recipient", message->recipient.text, "type",
        message_type_name((enum message_type)message->type), "dossier_code",
        (const char *)message->dossier_code.data, message->dossier_code.size, "procedure_code",
        (const char *)message->procedure_code.data, message->procedure_code.size, "in_reply_to",
        id_is_zero(&message->in_reply_to) ? "" : reply, "custody", custody, "digest", digest);
    char *text = json == NULL ? NULL : json_dumps(json, JSON_INDENT(2));
    enum reason reason = text == NULL
                             ? REASON_OUT_OF_MEMORY
                             : add_part(writer, folder, "message.json", bytes_of_text(text));
    free(text);
    json_decref(json);
    return reason;
}

/* The entries that went into the ledger with that head, and how many stood before them; without its
 * head's row nobody would know which they are. */
static enum reason add_entries(struct writer *writer, const char *folder, uint64_t head_seq)
{
    struct bytes entries = {NULL, 0};
    char text[32];
    uint64_t first = 0;
    enum reason reason = store_sqlite_entries_of_head(writer->store, head_seq, &first, &entries);
    if (reason != REASON_NONE || entries.size == 0)
        return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
    reason = add_part(writer, folder, "entries", entries);
    (void)snprintf(text, sizeof text, "%" PRIu64 "\n", first);
    return reason == REASON_NONE ? add_part(writer, folder, "first", bytes_of_text(text)) : reason;
}

/* What the store says of it now: it is from before the count, and only a purge takes any of it. */
static enum reason add_message(struct writer *writer, const struct key *sender,
                               const struct message_id *id)
{
    const struct store_verbs *verbs = writer->store->verbs;
    char folder[FOLDER_BYTES], text[MESSAGE_ID_TEXT_BYTES];
    struct store_message message;
    struct store_document found;
    struct digest digest;
    id_format(id, text);
    (void)snprintf(folder, sizeof folder, "%05" PRIu64 "-%s", writer->count, text);
    enum reason reason = verbs->find_message(writer->store, sender, id, &message);
    if (reason == REASON_NONE)
        reason = add_about(writer, folder, &message);
    if (reason != REASON_NONE)
        return reason;
    job_add_digest(sha256_parts, &writer->asked->digest, &message.digest);
    writer->count++;
    if (message.type == MESSAGE_TYPE_LEDGER_HEAD)
        reason = add_entries(writer, folder, message.seq);
    if (reason != REASON_NONE)
        return reason;
    reason = verbs->read_document(writer->store, message.seq, &found);
    if (reason == REASON_CONTENT_PURGED)
        return REASON_NONE; /* it went by an earlier purge, and is in its archive */
    if (reason != REASON_NONE)
        return reason;
    sha256_parts(&found.document, 1, &digest);
    if (!digest_equal(&digest, &message.digest))
        return REASON_STORE_CORRUPT;
    reason = add_part(writer, folder, "document", found.document);
    if (reason == REASON_NONE)
        reason = add_part(writer, folder, "manifest", found.manifest);
    if (reason == REASON_NONE)
        reason = add_part(writer, folder, "signature", found.signature);
    if (reason == REASON_NONE)
        reason = add_part(writer, folder, "certificate", found.certificate);
    return reason == REASON_NONE ? note_files(writer, found.document) : reason;
}

static int compare_digests(const void *a, const void *b)
{
    return memcmp(a, b, DIGEST_BYTES);
}

/* A file that is not here was never here: its message was refused before it came. */
static enum reason add_files(struct writer *writer)
{
    enum reason reason = REASON_NONE;
    if (writer->file_count > 0)
        qsort(writer->files, writer->file_count, sizeof *writer->files, compare_digests);
    for (size_t i = 0; i < writer->file_count && reason == REASON_NONE; i++) {
        const struct digest *file = &writer->files[i];
        char hex[DIGEST_TEXT_BYTES], name[ARCHIVE_NAME_BYTES_MAX + 1], path[PATH_BYTES_MAX];
        if (i > 0 && digest_equal(file, file - 1))
            continue;
        digest_format(file, hex);
        (void)snprintf(name, sizeof name, "files/%s", hex);
        if (!path_make(path, "%s/blobs/%.2s/%s", writer->asked->state_directory, hex, hex + 2))
            return REASON_FIELD_TOO_LONG;
        reason = archive_add_file(&writer->archive, name, path, file);
        if (reason == REASON_FILE_UNREADABLE && access(path, F_OK) != 0)
            reason = REASON_NONE;
    }
    return reason;
}

/* The pages of the job say which messages; *code, when the program could not be asked. */
static enum reason add_messages(struct writer *writer, struct http *http, int *code)
{
    json_int_t count = json_count(writer->asked->job, "count");
    char scratch[32];
    const char *number = json_number(writer->asked->job, "job", scratch);
    enum reason reason = REASON_NONE;
    for (int64_t page = 0; writer->count < (uint64_t)count && reason == REASON_NONE; page++) {
        json_t *answer = NULL;
        size_t index;
        const json_t *row;
        *code = jobs_ask(writer->invocation, http, number, page, &answer);
        if (*code != EXIT_CODE_OK)
            return REASON_NONE;
        uint64_t before = writer->count;
        json_array_foreach(json_object_get(answer, "entries"), index, row)
        {
            struct key sender;
            struct message_id id;
            if (!key_parse(bytes_of_text(json_text(row, "sender")), &sender) ||
                !id_parse(bytes_of_text(json_text(row, "message_id")), &id))
                reason = REASON_FIELD_INVALID;
            if (reason == REASON_NONE)
                reason = add_message(writer, &sender, &id);
        }
        json_decref(answer);
        if (reason == REASON_NONE && writer->count == before)
            reason = REASON_SET_CHANGED; /* fewer than it counted */
        progress_bar_show(writer->count, (uint64_t)count, "");
    }
    progress_bar_end();
    return reason;
}

/* A step that fails leaves all to the caller, who takes back what was begun. */
static enum reason write_all(struct writer *writer, struct http *http, int *code)
{
    const struct store_sqlite_options beside = {.is_reader = true};
    char path[PATH_BYTES_MAX];
    if (!path_make(path, "%s/store.sqlite", writer->asked->state_directory))
        return REASON_FIELD_TOO_LONG;
    enum reason reason = arena_init(&writer->scratch, ENVELOPE_ARENA_BYTES)
                             ? store_sqlite_open(path, &beside, &writer->store)
                             : REASON_OUT_OF_MEMORY;
    if (reason == REASON_NONE)
        reason = archive_new(writer->asked->path, &writer->archive);
    if (reason == REASON_NONE)
        reason = add_messages(writer, http, code);
    if (reason == REASON_NONE && *code == EXIT_CODE_OK)
        reason = add_files(writer);
    if (reason == REASON_NONE && *code == EXIT_CODE_OK)
        reason = archive_finish(&writer->archive);
    writer->asked->bytes = writer->archive.bytes;
    return reason;
}

/* The store is read beside the program that owns it, so that writing an archive takes none of the
 * time that the traffic has. */
int retention_archive_write(const struct invocation *invocation, struct http *http,
                            struct retention_archive *archive)
{
    struct writer writer = {.invocation = invocation, .asked = archive, .archive = {.file = -1}};
    int code = EXIT_CODE_OK;
    archive->digest = (struct digest){{0}};
    enum reason reason = write_all(&writer, http, &code);
    if (reason != REASON_NONE) {
        program_say_failure("lienthong", invocation->language, reason, archive->path);
        code = EXIT_CODE_UNREACHABLE;
    }
    archive_release(&writer.archive);
    arena_release(&writer.scratch);
    free(writer.files);
    if (writer.store != NULL)
        writer.store->verbs->close(writer.store);
    return code;
}
