/* What was received and is not taken yet, a queue for each peer; peers take turns by bytes
 * (deficit round robin), and a turn may be refused by who takes, without anybody else waiting
 * behind it (invariant 13).
 *
 * Queues that have something stand in a ring. Small frames are copied out of ZeroMQ's large
 * blocks, each of which would stay whole as long as one small frame of it is kept. */
#include "proto/link/inbox.h"

#include <stdlib.h>
#include <string.h>

struct inbox {
    struct key peer;
    struct inbox_entry *first, *last;
    size_t bytes;
    /* Of them, over each line: a participant may come over another before all is taken. */
    size_t carried[CARRIERS_MAX + 1];
    size_t left;               /* of this turn */
    bool has_turn;             /* its quantum was given */
    struct inbox *next, *prev; /* in the ring, while it has something */
};

static size_t cost_of(struct inbox_entry *entry)
{
    return zmq_msg_size(&entry->frame) + INBOX_ENTRY_BYTES;
}

struct inbox *inbox_new(const struct key *peer)
{
    struct inbox *inbox = calloc(1, sizeof *inbox);
    if (inbox != NULL)
        inbox->peer = *peer;
    return inbox;
}

size_t inbox_bytes(const struct inbox *inbox)
{
    return inbox->bytes;
}

const struct key *inbox_peer(const struct inbox *inbox)
{
    return &inbox->peer;
}

/* ---- the ring -------------------------------------------------------------------------------- */

/* Just before the one whose turn it is, which is the end of the row: a newcomer waits for one turn
 * of each other. */
static void ring_add(struct inboxes *inboxes, struct inbox *inbox)
{
    struct inbox *turn = inboxes->turn;
    inbox->next = turn != NULL ? turn : inbox;
    inbox->prev = turn != NULL ? turn->prev : inbox;
    inbox->next->prev = inbox;
    inbox->prev->next = inbox;
    inboxes->turn = turn != NULL ? turn : inbox;
    inboxes->ready_count++;
}

/* What was left of its turn is lost, as deficit round robin wants it: whoever has nothing to send
 * saves nothing up for a burst. */
static void ring_remove(struct inboxes *inboxes, struct inbox *inbox)
{
    bool is_alone = inbox->next == inbox;
    inbox->next->prev = inbox->prev;
    inbox->prev->next = inbox->next;
    if (inboxes->turn == inbox)
        inboxes->turn = is_alone ? NULL : inbox->next;
    inbox->next = inbox->prev = NULL;
    inbox->left = 0;
    inbox->has_turn = false;
    inboxes->ready_count--;
}

/* ---- entries --------------------------------------------------------------------------------- */

/* Entries are kept for the next message, since one is needed for each and they have one size. */
static struct inbox_entry *new_entry(struct inboxes *inboxes)
{
    struct inbox_entry *entry = inboxes->spares;
    if (entry == NULL)
        return malloc(sizeof *entry);
    inboxes->spares = entry->next;
    inboxes->spare_count--;
    return entry;
}

void inbox_give_back(struct inboxes *inboxes, struct inbox_entry *entry)
{
    if (entry == NULL)
        return;
    (void)zmq_msg_close(&entry->frame);
    if (inboxes->spare_count >= INBOX_SPARES_MAX) {
        free(entry);
        return;
    }
    entry->next = inboxes->spares;
    inboxes->spares = entry;
    inboxes->spare_count++;
}

static bool keep_frame(zmq_msg_t *ret_kept, zmq_msg_t *frame)
{
    size_t size = zmq_msg_size(frame);
    if (size > INBOX_COPIED_BYTES) {
        (void)zmq_msg_init(ret_kept);
        return zmq_msg_move(ret_kept, frame) == 0;
    }
    if (zmq_msg_init_size(ret_kept, size) != 0)
        return false;
    if (size > 0)
        memcpy(zmq_msg_data(ret_kept), zmq_msg_data(frame), size);
    return true;
}

/* Nothing is refused here for its size: the caller asks inbox_bytes afterwards and decides what
 * becomes of the sender. */
struct inbox_entry *inbox_put(struct inboxes *inboxes, struct inbox *inbox,
                              enum link_event_kind kind, uint64_t connection, bool is_first,
                              zmq_msg_t *frame)
{
    struct inbox_entry *entry = new_entry(inboxes);
    if (entry == NULL)
        return NULL;
    *entry = (struct inbox_entry){
        .kind = kind, .peer = inbox->peer, .connection = connection, .is_first = is_first};
    if (frame == NULL) {
        (void)zmq_msg_init(&entry->frame);
    } else if (!keep_frame(&entry->frame, frame)) {
        free(entry);
        return NULL;
    }
    size_t cost = cost_of(entry);
    if (inbox->first == NULL)
        ring_add(inboxes, inbox);
    else
        inbox->last->next = entry;
    if (inbox->first == NULL)
        inbox->first = entry;
    inbox->last = entry;
    inbox->bytes += cost;
    inboxes->bytes += cost;
    return entry;
}

void inbox_count_carried(struct inboxes *inboxes, struct inbox *inbox, struct inbox_entry *entry,
                         uint16_t line)
{
    entry->line = line;
    inbox->carried[line] += cost_of(entry);
    inboxes->carried[line] += cost_of(entry);
}

static struct inbox_entry *take_first(struct inboxes *inboxes, struct inbox *inbox)
{
    struct inbox_entry *entry = inbox->first;
    size_t cost = cost_of(entry);
    inbox->first = entry->next;
    inbox->bytes -= cost;
    inboxes->bytes -= cost;
    if (entry->line != 0) {
        inbox->carried[entry->line] -= cost;
        inboxes->carried[entry->line] -= cost;
    }
    if (inbox->first == NULL)
        ring_remove(inboxes, inbox);
    return entry;
}

void inbox_clear(struct inboxes *inboxes, struct inbox *inbox)
{
    while (inbox->first != NULL)
        inbox_give_back(inboxes, take_first(inboxes, inbox));
}

void inbox_drop(struct inboxes *inboxes, struct inbox **inbox)
{
    if (*inbox == NULL)
        return;
    inbox_clear(inboxes, *inbox);
    free(*inbox);
    *inbox = NULL;
}

/* When all memory is used, the one that uses most of it pays. A scan of those that have something,
 * at a bound that honest participants do not meet. What somebody came over last says nothing of
 * what else waits of him. */
struct inbox *inboxes_fullest(const struct inboxes *inboxes, uint16_t line)
{
    struct inbox *fullest = NULL;
    size_t most = 0;
    struct inbox *inbox = inboxes->turn;
    for (size_t i = 0; i < inboxes->ready_count; i++, inbox = inbox->next) {
        size_t bytes = line == 0 ? inbox->bytes : inbox->carried[line];
        if (bytes <= most)
            continue;
        fullest = inbox;
        most = bytes;
    }
    return fullest;
}

/* ---- turns ----------------------------------------------------------------------------------- */

/* A frame that is larger than what is left waits for the next turns, whose quanta add up: the
 * largest one needs FRAME_BYTES_MAX / INBOX_TURN_BYTES of them, and meanwhile everybody else has as
 * many. */
static bool may_take(struct inbox *inbox)
{
    size_t cost = cost_of(inbox->first);
    if (!inbox->has_turn)
        inbox->left += INBOX_TURN_BYTES;
    inbox->has_turn = true;
    if (cost < INBOX_TURN_BYTES)
        cost = INBOX_TURN_BYTES;
    if (cost > inbox->left)
        return false;
    inbox->left -= cost;
    return true;
}

/* Events other than frames are always taken: they are few, and say that somebody is there or gone.
 */
static bool is_wanted(const struct inbox_gate *gate, struct inbox *inbox)
{
    struct inbox_entry *first = inbox->first;
    return gate->wants == NULL || first->kind != LINK_FRAME ||
           gate->wants(gate->context, &inbox->peer, zmq_msg_size(&first->frame));
}

/* Ends when everybody in the ring was refused in a row; one who only lacks bytes for his turn
 * resets the count, because his next turn brings more. Of one who is held and has gone, all but the
 * news of it is dropped: his sender has it still. */
struct inbox_entry *inboxes_take(struct inboxes *inboxes, const struct inbox_gate *gate)
{
    size_t held = 0; /* in a row */
    while (inboxes->turn != NULL && held < inboxes->ready_count) {
        struct inbox *inbox = inboxes->turn;
        bool may = is_wanted(gate, inbox);
        if (!may && inbox->last->kind == LINK_PEER_GONE) {
            while (inbox->first != inbox->last)
                inbox_give_back(inboxes, take_first(inboxes, inbox));
            may = true;
        }
        if (may && may_take(inbox))
            return take_first(inboxes, inbox);
        held = may ? 0 : held + 1;
        inbox->has_turn = false;
        inboxes->turn = inbox->next;
    }
    return NULL;
}

void inboxes_release(struct inboxes *inboxes)
{
    while (inboxes->spares != NULL) {
        struct inbox_entry *entry = inboxes->spares;
        inboxes->spares = entry->next;
        free(entry);
    }
    *inboxes = (struct inboxes){0};
}
