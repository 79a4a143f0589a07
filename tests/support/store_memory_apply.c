/* A plan becomes rows: cannot fail, for memory_make_room has made the room. */
#include "proto/base/check.h"
#include "tests/support/store_memory_image.h"

#include <string.h>

static void add_parcel(struct store_memory_image *image, const struct store_parcel *parcel)
{
    struct bytes *documents = memory_take_documents(image, parcel->document_count);
    for (size_t i = 0; i < parcel->document_count; i++)
        documents[i] = memory_copy_content(image, parcel->documents[i]);
    check(image->parcels.count == 0 ||
          parcel->seq > image->parcels.at[image->parcels.count - 1].row.seq);
    uint32_t block = (uint32_t)image->contents.shares.count - 1;
    image->contents.shares.at[block].parcels++;
    image->parcels.at[image->parcels.count++] = (struct memory_parcel){
        .row = {.seq = parcel->seq,
                .manifest = memory_copy_content(image, parcel->manifest),
                .signature = memory_copy_content(image, parcel->signature),
                .certificate = memory_copy_content(image, parcel->certificate),
                .documents = documents,
                .document_count = parcel->document_count},
        .left = (uint32_t)parcel->document_count,
        .block = block,
    };
}

static void forget_file(struct store_memory_image *image, const struct digest *digest)
{
    struct memory_file *file = memory_find_file(image, digest);
    if (file != NULL)
        file->is_unnamed = false;
}

static void name_files(struct store_memory_image *image, struct memory_message *kept,
                       const struct store_message *message)
{
    for (size_t i = 0; i < message->attachment_count; i++) {
        struct memory_file *file = memory_know_file(image, &message->attachments[i].digest);
        file->names++;
        file->is_unnamed = false;
        check(image->names.count < image->names.room);
        uint32_t number = (uint32_t)image->names.count++;
        image->names.at[number] =
            (struct memory_name){(uint32_t)(file - image->files.at), kept->first_name};
        kept->first_name = number;
    }
}

/* Each stays as one that nobody names, unless somebody else does. */
static void unname_files(struct store_memory_image *image, struct memory_message *message)
{
    for (uint32_t number = message->first_name; number != MEMORY_NONE;
         number = image->names.at[number].next) {
        struct memory_file *file = &image->files.at[image->names.at[number].file];
        check(file->names > 0);
        file->is_unnamed = --file->names == 0;
    }
    message->first_name = MEMORY_NONE;
}

static void add_message(struct store_memory_image *image, const struct store_message *message)
{
    check(message->seq == image->messages.count + 1);
    check(memory_find_message(image, &message->sender, &message->id) == NULL);
    uint32_t number = (uint32_t)image->messages.count++;
    struct memory_message *kept = &image->messages.at[number];
    *kept = (struct memory_message){.row = *message,
                                    .dossier = memory_know_dossier(image, message->dossier_code),
                                    .first_entry = MEMORY_NONE,
                                    .last_entry = MEMORY_NONE,
                                    .first_name = MEMORY_NONE};
    kept->row.dossier_code = kept->dossier == MEMORY_NONE ? (struct bytes){NULL, 0}
                                                          : image->dossiers.at[kept->dossier].code;
    kept->row.procedure_code = memory_copy(image, message->procedure_code);
    kept->row.attachments = NULL;
    kept->row.attachment_count = 0;
    name_files(image, kept, message);
    memory_index_message(image, number);
}

static void set_seal(struct store_memory_image *image, const struct store_seal *seal)
{
    check(seal->message_seq > 0 && seal->message_seq <= image->messages.count);
    struct store_message *message = &image->messages.at[seal->message_seq - 1].row;
    message->parcel_seq = seal->parcel_seq;
    message->document_index = seal->document_index;
}

/* One of each transfer. */
static void add_route(struct store_memory_image *image, const struct store_route *route)
{
    struct memory_dossier *dossier =
        &image->dossiers.at[memory_know_dossier(image, route->dossier_code)];
    uint32_t number = dossier->first_route;
    while (number != MEMORY_NONE && image->routes.at[number].row.message_seq != route->message_seq)
        number = image->routes.at[number].next;
    if (number == MEMORY_NONE) {
        check(image->routes.count < image->routes.room);
        number = (uint32_t)image->routes.count++;
        image->routes.at[number].next = dossier->first_route;
        dossier->first_route = number;
    }
    image->routes.at[number].row = (struct store_route){
        .dossier_code = dossier->code,
        .agency = route->agency,
        .registry_version = memory_copy(image, route->registry_version),
        .message_seq = route->message_seq,
    };
}

static void set_deadline(struct store_memory_image *image, const struct store_deadline *deadline)
{
    size_t at = memory_deadline_at(image, deadline->dossier_code);
    struct store_deadline *row = &image->deadlines.at[at];
    bool is_known =
        at < image->deadlines.count && bytes_equal(row->dossier_code, deadline->dossier_code);
    if (!is_known) {
        memmove(row + 1, row, (image->deadlines.count - at) * sizeof *row);
        image->deadlines.count++;
    }
    *row = *deadline;
    row->dossier_code = memory_copy(image, deadline->dossier_code);
    row->procedure_code = memory_copy(image, deadline->procedure_code);
}

static void add_entry(struct store_memory_image *image, const struct entry *entry)
{
    check(entry_state_is_live(entry->state));
    check(entry->message_seq > 0 && entry->message_seq <= image->messages.count);
    check(memory_find_entry(image, entry->message_seq, &entry->destination) == NULL);
    uint32_t number = (uint32_t)image->entries.count++;
    struct memory_message *message = &image->messages.at[entry->message_seq - 1];
    image->entries.at[number] = (struct memory_entry){.row = *entry, .next = MEMORY_NONE};
    if (message->first_entry == MEMORY_NONE)
        message->first_entry = number;
    else
        image->entries.at[message->last_entry].next = number;
    message->last_entry = number;
    memory_link_entry(image, number);
}

static void move_entry(struct store_memory_image *image, const struct store_move *move)
{
    struct memory_entry *found = memory_find_entry(image, move->message_seq, &move->destination);
    check(found != NULL);
    struct entry *entry = &found->row;
    check(entry_state_is_live(entry->state));
    if (entry->state != move->state)
        entry_move(entry, move->state);
    entry->due = move->due;
    entry->attempts = move->attempts;
    entry->reason = move->reason;
    bool is_live = entry_state_is_live(entry->state);
    entry->since = is_live ? move->since : (wall_t){0};
    entry->receipt_seq = is_live ? 0 : move->receipt_seq;
    if (!is_live)
        memory_unlink_live(image, (uint32_t)(found - image->entries.at));
}

static void add_segment(struct store_memory_image *image, const struct store_segment *segment)
{
    check(segment->first_index == image->ledger_entries.count);
    check(segment->first_hash == image->hashes.count);
    for (size_t i = 0; i < segment->entry_count; i++)
        image->ledger_entries.at[image->ledger_entries.count++] =
            memory_copy(image, segment->entries[i]);
    if (segment->hash_count > 0)
        memcpy(&image->hashes.at[image->hashes.count], segment->hashes,
               segment->hash_count * sizeof *segment->hashes);
    image->hashes.count += segment->hash_count;
    image->head_seq = segment->head_seq;
}

static void set_note(struct store_memory_image *image, const struct store_note *note)
{
    struct store_note *known = memory_find_note(image, note->name);
    struct bytes value = memory_copy(image, note->value);
    if (known != NULL) {
        known->value = value;
        return;
    }
    uint32_t number = (uint32_t)image->notes.count++;
    image->notes.at[number] = (struct store_note){memory_copy(image, note->name), value};
    memory_index_note(image, number);
}

/* ---- what is purged ---- */

/* With the last message of a dossier. */
static void forget_deadline(struct store_memory_image *image, struct bytes dossier_code)
{
    size_t at = memory_deadline_at(image, dossier_code);
    struct store_deadline *row = &image->deadlines.at[at];
    if (at == image->deadlines.count || !bytes_equal(row->dossier_code, dossier_code))
        return;
    memmove(row, row + 1, (--image->deadlines.count - at) * sizeof *row);
}

/* What is left of an entry is found by nobody. */
static void forget_names(struct store_memory_image *image, struct memory_message *message)
{
    struct memory_dossier *dossier =
        message->dossier == MEMORY_NONE ? NULL : &image->dossiers.at[message->dossier];
    message->first_entry = message->last_entry = MEMORY_NONE;
    message->row.dossier_code = message->row.procedure_code = (struct bytes){NULL, 0};
    message->row.in_reply_to = (struct message_id){{0}};
    if (dossier == NULL)
        return;
    for (uint32_t number = dossier->first_route; number != MEMORY_NONE;
         number = image->routes.at[number].next) {
        if (image->routes.at[number].row.message_seq == message->row.seq)
            image->routes.at[number].row.agency = (struct key){{0}};
    }
    memory_unlink_dossier(image, message);
    if (dossier->first == MEMORY_NONE)
        forget_deadline(image, dossier->code);
}

static void forget_id(struct store_memory_image *image, const struct store_message *message)
{
    struct memory_participant *sender = memory_find_participant(image, &message->sender);
    if (id_compare(&message->id, &sender->forgotten) > 0)
        sender->forgotten = message->id;
}

static void purge_document(struct store_memory_image *image, struct memory_message *message,
                           struct memory_parcel *parcel)
{
    if ((message->row.gone & STORE_PART_DOCUMENT) != 0)
        return;
    check(parcel->left > 0);
    parcel->left--;
    unname_files(image, message);
}

static void purge(struct store_memory_image *image, const struct store_purge *purge)
{
    check(memory_has_row(image, purge->message_seq));
    struct memory_message *message = &image->messages.at[purge->message_seq - 1];
    struct memory_parcel *parcel = memory_find_parcel(image, message->row.parcel_seq);
    check(parcel != NULL);
    for (uint32_t number = message->first_entry; number != MEMORY_NONE;
         number = image->entries.at[number].next)
        check(!entry_state_is_live(image->entries.at[number].row.state));
    if ((purge->parts & STORE_PART_DOCUMENT) != 0)
        purge_document(image, message, parcel);
    if ((purge->parts & STORE_PART_SEAL) != 0 && parcel->left == 0)
        memory_drop_content(image, parcel);
    if ((purge->parts & STORE_PART_NAMES) != 0)
        forget_names(image, message);
    message->row.gone |= purge->parts;
    memory_check_row(image, &message->row);
    if ((purge->parts & STORE_PART_ROW) != 0)
        forget_id(image, &message->row);
}

void memory_apply(struct store_memory_image *image, const struct store_plan *plan)
{
    for (size_t i = 0; i < plan->parcel_count; i++)
        add_parcel(image, &plan->parcels[i]);
    for (size_t i = 0; i < plan->message_count; i++)
        add_message(image, &plan->messages[i]);
    for (size_t i = 0; i < plan->seal_count; i++)
        set_seal(image, &plan->seals[i]);
    for (size_t i = 0; i < plan->route_count; i++)
        add_route(image, &plan->routes[i]);
    for (size_t i = 0; i < plan->deadline_count; i++)
        set_deadline(image, &plan->deadlines[i]);
    for (size_t i = 0; i < plan->entry_count; i++)
        add_entry(image, &plan->entries[i]);
    for (size_t i = 0; i < plan->move_count; i++)
        move_entry(image, &plan->moves[i]);
    for (size_t i = 0; i < plan->purge_count; i++)
        purge(image, &plan->purges[i]);
    for (size_t i = 0; i < plan->forgotten_file_count; i++)
        forget_file(image, &plan->forgotten_files[i]);
    if (plan->segment != NULL)
        add_segment(image, plan->segment);
    for (size_t i = 0; i < plan->note_count; i++)
        set_note(image, &plan->notes[i]);
}
