/* carriers.csv: connections that carry the frames of several participants (proto/link/link.h). A
 * carrier has a key to connect with and no right to say anything of its own: its participants sign,
 * and their rows say what they may. */
#include "routing/registry/registry_parts.h"

#define COLUMNS(X)                                                                                 \
    X(KEY, "key", true, BOUNDED_BY_READER, false)                                                  \
    X(CURVE_PUBLIC_KEY, "curve_public_key", true, BOUNDED_BY_READER, false)                        \
    X(PARTICIPANTS, "participants", true, BOUNDED_BY_READER, false)

enum column { COLUMNS(CSV_COLUMN_NAME) COLUMN_COUNT };

static const struct csv_column columns[COLUMN_COUNT] = {COLUMNS(CSV_COLUMN_ROW)};

static const struct csv_shape shape = {"carriers.csv", columns, COLUMN_COUNT, CARRIERS_MAX};

_Static_assert(CARRIED_MAX *(PARTICIPANT_KEY_BYTES_MAX + 1) < CSV_LINE_BYTES_MAX / 2,
               "a full carrier stands on one line");

/* Carriers and agencies have one space of names: who is behind a connection is told by its key. */
static void read_key(struct registry *registry, const struct csv_row *row, struct carrier *carrier,
                     uint32_t index)
{
    if (!csv_read_key(row, KEY, &carrier->key))
        return;
    if (registry_agency(registry, &carrier->key) != NULL)
        csv_fault(row, KEY, FAULT_CARRIER_IS_AGENCY);
    else if (!text_index_put(&registry->carriers_by_key, key_bytes(&carrier->key), index))
        csv_fault(row, KEY, FAULT_KEY_REPEATED);
}

/* Through one carrier at most, so that there is one way on which answers go back. */
static void add_participant(struct registry *registry, const struct csv_row *row,
                            struct carrier *carrier, struct bytes name)
{
    struct key key;
    uint32_t index;
    if (!key_parse(name, &key) ||
        !text_index_find(&registry->participants_by_key, key_bytes(&key), &index)) {
        csv_fault_detail(row, PARTICIPANTS, FAULT_PARTICIPANT_UNKNOWN, name);
        return;
    }
    struct participant *participant = &registry->participants[index];
    if (participant->carrier != NULL) {
        csv_fault_detail(row, PARTICIPANTS, FAULT_CARRIED_TWICE, name);
        return;
    }
    participant->carrier = carrier;
    registry->carried[registry->carried_count++] = participant;
    carrier->participant_count++;
}

/* Each participant takes one place at most, so the places of all carriers are as many as there are
 * participants. */
static void read_participants(struct registry *registry, const struct csv_row *row,
                              struct carrier *carrier)
{
    const char *names[CARRIED_MAX];
    size_t count = 0;
    carrier->participants = registry->carried + registry->carried_count;
    if (!csv_read_list(row, PARTICIPANTS, names, CARRIED_MAX, &count))
        return;
    for (size_t i = 0; i < count; i++)
        add_participant(registry, row, carrier, bytes_of_text(names[i]));
}

static void read_carrier(struct registry *registry, const struct csv_row *row)
{
    uint32_t index = (uint32_t)registry->carrier_count++;
    struct carrier *carrier = &registry->carriers[index];
    *carrier = (struct carrier){.line = row->line};
    read_key(registry, row, carrier, index);
    registry_read_curve_key(registry, row, CURVE_PUBLIC_KEY, &registry->carriers_by_curve_key,
                            index, carrier->curve_public_key);
    read_participants(registry, row, carrier);
}

void registry_read_carriers(struct registry *registry, struct faults *faults)
{
    (void)registry_read_table(registry, REGISTRY_FILE_CARRIERS, &shape, read_carrier, faults);
}

size_t registry_carrier_count(const struct registry *registry)
{
    return registry->carrier_count;
}

const struct carrier *registry_carrier_at(const struct registry *registry, size_t index)
{
    return index < registry->carrier_count ? &registry->carriers[index] : NULL;
}

const struct carrier *registry_carrier(const struct registry *registry, const struct key *key)
{
    uint32_t index;
    if (!text_index_find(&registry->carriers_by_key, key_bytes(key), &index))
        return NULL;
    return &registry->carriers[index];
}
