/* job - an operator's hand on a set of entries: counted first, then done, page by page.
 *
 *   jobs_plan ─▶ COUNTING ─▶ COUNTED ──jobs_start(count)──▶ RUNNING ─▶ DONE
 *                   └───────────┴─────────jobs_stop────────────┴─────▶ STOPPED
 *
 *   COUNTING -> COUNTED    all that waited when it was planned was looked at       [jobs_step]
 *   COUNTED -> RUNNING     an operator repeats the count that he was shown         [jobs_start]
 *   RUNNING -> DONE        each of the set has its result                          [jobs_step]
 *   any unfinished -> STOPPED   an operator; what was done stays done              [jobs_stop]
 *   COUNTING, RUNNING -> STOPPED   the program: by a clock in doubt nothing is purged, or its
 *                          notes cannot be read; the reason stands in the job      [jobs_step]
 *
 * The set is written down while it is counted, and the run goes through what was written: what
 * comes later is never touched, and what changed meanwhile (another operator's job, a delivery) is
 * left alone and has "set_changed", or why it may not be done, as its result. One job at a time
 * counts or runs, lowest number first; the others wait for their turn.
 *
 * Each step does at most a page. What is done to its entries, their results and the job's place
 * are in one plan (invariant 7): after a kill the job goes on behind the last page that was
 * committed, and no entry is done twice or half.
 *
 * Kept in notes, JOBS_MAX of them in turn: "job/SLOT" and "job/SLOT/PAGE". A newer job takes the
 * place of the oldest finished one, and its pages, which is why a page says whose it is.
 *
 * Both cores have this; what an operation does with an entry is the core's (struct job_hand).
 *
 * PURGE is of messages, not of entries: its set are those of which something may go by now
 * (gateway/custody/retention.h), and each is judged once more when it goes. It is started with the
 * digest of its set, which only who has read all of it can say: the set is archived first. Beside
 * traffic it does a page in JOB_REST_MS, and counts one in JOB_COUNT_REST_MS; without, one in each
 * step.
 */
#pragma once

#include "gateway/custody/step.h"

enum {
    JOBS_MAX = 16,     /* that are remembered */
    JOB_PAGE_MAX = 64, /* entries of one step */
    JOB_PAGES_MAX = 1024,
    JOB_ENTRIES_MAX = JOB_PAGE_MAX * JOB_PAGES_MAX, /* of a set; the rest is for the next job */
    JOB_WHY_BYTES_MAX = 200,
    /* A page of a purge costs the step two or three milliseconds; so many pages in which nothing
     * may go, no more. */
    JOB_SKIPS_MAX = 8,
    JOB_NOTES_GONE_MAX = 48, /* of one message: what was said of it, by participant */
    JOB_REST_MS = 25,
    JOB_COUNT_REST_MS = 10,            /* a page that is counted is read, and one note */
    JOB_FORGOTTEN_MS = 60 * 60 * 1000, /* a count that nobody repeats makes room for another job */
};

enum job_operation {
    JOB_HOLD = 1,
    JOB_RELEASE,
    JOB_WITHDRAW,
    JOB_EXPIRE,
    JOB_SEND_AGAIN, /* a new message with the same content; only where it was made */
    JOB_REDIRECT,   /* to another participant; only at the gateway */
    JOB_PURGE,      /* of what is over, what its days do not keep */
    JOB_OPERATIONS,
};

enum job_state { JOB_COUNTING = 1, JOB_COUNTED, JOB_RUNNING, JOB_DONE, JOB_STOPPED, JOB_STATES };

/* Which entries. Zero and none mean any. */
struct job_set {
    struct key destination;
    enum entry_state state; /* 0: all live states */
    enum reason reason;
    wall_t taken_after, taken_before; /* custody of the message, from and up to but not with */
};

/* What is asked for. */
struct job_order {
    enum job_operation operation;
    struct job_set set;
    struct key to;    /* REDIRECT */
    struct bytes why; /* an operator's words, for those who look later */
};

struct job {
    uint64_t number; /* from 1; 0: none */
    enum job_operation operation;
    enum job_state state;
    struct job_set set;
    struct key to;
    wall_t planned, counted, started, ended;
    uint64_t count;     /* of the set */
    uint64_t done;      /* of them, as asked */
    uint64_t left;      /* and these could not be, each with its reason */
    uint64_t looked;    /* while counting */
    wall_t oldest;      /* custody of the oldest of the set, when its times were looked at */
    bool has_more;      /* there are more than JOB_ENTRIES_MAX */
    uint64_t until_seq; /* messages after this came later */
    uint64_t after_seq; /* counted so far */
    struct key after_destination;
    char why[JOB_WHY_BYTES_MAX + 1];
    /* PURGE: over the digests of its messages, in order: job_add_digest. */
    struct digest digest;
    enum reason reason; /* why the program stopped it; NONE: it did not */
};

/* One of a set. */
struct job_member {
    uint64_t message_seq;
    struct key destination;
    bool has_result;
    enum reason reason;        /* NONE: done */
    struct message_id created; /* SEND_AGAIN: the new message; zero: none */
};

struct jobs;

/* What the core does. */
struct job_hand {
    void *core;
    hash_function *hash;
    uint32_t operations; /* bit 1 << operation: what can be done here */
    struct key inbound;  /* whose entries are messages of others, never sent again; none */
    /* NONE, or why not; BUSY: this step has no room for it. ret_created: see job_member. */
    enum reason (*operate)(void *core, const struct job *job, const struct entry *entry,
                           struct message_id *ret_created);
    /* What of a message may go by now; 0: nothing. CLOCK_IN_DOUBT: that cannot be said of any. */
    enum reason (*judge)(void *core, uint64_t message_seq, uint32_t *ret_parts);
    /* The core's own notes of a message that is purged go in the same plan, JOB_NOTES_GONE_MAX at
     * the most; NULL: it has none. */
    void (*forget)(void *core, uint64_t message_seq, uint32_t parts);
    /* It was started, ended or stopped: evidence, in the same plan. */
    void (*record)(void *core, const struct job *job);
};

size_t jobs_memory_bytes(void);
struct jobs *jobs_new(struct step *step, const struct job_hand *hand, struct arena *memory);
/* Where they stand in the store; with the core's own load. put_back: when the store was last put
 * back from a backup; 0 never. What was unfinished then is stopped: its set is of a world that is
 * gone. */
enum reason jobs_load(struct jobs *jobs, wall_t put_back);
/* A page of the job whose turn it is; in each step, before frames. */
void jobs_step(struct jobs *jobs);

/* Within a step. FIELD_INVALID: it cannot be done here, or not so; BUSY: JOBS_MAX are unfinished,
 * or the step is full. */
enum reason jobs_plan(struct jobs *jobs, const struct job_order *order, struct job *ret_job);
/* BUSY: still counting, or the step is full; SET_CHANGED: another count, or of a PURGE another
 * digest; HAS_ENDED. Starting what runs or is done already is answered as before. */
enum reason jobs_start(struct jobs *jobs, uint64_t number, uint64_t count,
                       const struct digest *archived, struct job *ret_job);
enum reason jobs_stop(struct jobs *jobs, uint64_t number, struct job *ret_job);

/* Those that are remembered, newest first: index from 0. False: no more. */
bool jobs_at(const struct jobs *jobs, size_t index, struct job *ret_job);
/* NOT_FOUND. */
enum reason jobs_find(const struct jobs *jobs, uint64_t number, struct job *ret_job);
/* Members of one page. NOT_FOUND: there is no such page yet. */
enum reason jobs_read_page(const struct jobs *jobs, uint64_t number, uint64_t page,
                           struct job_member ret_members[JOB_PAGE_MAX], size_t *ret_count);

/* PURGE: what of a member may go by now; 0: nothing any more. */
uint32_t jobs_judge(const struct jobs *jobs, uint64_t message_seq);

/* The digest of a set and one message more; zero: of an empty one. */
static inline void job_add_digest(hash_function *hash, struct digest *digest,
                                  const struct digest *of_message)
{
    const struct bytes parts[] = {{digest->bytes, DIGEST_BYTES}, {of_message->bytes, DIGEST_BYTES}};
    hash(parts, 2, digest);
}

/* "hold", "again", …; "counting", … */
const char *job_operation_name(enum job_operation operation);
bool job_operation_parse(struct bytes name, enum job_operation *ret_operation);
const char *job_state_name(enum job_state state);
