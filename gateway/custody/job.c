/* Jobs: planned, started and stopped by an operator, and carried a page further in each step. What
 * they are kept as: job_note.c. */
#include "gateway/custody/job_parts.h"

#include <string.h>

/* ---- names ---- */

static const char *const operation_names[JOB_OPERATIONS] = {
    [JOB_HOLD] = "hold",     [JOB_RELEASE] = "release",  [JOB_WITHDRAW] = "withdraw",
    [JOB_EXPIRE] = "expire", [JOB_SEND_AGAIN] = "again", [JOB_REDIRECT] = "redirect",
    [JOB_PURGE] = "purge",
};

const char *job_operation_name(enum job_operation operation)
{
    return operation_names[operation];
}

bool job_operation_parse(struct bytes name, enum job_operation *ret_operation)
{
    for (int i = 1; i < JOB_OPERATIONS; i++) {
        if (!bytes_equal(name, bytes_of_text(operation_names[i])))
            continue;
        *ret_operation = (enum job_operation)i;
        return true;
    }
    return false;
}

const char *job_state_name(enum job_state state)
{
    static const char *const names[JOB_STATES] = {
        [JOB_COUNTING] = "counting", [JOB_COUNTED] = "counted", [JOB_RUNNING] = "running",
        [JOB_DONE] = "done",         [JOB_STOPPED] = "stopped",
    };
    return names[state];
}

/* ---- life cycle ---- */

size_t jobs_memory_bytes(void)
{
    return sizeof(struct jobs) + 16; /* arena_take aligns */
}

struct jobs *jobs_new(struct step *step, const struct job_hand *hand, struct arena *memory)
{
    struct jobs *jobs = arena_take(memory, sizeof *jobs);
    check(jobs != NULL);
    *jobs = (struct jobs){.step = step, .hand = *hand};
    return jobs;
}

static bool is_unfinished(const struct job *job)
{
    return job->state >= JOB_COUNTING && job->state <= JOB_RUNNING;
}

bool jobs_at(const struct jobs *jobs, size_t index, struct job *ret_job)
{
    uint64_t last = 0;
    for (size_t i = 0; i < JOBS_MAX; i++)
        last = jobs->rows[i].number > last ? jobs->rows[i].number : last;
    for (uint64_t number = last; number > 0 && number + JOBS_MAX > last; number--) {
        if (jobs->rows[number % JOBS_MAX].number != number || index-- > 0)
            continue;
        *ret_job = jobs->rows[number % JOBS_MAX];
        return true;
    }
    return false;
}

enum reason jobs_find(const struct jobs *jobs, uint64_t number, struct job *ret_job)
{
    const struct job *job = &jobs->rows[number % JOBS_MAX];
    if (number == 0 || job->number != number)
        return REASON_NOT_FOUND;
    *ret_job = *job;
    return REASON_NONE;
}

uint32_t jobs_judge(const struct jobs *jobs, uint64_t message_seq)
{
    uint32_t parts = 0;
    return jobs->hand.judge(jobs->hand.core, message_seq, &parts) == REASON_NONE ? parts : 0;
}

/* ---- an operator ---- */

static bool is_possible(const struct jobs *jobs, const struct job_order *order)
{
    bool is_ended = order->set.state != 0 && entry_state_is_terminal(order->set.state);
    bool is_known = (jobs->hand.operations & (1U << order->operation)) != 0;
    return is_known && is_ended == (order->operation == JOB_SEND_AGAIN) &&
           key_is_none(&order->to) == (order->operation != JOB_REDIRECT) &&
           (order->operation != JOB_PURGE ||
            (order->set.state == 0 && order->set.reason == REASON_NONE &&
             key_is_none(&order->set.destination))) &&
           order->set.state != ENTRY_DELIVERED && order->why.size > 0 &&
           order->why.size <= JOB_WHY_BYTES_MAX;
}

/* Where the purge before this one found that there were more than a job takes: what is before that
 * has gone, or is kept, and need not be looked at for each of many jobs. */
static uint64_t begin_of_purge(const struct jobs *jobs)
{
    const struct job *last = NULL;
    for (size_t i = 0; i < JOBS_MAX; i++) {
        const struct job *row = &jobs->rows[i];
        if (row->operation == JOB_PURGE && row->state == JOB_DONE &&
            (last == NULL || row->number > last->number))
            last = row;
    }
    return last != NULL && last->has_more ? last->after_seq : 0;
}

enum reason jobs_plan(struct jobs *jobs, const struct job_order *order, struct job *ret_job)
{
    struct step *step = jobs->step;
    struct job last = {0};
    (void)jobs_at(jobs, 0, &last);
    struct job *job = &jobs->rows[(last.number + 1) % JOBS_MAX];
    if (step->store_state != REASON_NONE)
        return step->store_state;
    if (!is_possible(jobs, order))
        return REASON_FIELD_INVALID;
    bool is_forgotten =
        job->state == JOB_COUNTED && step->wall.ms - job->counted.ms > JOB_FORGOTTEN_MS;
    if ((is_unfinished(job) && !is_forgotten) || !step_fits(step, &room_job))
        return REASON_BUSY;
    *job = (struct job){.number = last.number + 1,
                        .operation = order->operation,
                        .state = JOB_COUNTING,
                        .set = order->set,
                        .to = order->to,
                        .planned = step->wall,
                        .until_seq = step->plan.base.next_message_seq - 1,
                        .after_seq = order->operation == JOB_PURGE ? begin_of_purge(jobs) : 0};
    memcpy(job->why, order->why.data, order->why.size);
    job_note(jobs, job);
    step->more_to_do = true;
    *ret_job = *job;
    return REASON_NONE;
}

/* Finds it, while the step can write it down. */
static enum reason find_to_change(struct jobs *jobs, uint64_t number, struct job **ret_job)
{
    struct step *step = jobs->step;
    struct job *job = &jobs->rows[number % JOBS_MAX];
    if (step->store_state != REASON_NONE)
        return step->store_state;
    if (number == 0 || job->number != number)
        return REASON_NOT_FOUND;
    if (!step_fits(step, &room_job))
        return REASON_BUSY;
    *ret_job = job;
    return REASON_NONE;
}

static void end_job(struct jobs *jobs, struct job *job, enum job_state state)
{
    job->state = state;
    job->ended = jobs->step->wall;
    jobs->hand.record(jobs->hand.core, job);
}

/* By the program itself: who asked for it reads why. */
static void stop_job(struct jobs *jobs, struct job *job, enum reason reason)
{
    job->reason = reason;
    end_job(jobs, job, JOB_STOPPED);
}

/* The count that he was shown and says again is his word that he has seen what he does; whoever
 * lost the answer may say it again. */
enum reason jobs_start(struct jobs *jobs, uint64_t number, uint64_t count,
                       const struct digest *archived, struct job *ret_job)
{
    struct job *job;
    enum reason reason = find_to_change(jobs, number, &job);
    if (reason != REASON_NONE)
        return reason;
    if (job->state == JOB_COUNTING || job->state == JOB_STOPPED)
        return job->state == JOB_COUNTING ? REASON_BUSY : REASON_HAS_ENDED;
    if (job->count != count ||
        (job->operation == JOB_PURGE && !digest_equal(&job->digest, archived)))
        return REASON_SET_CHANGED;
    if (job->state == JOB_COUNTED) {
        job->state = JOB_RUNNING;
        job->started = jobs->step->wall;
        jobs->hand.record(jobs->hand.core, job);
        job_note(jobs, job);
        jobs->step->more_to_do = true;
    }
    *ret_job = *job;
    return REASON_NONE;
}

enum reason jobs_stop(struct jobs *jobs, uint64_t number, struct job *ret_job)
{
    struct job *job;
    enum reason reason = find_to_change(jobs, number, &job);
    if (reason != REASON_NONE)
        return reason;
    if (job->state == JOB_DONE)
        return REASON_HAS_ENDED;
    if (job->state != JOB_STOPPED) {
        end_job(jobs, job, JOB_STOPPED);
        job_note(jobs, job);
    }
    *ret_job = *job;
    return REASON_NONE;
}

/* ---- which entries ---- */

/* As it stands now, this step's moves included. False: it is not, or no longer, of the set. */
static bool is_of_set(struct jobs *jobs, const struct job *job, struct entry *entry,
                      wall_t *ret_taken)
{
    const struct job_set *set = &job->set;
    struct store *store = jobs->step->store;
    struct store_message message;
    plan_apply_moves(&jobs->step->plan, entry);
    bool has_state =
        set->state != 0 ? entry->state == set->state : entry_state_is_live(entry->state);
    /* An entry that is on its way is the same one when it waits again. */
    has_state = has_state || (set->state != 0 && entry_state_is_live(set->state) &&
                              entry->state == ENTRY_LEASED);
    if (job->operation == JOB_SEND_AGAIN &&
        (entry->is_receipt || key_equal(&entry->destination, &jobs->hand.inbound)))
        return false;
    if (!has_state || (set->reason != REASON_NONE && entry->reason != set->reason))
        return false;
    *ret_taken = (wall_t){0};
    if (set->taken_after.ms == 0 && set->taken_before.ms == 0)
        return true;
    if (store->verbs->read_message(store, entry->message_seq, &message) != REASON_NONE)
        return false;
    *ret_taken = message.custody;
    return message.custody.ms >= set->taken_after.ms &&
           (set->taken_before.ms == 0 || message.custody.ms < set->taken_before.ms);
}

/* ---- counting ---- */

/* It is the set's next. */
static void add_member(struct jobs *jobs, struct job *job, const struct entry *entry, wall_t taken)
{
    jobs->members[job->count++ % JOB_PAGE_MAX] =
        (struct job_member){.message_seq = entry->message_seq, .destination = entry->destination};
    if (taken.ms != 0 && (job->oldest.ms == 0 || taken.ms < job->oldest.ms))
        job->oldest = taken;
}

static enum reason count_entry(struct jobs *jobs, struct job *job, struct entry *entry)
{
    wall_t taken;
    enum entry_state wanted = job->set.state;
    if ((wanted == 0 || entry->state == wanted) && is_of_set(jobs, job, entry, &taken))
        add_member(jobs, job, entry, taken);
    return REASON_NONE;
}

/* Of a purge the entry is none: a message. */
static enum reason count_message(struct jobs *jobs, struct job *job, struct entry *entry)
{
    struct store *store = jobs->step->store;
    struct store_message message;
    uint32_t parts = 0;
    enum reason reason = jobs->hand.judge(jobs->hand.core, entry->message_seq, &parts);
    if (reason != REASON_NONE || parts == 0)
        return reason;
    reason = store->verbs->read_message(store, entry->message_seq, &message);
    if (reason != REASON_NONE || message.custody.ms < job->set.taken_after.ms ||
        (job->set.taken_before.ms != 0 && message.custody.ms >= job->set.taken_before.ms))
        return reason;
    job_add_digest(jobs->hand.hash, &job->digest, &message.digest);
    add_member(jobs, job, entry, message.custody);
    return REASON_NONE;
}

/* The next that may be of the set; fewer than limit: there are no more. */
static enum reason list_some(struct jobs *jobs, const struct job *job, struct entry *entries,
                             size_t limit, size_t *count)
{
    struct store *store = jobs->step->store;
    const struct store_filter filter = {.destination = job->set.destination,
                                        .state = job->set.state,
                                        .after_seq = job->after_seq,
                                        .after_destination = job->after_destination};
    if (job->operation != JOB_PURGE)
        return store->verbs->list(store, &filter, entries, limit, count);
    uint64_t seq = job->after_seq;
    enum reason reason = REASON_NONE;
    for (*count = 0; *count < limit && seq < job->until_seq && reason == REASON_NONE;) {
        reason = store->verbs->next_message(store, seq, &seq);
        if (reason == REASON_NONE && seq <= job->until_seq)
            entries[(*count)++] = (struct entry){.message_seq = seq};
    }
    return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
}

/* A list's page is also a page of the set at most: what is left of one is filled up first. The
 * place in the list is written with a page that is full; a restart counts again from there. */
static enum reason count_some(struct jobs *jobs, struct job *job)
{
    struct entry entries[JOB_PAGE_MAX];
    size_t count = 0;
    size_t limit = JOB_PAGE_MAX - job->count % JOB_PAGE_MAX;
    enum reason reason = list_some(jobs, job, entries, limit, &count);
    bool is_end = count < limit;
    uint64_t before = job->count;
    for (size_t i = 0; i < count && !is_end; i++)
        is_end = entries[i].message_seq > job->until_seq;
    for (size_t i = 0;
         reason == REASON_NONE && i < count && entries[i].message_seq <= job->until_seq; i++) {
        job->after_seq = entries[i].message_seq;
        job->after_destination = entries[i].destination;
        job->looked++;
        reason = job->operation == JOB_PURGE ? count_message(jobs, job, &entries[i])
                                             : count_entry(jobs, job, &entries[i]);
    }
    if (reason != REASON_NONE)
        return reason;
    job->has_more = !is_end && job->count == JOB_ENTRIES_MAX;
    is_end = is_end || job->has_more;
    bool is_full = job->count > before && job->count % JOB_PAGE_MAX == 0;
    if (is_full || (is_end && job->count % JOB_PAGE_MAX != 0))
        job_note_page(jobs, job, (job->count - 1) / JOB_PAGE_MAX,
                      1 + (size_t)((job->count - 1) % JOB_PAGE_MAX));
    if (is_end) {
        job->state = JOB_COUNTED;
        job->counted = jobs->step->wall;
    }
    if (is_end || is_full)
        job_note(jobs, job);
    return REASON_NONE;
}

/* ---- running ---- */

/* Of the set, as it stands now. What is done with it: by the core. */
static enum reason do_entry(struct jobs *jobs, const struct job *job, struct job_member *member)
{
    struct store *store = jobs->step->store;
    struct entry entry;
    wall_t taken;
    enum reason reason =
        store->verbs->read_entry(store, member->message_seq, &member->destination, &entry);
    if (reason == REASON_NONE && !is_of_set(jobs, job, &entry, &taken))
        reason = entry_state_is_terminal(entry.state) && job->operation != JOB_SEND_AGAIN
                     ? REASON_HAS_ENDED
                     : REASON_SET_CHANGED;
    if (reason != REASON_NONE)
        return reason;
    return jobs->hand.operate(jobs->hand.core, job, &entry, &member->created);
}

/* A hold, a registry that keeps it longer, something new in its dossier: then it stays. */
static enum reason do_purge(struct jobs *jobs, const struct job_member *member)
{
    uint32_t parts = 0;
    if (jobs->hand.forget != NULL && !step_fits(jobs->step, &room_forget))
        return REASON_BUSY;
    enum reason reason = jobs->hand.judge(jobs->hand.core, member->message_seq, &parts);
    if (reason != REASON_NONE || parts == 0)
        return reason != REASON_NONE ? reason : REASON_SET_CHANGED;
    plan_purge(&jobs->step->plan, member->message_seq, parts);
    if (jobs->hand.forget != NULL)
        jobs->hand.forget(jobs->hand.core, member->message_seq, parts);
    return REASON_NONE;
}

/* BUSY as the first of its page in this step: there will never be more room than now. A clock in
 * doubt says nothing of this message: it has no result, and the job ends. */
static enum reason run_entry(struct jobs *jobs, struct job *job, struct job_member *member,
                             bool is_first)
{
    enum reason reason =
        job->operation == JOB_PURGE ? do_purge(jobs, member) : do_entry(jobs, job, member);
    if (jobs->step->failure != REASON_NONE || (reason == REASON_BUSY && !is_first))
        return REASON_BUSY;
    if (job->operation == JOB_PURGE && reason == REASON_CLOCK_IN_DOUBT)
        return reason;
    member->has_result = true;
    member->reason = reason;
    job->done += reason == REASON_NONE;
    job->left += reason != REASON_NONE;
    return REASON_NONE;
}

/* What the page's entries become, its results and the place are in one plan. */
static enum reason run_some(struct jobs *jobs, struct job *job)
{
    uint64_t at = job->done + job->left;
    uint64_t page = at / JOB_PAGE_MAX;
    size_t count = 0;
    size_t first = (size_t)(at % JOB_PAGE_MAX);
    if (at == job->count) {
        end_job(jobs, job, JOB_DONE);
        job_note(jobs, job);
        return REASON_NONE;
    }
    enum reason reason = jobs_read_page(jobs, job->number, page, jobs->members, &count);
    if (reason != REASON_NONE || count <= first)
        return reason != REASON_NONE ? reason : REASON_STORE_CORRUPT;
    room_reserve(&jobs->step->room, &room_job_page);
    for (size_t i = first; i < count && reason == REASON_NONE; i++)
        reason = run_entry(jobs, job, &jobs->members[i], i == first);
    if (reason == REASON_CLOCK_IN_DOUBT)
        stop_job(jobs, job, reason);
    job_note_page(jobs, job, page, count);
    job_note(jobs, job);
    return REASON_NONE;
}

/* Traffic goes first: a page of a purge writes more than a page of moves, and nobody waits for
 * it. */
static bool rests(struct jobs *jobs, const struct job *job)
{
    struct step *step = jobs->step;
    bool is_busy = step->plan.base.next_message_seq > jobs->seen_seq;
    if (job->operation != JOB_PURGE)
        return false;
    int64_t rest_ms = job->state == JOB_COUNTING ? JOB_COUNT_REST_MS : JOB_REST_MS;
    if (is_busy && step->now.ms - jobs->purged.ms < rest_ms)
        return true;
    jobs->purged = step->now;
    jobs->seen_seq = step->plan.base.next_message_seq;
    return false;
}

/* A page, and all that goes with its first member. */
static const struct room_need room_first = {{[ROOM_NOTES] = 2 + JOB_NOTES_GONE_MAX,
                                             [ROOM_RECORDS] = 1,
                                             [ROOM_BYTES] = JOB_BYTES + JOB_PAGE_BYTES +
                                                            ROOM_LEDGER_ENTRY_BYTES + 128 +
                                                            JOB_NOTES_GONE_MAX * ROOM_NOTE_BYTES}};

static bool is_moving(const struct job *job)
{
    return job->state == JOB_COUNTING || job->state == JOB_RUNNING;
}

/* Why a job cannot go on, and the step can. */
static bool stops_job(enum reason reason)
{
    return reason == REASON_STORE_CORRUPT || reason == REASON_NOT_FOUND ||
           reason == REASON_CLOCK_IN_DOUBT;
}

/* Who has begun goes on: the page that it counts is in memory alone until it is full. A job whose
 * notes cannot be read is stopped, and says so: it must not keep the others from their turn. */
void jobs_step(struct jobs *jobs)
{
    struct step *step = jobs->step;
    struct job *job = NULL;
    if (step->store_state != REASON_NONE)
        return;
    for (size_t i = 0; i < JOBS_MAX; i++) {
        struct job *row = &jobs->rows[i];
        if (is_moving(row) && (job == NULL || row->number < job->number))
            job = row;
    }
    struct job *mover = &jobs->rows[jobs->mover % JOBS_MAX];
    if (mover->number == jobs->mover && is_moving(mover))
        job = mover;
    if (job == NULL)
        return;
    jobs->mover = job->number;
    if (rests(jobs, job))
        return; /* until the next step, or tick, that comes later */
    step->more_to_do = true;
    if (!step_fits(step, jobs->hand.forget == NULL ? &room_job_page : &room_first))
        return;
    uint64_t before = job->count;
    int skips = 0;
    enum reason reason;
    do {
        reason = job->state == JOB_COUNTING ? count_some(jobs, job) : run_some(jobs, job);
    } while (reason == REASON_NONE && job->operation == JOB_PURGE && job->state == JOB_COUNTING &&
             job->count == before && ++skips < JOB_SKIPS_MAX);
    if (stops_job(reason)) {
        stop_job(jobs, job, reason);
        job_note(jobs, job);
    } else if (reason != REASON_NONE) {
        step_fail(step, reason);
    }
}
