/* Jobs as notes of the store. Numbers stand in the machine's own order, since a store never leaves
 * machines of one kind. A job's fields only ever grow at the end: what an older program wrote reads
 * as zero beyond it. */
#include "gateway/custody/job_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = 32, KEY_BYTES = PARTICIPANT_KEY_BYTES_MAX + 1 };

/* One walk for both directions, so that they cannot differ. */
struct walk {
    uint8_t *data;
    size_t size, at;
    bool is_writing;
};

static void walk(struct walk *walk, void *field, size_t size)
{
    bool fits = walk->at + size <= walk->size;
    if (fits && walk->is_writing)
        memcpy(walk->data + walk->at, field, size);
    else if (fits)
        memcpy(field, walk->data + walk->at, size);
    walk->at += size;
}

static uint64_t walk_number(struct walk *through, uint64_t number)
{
    walk(through, &number, sizeof number);
    return number;
}

static void walk_time(struct walk *through, wall_t *time)
{
    walk(through, &time->ms, sizeof time->ms);
}

static void walk_job(struct walk *through, struct job *job)
{
    job->number = walk_number(through, job->number);
    job->operation = (enum job_operation)walk_number(through, job->operation);
    job->state = (enum job_state)walk_number(through, job->state);
    walk(through, job->set.destination.text, KEY_BYTES);
    job->set.state = (enum entry_state)walk_number(through, job->set.state);
    job->set.reason = (enum reason)walk_number(through, job->set.reason);
    walk_time(through, &job->set.taken_after);
    walk_time(through, &job->set.taken_before);
    walk(through, job->to.text, KEY_BYTES);
    walk_time(through, &job->planned);
    walk_time(through, &job->counted);
    walk_time(through, &job->started);
    walk_time(through, &job->ended);
    job->count = walk_number(through, job->count);
    job->done = walk_number(through, job->done);
    job->left = walk_number(through, job->left);
    job->looked = walk_number(through, job->looked);
    walk_time(through, &job->oldest);
    job->has_more = walk_number(through, job->has_more) != 0;
    job->until_seq = walk_number(through, job->until_seq);
    job->after_seq = walk_number(through, job->after_seq);
    walk(through, job->after_destination.text, KEY_BYTES);
    walk(through, job->why, sizeof job->why);
    walk(through, job->digest.bytes, DIGEST_BYTES);
    job->reason = (enum reason)walk_number(through, job->reason);
}

static bool is_whole(const struct job *job)
{
    return job->operation >= JOB_HOLD && job->operation < JOB_OPERATIONS &&
           job->state >= JOB_COUNTING && job->state < JOB_STATES &&
           job->why[JOB_WHY_BYTES_MAX] == 0;
}

/* Page 0 is the job's own note. */
static struct bytes note_name(char name[NAME_BYTES], uint64_t number, uint64_t page)
{
    int size = page == 0 ? snprintf(name, NAME_BYTES, "job/%" PRIu64, number % JOBS_MAX)
                         : snprintf(name, NAME_BYTES, "job/%" PRIu64 "/%" PRIu64, number % JOBS_MAX,
                                    page - 1);
    return (struct bytes){(const uint8_t *)name, (size_t)size};
}

enum reason jobs_load(struct jobs *jobs, wall_t put_back)
{
    struct store *store = jobs->step->store;
    memset(jobs->rows, 0, sizeof jobs->rows);
    jobs->mover = 0; /* counting goes on behind the last page that was full */
    for (uint64_t slot = 0; slot < JOBS_MAX; slot++) {
        char name[NAME_BYTES];
        struct bytes note;
        struct job job = {0};
        uint8_t bytes[JOB_BYTES];
        enum reason reason = store->verbs->read_note(store, note_name(name, slot, 0), &note);
        if (reason == REASON_NOT_FOUND)
            continue;
        if (reason != REASON_NONE)
            return reason;
        if (note.size > sizeof bytes)
            return REASON_STORE_CORRUPT;
        memcpy(bytes, note.data, note.size);
        struct walk through = {.data = bytes, .size = note.size};
        walk_job(&through, &job);
        if (!is_whole(&job) || job.number % JOBS_MAX != slot)
            return REASON_STORE_CORRUPT;
        if (job.planned.ms <= put_back.ms && job.state < JOB_DONE) {
            job.state = JOB_STOPPED;
            job.reason = REASON_STORE_PUT_BACK;
        }
        jobs->rows[slot] = job;
    }
    return REASON_NONE;
}

/* The plan keeps names and values by view: they live in the step. */
static void plan_value(struct jobs *jobs, struct bytes name, const struct walk *value)
{
    struct plan *plan = &jobs->step->plan;
    uint8_t *kept = plan_take(plan, name.size);
    memcpy(kept, name.data, name.size);
    plan_note(plan, (struct bytes){kept, name.size}, (struct bytes){value->data, value->at});
}

void job_note(struct jobs *jobs, const struct job *job)
{
    char name[NAME_BYTES];
    struct job copy = *job;
    struct walk through = {
        .data = plan_take(&jobs->step->plan, JOB_BYTES), .size = JOB_BYTES, .is_writing = true};
    walk_job(&through, &copy);
    check(through.at <= through.size);
    plan_value(jobs, note_name(name, job->number, 0), &through);
}

/* ---- pages ---- */

static void walk_member(struct walk *through, struct job_member *member)
{
    uint8_t has_result = member->has_result;
    uint32_t reason = member->reason;
    member->message_seq = walk_number(through, member->message_seq);
    walk(through, member->destination.text, KEY_BYTES);
    walk(through, &has_result, sizeof has_result);
    walk(through, &reason, sizeof reason);
    walk(through, member->created.bytes, MESSAGE_ID_BYTES);
    member->has_result = has_result != 0;
    member->reason = (enum reason)reason;
}

void job_note_page(struct jobs *jobs, const struct job *job, uint64_t page, size_t count)
{
    char name[NAME_BYTES];
    struct walk through = {.data = plan_take(&jobs->step->plan, JOB_PAGE_BYTES),
                           .size = JOB_PAGE_BYTES,
                           .is_writing = true};
    (void)walk_number(&through, job->number);
    for (size_t i = 0; i < count; i++)
        walk_member(&through, &jobs->members[i]);
    check(through.at <= through.size);
    plan_value(jobs, note_name(name, job->number, page + 1), &through);
}

enum reason jobs_read_page(const struct jobs *jobs, uint64_t number, uint64_t page,
                           struct job_member ret_members[JOB_PAGE_MAX], size_t *ret_count)
{
    struct store *store = jobs->step->store;
    char name[NAME_BYTES];
    struct bytes note;
    uint8_t bytes[JOB_PAGE_BYTES];
    enum reason reason =
        page >= JOB_PAGES_MAX
            ? REASON_NOT_FOUND
            : store->verbs->read_note(store, note_name(name, number, page + 1), &note);
    if (reason != REASON_NONE)
        return reason;
    if (note.size > sizeof bytes ||
        note.size % JOB_MEMBER_BYTES != sizeof number % JOB_MEMBER_BYTES)
        return REASON_STORE_CORRUPT;
    memcpy(bytes, note.data, note.size);
    struct walk through = {.data = bytes, .size = note.size};
    if (walk_number(&through, 0) != number)
        return REASON_NOT_FOUND; /* it is of the job that stood here before */
    size_t count = 0;
    while (through.at < note.size) {
        ret_members[count] = (struct job_member){0};
        walk_member(&through, &ret_members[count++]);
    }
    *ret_count = count;
    return REASON_NONE;
}
