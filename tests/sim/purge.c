/* What an operator does about retention in a decade: a purge is planned, counted, archived and
 * started, as `lienthong retention` does it; and each year one dossier is held, for some years.
 * What may go is looked at by check_purge.c. */
#include <stdio.h>

#include "gateway/core/broker_parts.h"
#include "gateway/custody/hold.h"
#include "gateway/custody/job.h"
#include "proto/base/check.h"
#include "tests/sim/check.h"
#include "tests/sim/past.h"

void purge_hold_name(unsigned int dossier, char ret_name[DOSSIER_TEXT_BYTES + 8])
{
    (void)snprintf(ret_name, DOSSIER_TEXT_BYTES + 8, "hold/" DOSSIER_CODE_PREFIX "%04u", dossier);
}

void purge_begin(struct sim *sim, unsigned int year)
{
    struct purge *purge = &sim->purge;
    purge->is_wanted = true;
    purge->job = 0;
    purge->year = year;
    for (int i = NODE_CENTRE; i < NODE_HOSTILE; i++) {
        purge->adapters[i].is_wanted = true;
        purge->adapters[i].job = 0;
    }
    purge->held[year] = sim->dossiers_before + 1 +
                        (unsigned int)dice_below(&sim->dice, (uint64_t)sim->dossier_count);
}

/* True: the store says that it is so; until then it is asked for. */
static bool is_so(struct node *node, unsigned int dossier, bool is_held)
{
    char name[DOSSIER_TEXT_BYTES + 8];
    struct bytes note;
    struct hold order = {.is_held = is_held, .by = "toa an", .why = "vu 7"};
    purge_hold_name(dossier, name);
    if ((node->disk->verbs->read_note(node->disk, bytes_of_text(name), &note) == REASON_NONE) ==
        is_held)
        return true;
    order.dossier_code = bytes_of_text(name + sizeof "hold/" - 1);
    (void)broker_hold_dossier(node->broker, &order);
    return false;
}

/* One after another, also what a store that was put back has forgotten of them. */
static bool are_holds_so(struct node *node)
{
    const struct purge *purge = &node->sim->purge;
    for (unsigned int year = 0; year <= purge->year; year++) {
        if (!is_so(node, purge->held[year], year + HOLD_YEARS > purge->year))
            return false;
    }
    return true;
}

/* As who writes the archive reads all of the set. */
static struct digest archive(struct node *node, const struct jobs *jobs, uint64_t number)
{
    struct job_member members[JOB_PAGE_MAX];
    struct digest digest = {{0}};
    size_t count = 0;
    for (uint64_t page = 0;
         jobs_read_page(jobs, number, page, members, &count) == REASON_NONE && count > 0; page++) {
        for (size_t i = 0; i < count; i++) {
            struct store_message message;
            check(node->disk->verbs->read_message(node->disk, members[i].message_seq, &message) ==
                  REASON_NONE);
            job_add_digest(node->model.port.hash, &digest, &message.digest);
        }
    }
    return digest;
}

_Static_assert((int)NODE_HOSTILE <= (int)PURGE_NODES_MAX, "a place for each adapter");

static void see_job(struct node *node, struct jobs *jobs, const struct job *job)
{
    struct purge *purge = &node->sim->purge;
    struct job ignored;
    if (job->state == JOB_COUNTED) {
        struct digest digest = archive(node, jobs, job->number);
        (void)jobs_start(jobs, job->number, job->count, &digest, &ignored);
    } else if (job->state == JOB_DONE) {
        purge->messages += job->done;
        /* The rest, and what was left alone, is for the next one. */
        purge->is_wanted = job->has_more || job->left > 0;
        purge->is_done = !purge->is_wanted;
        purge->done_ms = node->sim->now_ms;
        purge->job = 0;
        sim_note(node->sim, node->index, "purged", NULL, (int64_t)job->done);
    } else if (job->state == JOB_STOPPED) {
        /* The clock came in doubt; or it is of before the store was put back. */
        purge->messages += job->reason == REASON_CLOCK_IN_DOUBT ? job->done : 0;
        purge->job = 0;
    }
}

/* The status says when the clock is in doubt, as it is for a while after months of standstill; by
 * such a clock nothing goes (invariant 14), and nobody would learn what may.
 * One that was planned in a step that was not committed is planned again. */
void purge_step(struct node *node)
{
    struct purge *purge = &node->sim->purge;
    struct jobs *jobs = broker_jobs(node->broker);
    const struct job_order order = {.operation = JOB_PURGE, .why = bytes_of_text("het han")};
    struct job job;
    if (!purge->is_wanted || clock_in_doubt(&node->broker->step.clock) || !are_holds_so(node))
        return;
    if (purge->job != 0 && jobs_find(jobs, purge->job, &job) == REASON_NONE)
        see_job(node, jobs, &job);
    else
        purge->job = jobs_plan(jobs, &order, &job) == REASON_NONE ? job.number : 0;
}

/* ---- at an adapter: the same, without holds ---- */

void purge_step_adapter(struct node *node)
{
    struct purge *purge = &node->sim->purge;
    struct jobs *jobs = session_jobs(node->session);
    const struct job_order order = {.operation = JOB_PURGE, .why = bytes_of_text("het han")};
    bool *is_wanted = &purge->adapters[node->index].is_wanted;
    uint64_t *number = &purge->adapters[node->index].job;
    struct job job, ignored;
    struct session_status status;
    session_status(node->session, &status);
    if (!*is_wanted || status.clock.state != CLOCK_TRUSTED)
        return;
    if (*number == 0 || jobs_find(jobs, *number, &job) != REASON_NONE) {
        *number = jobs_plan(jobs, &order, &job) == REASON_NONE ? job.number : 0;
    } else if (job.state == JOB_COUNTED) {
        struct digest digest = archive(node, jobs, job.number);
        (void)jobs_start(jobs, job.number, job.count, &digest, &ignored);
    } else if (job.state == JOB_DONE || job.state == JOB_STOPPED) {
        purge->at_adapters += job.state == JOB_DONE ? job.done : 0;
        *is_wanted = job.state == JOB_STOPPED || job.has_more || job.left > 0;
        *number = 0;
        sim_note(node->sim, node->index, "purged", NULL, (int64_t)job.done);
    }
}

bool purge_is_over(const struct sim *sim)
{
    bool is_over = !sim->purge.is_wanted;
    for (int i = NODE_CENTRE; i < NODE_HOSTILE; i++)
        is_over = is_over && !sim->purge.adapters[i].is_wanted;
    return is_over;
}
