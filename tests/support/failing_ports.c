#include "tests/support/failing_ports.h"

static bool fails(struct port_faults *faults, const char *verb)
{
    faults->calls++;
    if (faults->fail_at == 0 || faults->calls < faults->fail_at ||
        faults->calls >= faults->fail_at + faults->fail_count)
        return false;
    faults->failures++;
    faults->last = verb;
    return true;
}

/* ---- store ---- */

static struct failing_store *store_of(struct store *store)
{
    return (struct failing_store *)store;
}

static void close_store(struct store *store)
{
    (void)store;
}

/* One verb: parameters after the store, and their names. */
#define STORE_VERB(verb, parameters, arguments)                                                    \
    static enum reason verb parameters                                                             \
    {                                                                                              \
        struct failing_store *self = store_of(store);                                              \
        struct store *inner = self->inner;                                                         \
        return fails(self->faults, #verb) ? REASON_STORE_FAILED : inner->verbs->verb arguments;    \
    }

/* clang-format off */
STORE_VERB(recover,
           (struct store *store, uint64_t *ret_count),
           (inner, ret_count))
STORE_VERB(positions,
           (struct store *store, struct store_positions *ret_positions),
           (inner, ret_positions))
STORE_VERB(commit,
           (struct store *store, const struct store_plan *plan),
           (inner, plan))
STORE_VERB(find_message,
           (struct store *store, const struct key *sender, const struct message_id *id,
            struct store_message *ret_message),
           (inner, sender, id, ret_message))
STORE_VERB(read_message,
           (struct store *store, uint64_t seq, struct store_message *ret_message),
           (inner, seq, ret_message))
STORE_VERB(last_id,
           (struct store *store, const struct key *sender, struct message_id *ret_id),
           (inner, sender, ret_id))
STORE_VERB(next_message,
           (struct store *store, uint64_t after_seq, uint64_t *ret_seq),
           (inner, after_seq, ret_seq))
STORE_VERB(forgotten_id,
           (struct store *store, const struct key *sender, struct message_id *ret_id),
           (inner, sender, ret_id))
STORE_VERB(after_id,
           (struct store *store, const struct key *sender, const struct message_id *id,
            uint64_t *ret_seqs, size_t limit, size_t *ret_count),
           (inner, sender, id, ret_seqs, limit, ret_count))
STORE_VERB(read_document,
           (struct store *store, uint64_t seq, struct store_document *ret_document),
           (inner, seq, ret_document))
STORE_VERB(due,
           (struct store *store, const struct key *destination, wall_t now,
            const struct key *after, struct entry *ret_entries, size_t limit, size_t *ret_count,
            wall_t *ret_next_due),
           (inner, destination, now, after, ret_entries, limit, ret_count, ret_next_due))
STORE_VERB(expired,
           (struct store *store, wall_t now, wall_t sent_now, struct entry *ret_entries,
            size_t limit, size_t *ret_count),
           (inner, now, sent_now, ret_entries, limit, ret_count))
STORE_VERB(read_entry,
           (struct store *store, uint64_t message_seq, const struct key *destination,
            struct entry *ret_entry),
           (inner, message_seq, destination, ret_entry))
STORE_VERB(entries_of,
           (struct store *store, uint64_t message_seq, struct entry *ret_entries, size_t limit,
            size_t *ret_count),
           (inner, message_seq, ret_entries, limit, ret_count))
STORE_VERB(list,
           (struct store *store, const struct store_filter *filter, struct entry *ret_entries,
            size_t limit, size_t *ret_count),
           (inner, filter, ret_entries, limit, ret_count))
STORE_VERB(counts,
           (struct store *store, struct store_count *ret_counts, size_t limit, size_t *ret_count),
           (inner, ret_counts, limit, ret_count))
STORE_VERB(history,
           (struct store *store, struct bytes dossier_code, uint64_t from_seq, bool is_backwards,
            uint64_t *ret_seqs, size_t limit, size_t *ret_count),
           (inner, dossier_code, from_seq, is_backwards, ret_seqs, limit, ret_count))
STORE_VERB(find_route,
           (struct store *store, struct bytes dossier_code, struct store_route *ret_route),
           (inner, dossier_code, ret_route))
STORE_VERB(read_deadline,
           (struct store *store, struct bytes dossier_code, struct store_deadline *ret_deadline),
           (inner, dossier_code, ret_deadline))
STORE_VERB(list_deadlines,
           (struct store *store, const struct store_deadline_filter *filter,
            struct store_deadline *ret_deadlines, size_t limit, size_t *ret_count),
           (inner, filter, ret_deadlines, limit, ret_count))
STORE_VERB(count_deadlines,
           (struct store *store, wall_t now, struct deadline_count *ret_counts, size_t limit,
            size_t *ret_count),
           (inner, now, ret_counts, limit, ret_count))
STORE_VERB(ledger_hash,
           (struct store *store, uint64_t position, struct digest *ret_hash),
           (inner, position, ret_hash))
STORE_VERB(ledger_entry,
           (struct store *store, uint64_t index, struct bytes *ret_entry),
           (inner, index, ret_entry))
STORE_VERB(unnamed_files,
           (struct store *store, struct digest *ret_digests, size_t limit, size_t *ret_count),
           (inner, ret_digests, limit, ret_count))
STORE_VERB(read_note,
           (struct store *store, struct bytes name, struct bytes *ret_value),
           (inner, name, ret_value))
/* clang-format on */

void failing_store_init(struct failing_store *store, struct store *inner,
                        struct port_faults *faults)
{
    static const struct store_verbs verbs = {
        .close = close_store,
        .recover = recover,
        .positions = positions,
        .commit = commit,
        .find_message = find_message,
        .read_message = read_message,
        .last_id = last_id,
        .next_message = next_message,
        .forgotten_id = forgotten_id,
        .after_id = after_id,
        .read_document = read_document,
        .due = due,
        .expired = expired,
        .read_entry = read_entry,
        .entries_of = entries_of,
        .list = list,
        .counts = counts,
        .history = history,
        .find_route = find_route,
        .read_deadline = read_deadline,
        .list_deadlines = list_deadlines,
        .count_deadlines = count_deadlines,
        .unnamed_files = unnamed_files,
        .ledger_hash = ledger_hash,
        .ledger_entry = ledger_entry,
        .read_note = read_note,
    };
    *store = (struct failing_store){{&verbs}, inner, faults};
}

/* ---- blobs ---- */

static struct failing_blobs *blobs_of(struct blobs *blobs)
{
    return (struct failing_blobs *)blobs;
}

static void close_blobs(struct blobs *blobs)
{
    (void)blobs;
}

static void abandon(struct blobs *blobs, const struct key *source, const struct digest *digest)
{
    struct blobs *inner = blobs_of(blobs)->inner;
    inner->verbs->abandon(inner, source, digest);
}

static bool is_behind(struct blobs *blobs, const struct key *source, const struct digest *digest)
{
    struct blobs *inner = blobs_of(blobs)->inner;
    return inner->verbs->is_behind(inner, source, digest);
}

static void doubt(struct blobs *blobs, const struct digest *digest)
{
    struct blobs *inner = blobs_of(blobs)->inner;
    inner->verbs->doubt(inner, digest);
}

static void remove_file(struct blobs *blobs, const struct digest *digest)
{
    struct blobs *inner = blobs_of(blobs)->inner;
    inner->verbs->remove(inner, digest);
}

static int ready_fd(struct blobs *blobs)
{
    struct blobs *inner = blobs_of(blobs)->inner;
    return inner->verbs->fd(inner);
}

static void settle(struct blobs *blobs)
{
    struct blobs *inner = blobs_of(blobs)->inner;
    inner->verbs->settle(inner);
}

static void wait_for_work(struct blobs *blobs)
{
    struct blobs *inner = blobs_of(blobs)->inner;
    inner->verbs->wait(inner);
}

#define BLOBS_VERB(verb, parameters, arguments)                                                    \
    static enum reason blob_##verb parameters                                                      \
    {                                                                                              \
        struct failing_blobs *self = blobs_of(blobs);                                              \
        struct blobs *inner = self->inner;                                                         \
        return fails(self->faults, "blob_" #verb) ? REASON_STORE_FAILED                            \
                                                  : inner->verbs->verb arguments;                  \
    }

/* clang-format off */
BLOBS_VERB(find, (struct blobs *blobs, const struct digest *digest, uint64_t *ret_size_bytes),
           (inner, digest, ret_size_bytes))
BLOBS_VERB(begin, (struct blobs *blobs, const struct key *source, const struct digest *digest,
            uint64_t size_bytes, uint64_t *ret_offset),
           (inner, source, digest, size_bytes, ret_offset))
BLOBS_VERB(begin_unnamed, (struct blobs *blobs, const struct key *source,
            struct digest *ret_stand_in),
           (inner, source, ret_stand_in))
BLOBS_VERB(name, (struct blobs *blobs, const struct key *source, const struct digest *stand_in,
            struct digest *ret_digest, uint64_t *ret_size_bytes),
           (inner, source, stand_in, ret_digest, ret_size_bytes))
BLOBS_VERB(write, (struct blobs *blobs, const struct key *source, const struct digest *digest,
            uint64_t offset, struct bytes content),
           (inner, source, digest, offset, content))
BLOBS_VERB(finish, (struct blobs *blobs, const struct key *source, const struct digest *digest),
           (inner, source, digest))
BLOBS_VERB(read,
           (struct blobs *blobs, const struct digest *digest, uint64_t offset,
            uint8_t *ret_content,
            size_t capacity, size_t *ret_size),
           (inner, digest, offset, ret_content, capacity, ret_size))
/* clang-format on */

void failing_blobs_init(struct failing_blobs *blobs, struct blobs *inner,
                        struct port_faults *faults)
{
    static const struct blobs_verbs verbs = {
        .close = close_blobs,
        .find = blob_find,
        .begin = blob_begin,
        .begin_unnamed = blob_begin_unnamed,
        .name = blob_name,
        .write = blob_write,
        .is_behind = is_behind,
        .finish = blob_finish,
        .abandon = abandon,
        .read = blob_read,
        .doubt = doubt,
        .remove = remove_file,
        .fd = ready_fd,
        .settle = settle,
        .wait = wait_for_work,
    };
    *blobs = (struct failing_blobs){{&verbs}, inner, faults};
}

/* ---- crypto ---- */

static enum reason sign(void *context, struct bytes content, wall_t signing_time,
                        struct buffer *ret_signature)
{
    struct failing_crypto *self = context;
    if (fails(self->faults, "sign"))
        return REASON_OUT_OF_MEMORY;
    return self->inner->sign(self->inner->context, content, signing_time, ret_signature);
}

static enum reason verify(void *context, struct bytes content, struct bytes signature,
                          struct bytes certificate, const struct key *sender, wall_t now)
{
    struct failing_crypto *self = context;
    if (fails(self->faults, "verify"))
        return REASON_OUT_OF_MEMORY;
    return self->inner->verify(self->inner->context, content, signature, certificate, sender, now);
}

static void draw(void *context, uint8_t *ret_data, size_t size_bytes)
{
    struct failing_crypto *self = context;
    self->inner->random(self->inner->context, ret_data, size_bytes);
}

static void name_signer(void *context, struct digest *ret_fingerprint)
{
    struct failing_crypto *self = context;
    self->inner->signer(self->inner->context, ret_fingerprint);
}

void failing_crypto_init(struct failing_crypto *crypto, const struct crypto_port *inner,
                         struct port_faults *faults)
{
    *crypto = (struct failing_crypto){
        .port = {.context = crypto,
                 .hash = inner->hash,
                 .sign = sign,
                 .verify = verify,
                 .signer = name_signer,
                 .random = draw},
        .inner = inner,
        .faults = faults,
    };
}
