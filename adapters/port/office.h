/* office - what drives one participant's back office: a port with one implementation per kind.
 *
 * The kinds are a table: port/kind.h, kinds.def.
 *
 * One thread. start begins a call; its answer comes out of a later run, once, for every call that
 * was started. Calls that are under way when the driver is closed are not answered: their leases
 * end.
 *
 * A call for a message that is already under way is the same call: start answers REASON_NONE and
 * the answer comes once.
 */
#pragma once

#include <jansson.h>

#include "adapters/core/session.h"
#include "adapters/json/message_json.h"

/* One delivery to the back office. */
struct office_delivery {
    uint64_t message_seq;
    uint32_t attempt; /* from 1; more: an earlier one may have got through, look first */
    bool
        was_accepted; /* before our store was put back: it is only to be noted (kind.h: has_book) */
    struct message_id id;
    json_t *message; /* message_json_for_office; the driver takes a reference of its own */
};

/* Views are valid during the call. */
typedef void office_answered(void *context, const struct office_answer *answer);

struct office;

struct office_verbs {
    void (*close)(struct office *office);
    /* REASON_BUSY: as many as may be are under way. */
    enum reason (*start)(struct office *office, const struct office_delivery *delivery);
    /* Readable when run has something to do; also when time has passed. */
    int (*fd)(const struct office *office);
    void (*run)(struct office *office, office_answered *answered, void *context);
    /* What of our own keeps it from working: REASON_NONE: nothing. ret_what: the file or the like;
     * lives as long as the office. NULL: it has nothing that could. */
    enum reason (*trouble)(const struct office *office, const char **ret_what);
    /* How many of its questions wait for a person; -1: it cannot say. NULL: it asks none. */
    int64_t (*questions)(const struct office *office);
    /* Before the first run: where the message's files can be fetched, and whether the adapter has
     * had messages before this start, so that what the office keeps must be there. NULL: neither is
     * of use. */
    void (*ready)(struct office *office, bool has_history, const struct message_links *links);
};

/* Implementations begin with this. */
struct office {
    const struct office_verbs *verbs;
    /* As it is now, for what was kept under an older one: set before each run, used in it alone. */
    const struct registry *registry;
};
