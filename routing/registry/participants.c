/* participants.csv: who may connect, with which keys. A row makes an agency of agencies.csv a
 * participant: CURVE key for the line, certificates for what it signs (invariant 3). What is in
 * force, and who takes over, is the agency's row alone. */
#include "routing/registry/registry_parts.h"

#include <string.h>

#define COLUMNS(X)                                                                                 \
    X(KEY, "key", true, BOUNDED_BY_READER, false)                                                  \
    X(ROLE, "role", true, BOUNDED_BY_READER, false)                                                \
    X(CURVE_PUBLIC_KEY, "curve_public_key", true, BOUNDED_BY_READER, false)                        \
    X(CERTIFICATES, "certificates", true, BOUNDED_BY_READER, false)                                \
    X(WINDOW_MESSAGES, "window_messages", true, BOUNDED_BY_READER, false)                          \
    /* Of release 1.0, without effect. */                                                          \
    X(ADAPTER, "adapter", false, PARTICIPANT_KEY_BYTES_MAX, true)

enum column { COLUMNS(CSV_COLUMN_NAME) COLUMN_COUNT };

enum { FILE_NAME_BYTES_MAX = 255 };

static const struct csv_column columns[COLUMN_COUNT] = {COLUMNS(CSV_COLUMN_ROW)};

static const struct csv_shape shape = {"participants.csv", columns, COLUMN_COUNT, PARTICIPANTS_MAX};

/* ZeroMQ RFC 32/Z85: five characters are four bytes, most significant digit first. By hand, because
 * this room may not know ZeroMQ. No two texts are one key, so that texts are compared for them. */
static bool is_curve_key(const char *text)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 ".-:+=^!/*?&<>()[]{}@%$#";
    enum { BASE = 85, GROUP = 5 };
    uint64_t value = 0;
    for (size_t i = 0; i < CURVE_KEY_TEXT_BYTES - 1; i++) {
        const char *digit = text[i] == 0 ? NULL : strchr(digits, text[i]);
        if (digit == NULL)
            return false;
        value = (i % GROUP == 0 ? 0 : value * BASE) + (uint64_t)(digit - digits);
        if (value > UINT32_MAX)
            return false;
    }
    return text[CURVE_KEY_TEXT_BYTES - 1] == 0;
}

/* Empty: csv_next has said that it is missing. */
void registry_read_curve_key(const struct registry *registry, const struct csv_row *row,
                             size_t column, struct text_index *by_curve_key, uint32_t index,
                             char ret_text[CURVE_KEY_TEXT_BYTES])
{
    const char *text = row->fields[column];
    const struct text_index *participants = &registry->participants_by_curve_key;
    uint32_t other;
    if (text[0] == 0)
        return;
    if (!is_curve_key(text)) {
        csv_fault(row, column, FAULT_CURVE_KEY_INVALID);
        return;
    }
    memcpy(ret_text, text, CURVE_KEY_TEXT_BYTES);
    if (by_curve_key != participants && text_index_find(participants, bytes_of_text(text), &other))
        csv_fault(row, column, FAULT_CURVE_KEY_TAKEN);
    else if (!text_index_put(by_curve_key, bytes_of_text(text), index))
        csv_fault(row, column, FAULT_CURVE_KEY_REPEATED);
}

/* Inside the registry's directory, wherever that is. */
static bool is_inside(const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size > FILE_NAME_BYTES_MAX || name[0] == '/')
        return false;
    for (size_t i = 0; i + 1 < size; i++) {
        if (name[i] == '.' && name[i + 1] == '.')
            return false;
    }
    return true;
}

/* The files are looked at by who reads the folder (registry_directory.h); here only names count,
 * for this room opens none. */
static void read_certificates(const struct csv_row *row, struct participant *participant)
{
    size_t count = 0;
    if (!csv_read_list(row, CERTIFICATES, participant->certificates, PARTICIPANT_CERTIFICATES_MAX,
                       &count))
        return;
    for (size_t i = 0; i < count; i++) {
        if (!is_inside(participant->certificates[i]))
            csv_fault_detail(row, CERTIFICATES, FAULT_PATH_INVALID,
                             bytes_of_text(participant->certificates[i]));
    }
    participant->certificate_count = count;
}

/* The role stands in both tables and has to agree: a person who made an agency a gateway in one of
 * them meant something else. */
static void read_participant(struct registry *registry, const struct csv_row *row)
{
    uint32_t index = (uint32_t)registry->participant_count;
    struct participant *participant = &registry->participants[index];
    enum participant_role role;
    *participant = (struct participant){.line = row->line};
    read_certificates(row, participant);
    (void)csv_read_number(row, WINDOW_MESSAGES, 1, MESSAGE_WINDOW_MAX,
                          &participant->window_messages);
    participant->agency = registry_read_agency(registry, row, KEY);
    if (registry_read_role(row, ROLE, true, &role) && participant->agency != NULL &&
        participant->agency->role != role)
        csv_fault(row, ROLE, FAULT_ROLE_DIFFERS);
    registry_read_curve_key(registry, row, CURVE_PUBLIC_KEY, &registry->participants_by_curve_key,
                            index, participant->curve_public_key);
    registry->participant_count++;
    if (participant->agency != NULL && !text_index_put(&registry->participants_by_key,
                                                       key_bytes(&participant->agency->key), index))
        csv_fault(row, KEY, FAULT_KEY_REPEATED);
}

void registry_read_participants(struct registry *registry, struct faults *faults)
{
    (void)registry_read_table(registry, REGISTRY_FILE_PARTICIPANTS, &shape, read_participant,
                              faults);
}

size_t registry_participant_count(const struct registry *registry)
{
    return registry->participant_count;
}

const struct participant *registry_participant_at(const struct registry *registry, size_t index)
{
    return index < registry->participant_count ? &registry->participants[index] : NULL;
}

const struct participant *registry_participant(const struct registry *registry,
                                               const struct key *key)
{
    uint32_t index;
    if (!text_index_find(&registry->participants_by_key, key_bytes(key), &index))
        return NULL;
    return &registry->participants[index];
}
