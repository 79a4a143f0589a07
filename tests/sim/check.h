/* check - a checker watches one promise. Each stands in a file of its own (check_*.c), holds state
 * of its own for one run, and says sim_violated when the promise is broken. NULL: does not look. */
#pragma once

#include "tests/sim/world.h"

/* A sealed document that leaves a node. */
struct seen_document {
    int from, to;
    const struct parcel *parcel;
    const struct envelope *envelope;
    struct digest digest;
    struct record *record; /* NULL: not an honest participant's business message */
};

struct checker {
    const char *name;
    size_t state_bytes; /* zeroed before a run */
    bool sees_lost;     /* also what is committed after a store was put back */
    /* The records are cleared, the stores are not; NULL: all of its state is zeroed. */
    void (*forget)(void *state);
    /* After that, of a world one of whose stores was put back: what the stores say is what it has
     * to go by. */
    void (*resume)(void *state, struct sim *sim);
    /* A commit is on the node's disk; the records do not know it yet. */
    void (*committed)(void *state, struct node *node, const struct store_plan *plan);
    /* A frame leaves; lost or not. */
    void (*sent)(void *state, struct sim *sim, int from, int to, const struct frame *frame);
    void (*document)(void *state, struct sim *sim, const struct seen_document *document);
    /* The office is called with a message; record NULL: a hostile one's. */
    void (*called)(void *state, struct node *node, const struct store_message *message,
                   struct record *record);
    void (*logged)(void *state, struct node *node, const struct log_line *line, struct bytes text);
    void (*stepped)(void *state, struct node *node);
    /* Everything should have come to its end. */
    void (*ended)(void *state, struct sim *sim);
};

extern const struct checker check_loss, check_speak, check_once, check_order, check_policy,
    check_outcome, check_ledger, check_digest, check_bounds, check_privacy, check_terminal,
    check_authority, check_files, check_rows, check_fair, check_past, check_purge, check_due;

void checkers_open(struct sim *sim);
void checkers_clear(struct sim *sim);
/* The records were cleared (decade.c). was_put_back: a store, and it was not looked at since. */
void checkers_forget(struct sim *sim, bool was_put_back);
void checkers_close(struct sim *sim);
void checkers_committed(struct node *node, const struct store_plan *plan);
void checkers_sent(struct sim *sim, int from, int to, struct bytes frame);
void checkers_called(struct node *node, const struct store_message *message, struct record *record);
void checkers_logged(struct node *node, const struct log_line *line, struct bytes text);
void checkers_stepped(struct node *node);
void checkers_ended(struct sim *sim);

/* For checkers: the document of a message in a plan; empty when it is not there. */
struct bytes plan_document(const struct store_plan *plan, const struct store_message *message,
                           const struct store_parcel **ret_parcel);
bool is_business(uint32_t type);
