/* Decides what leaves, when, and what becomes of it: leases, answers, ends of leases, and when to
 * wake up. The pool of flights: flights.c; destinations: destinations.c; the breaker: window.c;
 * what a failure means: failure.c. Pure: time and random numbers come in, and each changed entry
 * goes out to the caller, who has to commit it before anything is said (invariant 1). */
#include "routing/outbox/outbox_parts.h"

#include <string.h>

#include "proto/base/check.h"
#include "routing/outbox/backoff.h"
#include "routing/outbox/failure.h"

/* A power of two, for a mask; at least as many as flights, so that a bucket has about one. */
static uint32_t buckets_for(uint32_t flights_max)
{
    uint32_t buckets = 64;
    while (buckets < flights_max)
        buckets *= 2;
    return buckets;
}

/* All memory is taken at the start: an outbox never grows, whatever arrives (invariant 8). */
size_t outbox_memory_bytes(const struct outbox_options *options)
{
    enum { ALIGNMENT_SLACK = 256 };
    return sizeof(struct outbox) + options->destinations_max * sizeof(struct destination) +
           options->flights_max * sizeof(struct flight) +
           2 * (size_t)buckets_for(options->flights_max) * sizeof(uint32_t) +
           (size_t)buckets_for(options->destinations_max) * sizeof(uint32_t) + ALIGNMENT_SLACK;
}

struct outbox *outbox_new(const struct outbox_options *options, struct arena *memory)
{
    uint32_t buckets = buckets_for(options->flights_max);
    uint32_t key_buckets = buckets_for(options->destinations_max);
    struct outbox *outbox = arena_take(memory, sizeof *outbox);
    check(outbox != NULL);
    *outbox = (struct outbox){
        .destinations = arena_take(memory, options->destinations_max * sizeof(struct destination)),
        .destinations_max = options->destinations_max,
        .flights = arena_take(memory, options->flights_max * sizeof(struct flight)),
        .flights_max = options->flights_max,
        .id_buckets = arena_take(memory, buckets * sizeof(uint32_t)),
        .order_buckets = arena_take(memory, buckets * sizeof(uint32_t)),
        .bucket_mask = buckets - 1,
        .seed = options->seed,
        .key_buckets = arena_take(memory, key_buckets * sizeof(uint32_t)),
        .key_mask = key_buckets - 1,
        .lease_ms = options->lease_ms != 0 ? options->lease_ms : (uint32_t)OUTBOX_LEASE_DEFAULT_MS,
    };
    check(outbox->destinations != NULL && outbox->flights != NULL);
    check(outbox->id_buckets != NULL && outbox->order_buckets != NULL);
    check(outbox->key_buckets != NULL);
    memset(outbox->key_buckets, 0xff, key_buckets * sizeof(uint32_t));
    outbox_forget_flights(outbox);
    return outbox;
}

/* After a commit of unknown outcome what stands here may be wrong, and the store is right. Backlogs
 * are 0 until the caller has read them again. */
void outbox_clear(struct outbox *outbox)
{
    outbox_forget_flights(outbox);
    for (uint32_t i = 0; i < outbox->destination_count; i++) {
        struct destination *to = &outbox->destinations[i];
        *to = (struct destination){.key = to->key,
                                   .next_same_key = to->next_same_key,
                                   .first_sent = NONE,
                                   .lease_ms = to->lease_ms,
                                   .window_bytes = to->window_bytes,
                                   .look_again = true};
        window_init(&outbox->destinations[i].window, 0);
    }
    outbox->closing_count = 0;
}

/* ---- leasing ---- */

/* How many more flights the destination may have: as long as it has fewer than are free. One slow
 * agency so takes half of the pool at most, n of them leave one part of n + 1 to the others
 * (dynamic thresholds: Choudhury and Hahne, 1998), and nobody's share is set by hand. */
static uint32_t flight_room(const struct outbox *outbox, const struct destination *to)
{
    uint32_t free_flights = outbox->flights_max - outbox->flight_count;
    return free_flights > to->flight_count ? (free_flights - to->flight_count + 1) / 2 : 0;
}

/* One message may always be under way, or one that is larger than the window never would be. */
static bool bytes_fit(const struct destination *to, uint32_t size_bytes)
{
    return to->window_bytes == 0 || to->bytes_under_way == 0 ||
           to->bytes_under_way + size_bytes <= to->window_bytes;
}

/* Room can only come from what is under way: for the message that found none, or for any. */
static bool is_full_of_bytes(const struct destination *to)
{
    return !bytes_fit(to, to->bytes_wanted > 0 ? to->bytes_wanted : 1);
}

/* The order class comes last, since it is the dearest look. One message of a dossier is under way
 * at a time, which is what keeps them in order (invariant 6). */
static bool may_leave(struct outbox *outbox, uint32_t destination, const struct entry *entry,
                      mono_t now)
{
    struct destination *to = destination_at(outbox, destination);
    if (!bytes_fit(to, entry->size_bytes)) {
        to->bytes_wanted = entry->size_bytes;
        return false;
    }
    return to->state == DESTINATION_OPEN && flight_room(outbox, to) > 0 &&
           window_room(&to->window, now) > 0 &&
           !outbox_order_is_under_way(outbox, destination, entry->order);
}

/* The entry's due is on the wall clock and goes to the store, for whoever restarts; the flight's
 * deadline is monotonic, so that a clock that is set ends no lease early. */
static void start_flight(struct outbox *outbox, uint32_t destination, struct entry *entry,
                         const struct key *sender, const struct message_id *id,
                         const struct digest *digest, mono_t now, wall_t wall)
{
    entry_move(entry, ENTRY_LEASED);
    entry->attempts++;
    uint32_t lease_ms = destination_at(outbox, destination)->lease_ms;
    entry->due = (wall_t){wall.ms + lease_ms};
    struct flight *flight = outbox_flight_add(outbox, destination, entry, sender, id, digest);
    flight->deadline = (mono_t){now.ms + lease_ms};
    outbox_list_insert(outbox, flight);
    struct destination *to = destination_at(outbox, destination);
    window_left(&to->window);
    to->bytes_under_way += entry->size_bytes;
    to->bytes_wanted = 0;
}

bool outbox_admit(struct outbox *outbox, uint32_t destination, struct entry *entry,
                  const struct key *sender, const struct message_id *id,
                  const struct digest *digest, mono_t now, wall_t wall)
{
    check(entry->state == ENTRY_QUEUED && entry->attempts == 0);
    struct destination *to = destination_at(outbox, destination);
    /* Behind a backlog even a free order class waits its turn: the store knows what is ahead. */
    if (to->backlog > 0 || !may_leave(outbox, destination, entry, now)) {
        to->backlog++;
        to->look_again = true;
        return false;
    }
    start_flight(outbox, destination, entry, sender, id, digest, now, wall);
    return true;
}

/* The earliest due of what is in the store, as far as it is known: no wait is longer than the cap
 * of the backoff, so what lies further ahead was written before the clock was set back, and is due.
 */
static bool is_stranded(const struct destination *to, wall_t wall)
{
    return to->next_due.ms > wall.ms + BACKOFF_CAP_MS;
}

size_t outbox_wanted(struct outbox *outbox, uint32_t destination, mono_t now, wall_t wall,
                     wall_t *ret_until)
{
    struct destination *to = destination_at(outbox, destination);
    bool may_be_due = to->look_again || is_stranded(to, wall) ||
                      (to->next_due.ms != 0 && to->next_due.ms <= wall.ms);
    if (to->state != DESTINATION_OPEN || to->backlog == 0 || !may_be_due || is_full_of_bytes(to))
        return 0;
    *ret_until = is_stranded(to, wall) ? to->next_due : wall;
    uint32_t room = window_room(&to->window, now);
    uint32_t flights = flight_room(outbox, to);
    size_t wanted = room < flights ? room : flights;
    if (wanted > 0 && window_is_careful(&to->window))
        return OUTBOX_FETCH_MAX;
    return wanted < OUTBOX_FETCH_MAX ? wanted : OUTBOX_FETCH_MAX;
}

bool outbox_has_room(struct outbox *outbox, uint32_t destination, mono_t now)
{
    struct destination *to = destination_at(outbox, destination);
    return to->state == DESTINATION_OPEN && flight_room(outbox, to) > 0 &&
           window_room(&to->window, now) > 0 && !is_full_of_bytes(to);
}

/* What failed and may be at fault itself goes behind what did not: how often it did. */
static uint32_t suspicion(const struct entry *entry)
{
    enum failure_blame blame = failure_blame(entry->reason);
    bool is_suspect = blame == FAILURE_BLAMES_EITHER || blame == FAILURE_BLAMES_MESSAGE;
    return is_suspect ? entry->attempts : 0;
}

/* Only while the destination is suspect: the probe shall be a message that has not failed yet, so
 * that one poisoned message does not keep a sound office shut (invariant 13). An insertion sort
 * keeps the order of those that are alike, and has OUTBOX_FETCH_MAX entries at most. */
void outbox_sort(const struct outbox *outbox, uint32_t destination, struct entry *entries,
                 size_t count)
{
    if (!window_is_careful(&destination_at(outbox, destination)->window))
        return;
    for (size_t i = 1; i < count; i++) {
        struct entry moved = entries[i];
        size_t at = i;
        for (; at > 0 && suspicion(&entries[at - 1]) > suspicion(&moved); at--)
            entries[at] = entries[at - 1];
        entries[at] = moved;
    }
}

/* False leaves the entry in the store as it is, and the backlog counts it still. */
bool outbox_lease(struct outbox *outbox, uint32_t destination, struct entry *entry,
                  const struct key *sender, const struct message_id *id,
                  const struct digest *digest, mono_t now, wall_t wall)
{
    if (!may_leave(outbox, destination, entry, now))
        return false;
    struct destination *to = destination_at(outbox, destination);
    check(to->backlog > 0);
    to->backlog--;
    start_flight(outbox, destination, entry, sender, id, digest, now, wall);
    return true;
}

/* ---- answers ---- */

/* From here on the adapter has it: it no longer counts against the window, whose measure is the
 * link, and waits for its receipt with the longer deadline. */
void outbox_taken(struct outbox *outbox, struct flight *flight, mono_t now)
{
    struct destination *to = destination_at(outbox, flight->destination);
    if (!flight->is_taken) {
        window_succeeded(&to->window);
        to->bytes_under_way -= flight->entry.size_bytes;
    }
    outbox_list_remove(outbox, flight);
    flight->is_taken = true;
    flight->entry.reason = REASON_NONE; /* what kept it here is over */
    flight->deadline = (mono_t){now.ms + OUTBOX_TAKEN_MS};
    outbox_list_insert(outbox, flight);
    /* The window opened: older entries may have their turn. */
    to->look_again = true;
}

/* While it waits for its receipt: what the other side says keeps it, for people only. */
void outbox_explain(struct flight *flight, enum reason reason, wall_t since)
{
    flight->entry.reason = reason;
    flight->entry.since = since;
}

/* It never left, for the link had no room: its lease ends with the next tick, and progress of its
 * destination does not prolong it (goes_on). */
void outbox_unsent(struct outbox *outbox, struct flight *flight, mono_t now)
{
    if (flight->is_taken)
        return;
    outbox_list_remove(outbox, flight);
    flight->deadline = now;
    flight->is_unsent = true;
    outbox_list_prepend(outbox, flight);
}

/* Costs nothing here, because a peer may say it as often as it likes: outbox_tick looks at it. */
void outbox_progress(struct outbox *outbox, uint32_t destination, mono_t now)
{
    destination_at(outbox, destination)->progress = now;
}

/* What an answer tells about the destination: see routing/outbox/failure.h. */
static void judge(struct window *window, const struct flight *flight, enum reason reason,
                  mono_t now)
{
    bool is_news = failure_blame(flight->entry.reason) != FAILURE_BLAMES_EITHER;
    switch (failure_blame(reason)) {
    case FAILURE_BLAMES_DESTINATION:
    case FAILURE_BLAMES_US:
        window_failed(window, reason, now);
        break;
    case FAILURE_BLAMES_EITHER:
        window_doubted(window, reason, is_news, now);
        break;
    default: /* who judges a message is there */
        window_succeeded(window);
        break;
    }
}

enum verdict { VERDICT_NONE, VERDICT_REASON };

/* The flight is over; its entry as it was. reason: NONE is success. */
static struct entry flight_over(struct outbox *outbox, struct flight *flight, enum verdict verdict,
                                enum reason reason, mono_t now)
{
    struct destination *to = destination_at(outbox, flight->destination);
    struct entry entry = flight->entry;
    if (!flight->is_taken) {
        to->bytes_under_way -= flight->entry.size_bytes;
        if (verdict == VERDICT_REASON)
            judge(&to->window, flight, reason, now);
        else
            window_returned(&to->window);
    }
    to->look_again = true;
    outbox_flight_remove(outbox, flight);
    return entry;
}

static void defer(struct outbox *outbox, uint32_t destination, struct entry *entry,
                  uint32_t delay_ms, wall_t wall)
{
    entry_move(entry, ENTRY_DEFERRED);
    entry->due = (wall_t){wall.ms + delay_ms};
    destination_at(outbox, destination)->backlog++;
}

void outbox_fail(struct outbox *outbox, struct flight *flight, enum reason reason,
                 enum failure_ground ground, uint32_t random, uint32_t at_least_ms, mono_t now,
                 wall_t wall, struct entry *ret_entry)
{
    uint32_t destination = flight->destination;
    enum failure_action action = failure_decide(reason, ground, flight->entry.attempts);
    struct entry entry = flight_over(outbox, flight, VERDICT_REASON, reason, now);
    /* That we were busy says nothing of the other side: what kept the message before still does. */
    if (reason != REASON_BUSY || ground != FAILURE_OURS || entry.reason == REASON_NONE)
        entry_explain(&entry, reason, wall);
    if (action == FAILURE_REFUSE) {
        entry_move(&entry, ENTRY_REFUSED);
    } else if (action == FAILURE_HOLD) {
        entry_move(&entry, ENTRY_HELD);
        destination_at(outbox, destination)->backlog++;
    } else {
        bool at_once = action == FAILURE_LOGIN || action == FAILURE_LOOKUP;
        defer(outbox, destination, &entry,
              at_once ? 0 : backoff_delay_ms(entry.attempts, random, at_least_ms), wall);
    }
    *ret_entry = entry;
}

/* What another side gave as a reason, without a signature. */
static enum reason said(enum reason reason)
{
    return reason != REASON_NONE && reason_is_known((uint32_t)reason) ? reason : REASON_BUSY;
}

/* "Not now" is not signed, so it can never end a message; how long it may be asked for is bounded
 * (OUTBOX_PUT_OFF_MAX_MS), or a peer could delay others' dossiers without an end. */
void outbox_put_off(struct outbox *outbox, struct flight *flight, enum reason reason,
                    uint32_t random, uint32_t at_least_ms, mono_t now, wall_t wall,
                    struct entry *ret_entry)
{
    uint32_t destination = flight->destination;
    enum reason why = said(reason);
    struct entry entry = flight_over(outbox, flight, VERDICT_REASON, why, now);
    entry_explain(&entry, why, wall);
    uint32_t asked_ms =
        at_least_ms < OUTBOX_PUT_OFF_MAX_MS ? at_least_ms : (uint32_t)OUTBOX_PUT_OFF_MAX_MS;
    defer(outbox, destination, &entry, backoff_delay_ms(entry.attempts, random, asked_ms), wall);
    *ret_entry = entry;
}

/* Whoever calls has the ground for it: a signed receipt, an operator's hold, or, of a receipt
 * itself, that it was taken. Also a refusal is a good sign for the window: somebody is there and
 * judges. */
void outbox_end(struct outbox *outbox, struct flight *flight, enum entry_state state,
                enum reason reason, uint64_t receipt_seq, struct entry *ret_entry)
{
    check(entry_state_is_terminal(state) || state == ENTRY_HELD);
    uint32_t destination = flight->destination;
    struct entry entry = flight_over(outbox, flight, VERDICT_REASON, REASON_NONE, (mono_t){0});
    entry_move(&entry, state);
    if (state == ENTRY_HELD)
        destination_at(outbox, destination)->backlog++;
    entry.reason = reason;
    entry.receipt_seq = receipt_seq;
    *ret_entry = entry;
}

static void back_to_queue(struct outbox *outbox, struct flight *flight, enum verdict verdict,
                          enum reason reason, mono_t now, wall_t since, wall_t due,
                          outbox_change *change, void *context)
{
    struct destination *to = destination_at(outbox, flight->destination);
    struct entry entry = flight_over(outbox, flight, verdict, reason, now);
    entry_move(&entry, ENTRY_QUEUED);
    entry.due = due;
    entry_explain(&entry, reason, since);
    to->backlog++;
    change(context, &entry);
}

/* Marks only. Flights are given back by outbox_return, a bounded number in each step, for a
 * connection may have thousands of them and one step has to fit into one commit. */
void outbox_close(struct outbox *outbox, uint32_t destination, enum reason reason, wall_t wall,
                  wall_t due)
{
    struct destination *to = destination_at(outbox, destination);
    if (to->state != DESTINATION_CLOSING)
        outbox->closing_count++;
    to->state = DESTINATION_CLOSING;
    to->returned_due = due;
    to->returned_reason = said(reason);
    to->returned_since = wall;
}

bool outbox_return(struct outbox *outbox, size_t limit, outbox_change *change, void *context)
{
    for (uint32_t i = 0; outbox->closing_count > 0 && i < outbox->destination_count; i++) {
        struct destination *to = &outbox->destinations[i];
        if (to->state != DESTINATION_CLOSING)
            continue;
        for (; to->first_sent != NONE && limit > 0; limit--)
            back_to_queue(outbox, &outbox->flights[to->first_sent], VERDICT_NONE,
                          to->returned_reason, (mono_t){0}, to->returned_since, to->returned_due,
                          change, context);
        if (to->first_sent != NONE)
            return true;
        to->state = DESTINATION_CLOSED;
        outbox->closing_count--;
    }
    return false;
}

/* True: its destination worked on what it was sent since, so that the lease goes on. */
static bool goes_on(struct outbox *outbox, struct flight *flight, mono_t now)
{
    const struct destination *to = destination_at(outbox, flight->destination);
    mono_t deadline = {to->progress.ms + to->lease_ms};
    if (flight->is_taken || flight->is_unsent || deadline.ms <= now.ms)
        return false;
    outbox_list_remove(outbox, flight);
    flight->deadline = deadline;
    outbox_list_insert(outbox, flight);
    return true;
}

/* Each list has its share of the tick, so that the one cannot starve the other; what is left comes
 * with the next tick. */
void outbox_tick(struct outbox *outbox, mono_t now, wall_t wall, outbox_change *change,
                 void *context)
{
    for (int name = 0; name < LISTS; name++) {
        for (int done = 0; done < OUTBOX_TICK_MAX / LISTS; done++) {
            uint32_t first = outbox->lists[name].first;
            if (first == NONE || outbox->flights[first].deadline.ms > now.ms)
                break;
            if (!goes_on(outbox, &outbox->flights[first], now))
                back_to_queue(outbox, &outbox->flights[first], VERDICT_REASON, REASON_LEASE_EXPIRED,
                              now, wall, wall, change, context);
        }
    }
}

/* When something may leave for the destination; INT64_MAX: not before something else happens. */
static int64_t next_departure(const struct outbox *outbox, const struct destination *to, mono_t now,
                              wall_t wall)
{
    const struct window *window = &to->window;
    int64_t at = INT64_MAX;
    if (to->state != DESTINATION_OPEN || to->backlog == 0 || flight_room(outbox, to) == 0 ||
        is_full_of_bytes(to))
        return INT64_MAX; /* an answer or the end of a lease makes room */
    if (to->look_again || is_stranded(to, wall))
        at = now.ms;
    else if (to->next_due.ms != 0)
        at = now.ms + (to->next_due.ms > wall.ms ? to->next_due.ms - wall.ms : 0);
    if (window->state == WINDOW_OPEN)
        return at > window->reopen_at.ms ? at : window->reopen_at.ms;
    return window_is_full(window) ? INT64_MAX : at;
}

mono_t outbox_deadline(const struct outbox *outbox, mono_t now, wall_t wall)
{
    int64_t earliest = INT64_MAX;
    for (uint32_t i = 0; i < outbox->destination_count; i++) {
        int64_t at = next_departure(outbox, &outbox->destinations[i], now, wall);
        if (at < earliest)
            earliest = at;
    }
    return (mono_t){earliest};
}
