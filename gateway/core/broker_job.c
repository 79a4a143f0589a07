/* What a job does with one entry at the gateway, and the evidence that it was done by a job. Rules:
 * broker_operate.c, broker_redirect.c. */
#include "gateway/core/broker_parts.h"
#include "gateway/custody/hold.h"
#include "gateway/custody/retention.h"

#include <inttypes.h>
#include <stdio.h>

static enum reason operate(void *core, const struct job *job, const struct entry *entry,
                           struct message_id *ret_created)
{
    static const enum broker_operation operations[JOB_OPERATIONS] = {
        [JOB_HOLD] = BROKER_HOLD,
        [JOB_RELEASE] = BROKER_RELEASE,
        [JOB_WITHDRAW] = BROKER_WITHDRAW,
        [JOB_EXPIRE] = BROKER_EXPIRE,
    };
    (void)ret_created;
    if (job->operation == JOB_REDIRECT)
        return broker_redirect_entry(core, entry, &job->to);
    return broker_operate(core, entry->message_seq, &entry->destination,
                          operations[job->operation]);
}

/* By the broker's own clock and the registry that is in use now: a job that was planned under
 * another does not outlive it. */
static enum reason judge(void *core, uint64_t message_seq, uint32_t *ret_parts)
{
    const struct broker *broker = core;
    *ret_parts = 0;
    if (broker->registry == NULL)
        return REASON_NONE;
    if (clock_in_doubt(&broker->step.clock))
        return REASON_CLOCK_IN_DOUBT; /* nothing goes by one that may be wrong (invariant 14) */
    return retention_judge(broker->options.store, broker->registry, broker->step.wall,
                           broker->step.plan.base.ledger_head_seq, message_seq, ret_parts);
}

/* The entry in the ledger has the digest of what the job's note says of itself: who shows the one
 * proves the other. */
static void record(void *core, const struct job *job)
{
    static const enum reason reasons[JOB_OPERATIONS] = {
        [JOB_HOLD] = REASON_HELD_BY_OPERATOR, [JOB_WITHDRAW] = REASON_WITHDRAWN_BY_OPERATOR,
        [JOB_EXPIRE] = REASON_LIFE_EXCEEDED,  [JOB_REDIRECT] = REASON_REDIRECTED,
        [JOB_PURGE] = REASON_CONTENT_PURGED,
    };
    struct broker *broker = core;
    char text[JOB_WHY_BYTES_MAX + 256];
    char digest[DIGEST_TEXT_BYTES] = "";
    struct ledger_fact fact = {.kind = LEDGER_OPERATOR,
                               .sender = broker->step.options.self,
                               .destination = job->set.destination,
                               .reason = reasons[job->operation]};
    if (job->operation == JOB_PURGE) /* what was archived before */
        digest_format(&job->digest, digest);
    int size = snprintf(text, sizeof text, "job %" PRIu64 " %s %s %" PRIu64 " %" PRIu64 " %s%s",
                        job->number, job_operation_name(job->operation), job_state_name(job->state),
                        job->count, job->done, digest, job->why);
    const struct bytes words = {(const uint8_t *)text, (size_t)size};
    broker->options.crypto->hash(&words, 1, &fact.evidence);
    broker_record(broker, &fact);
    step_note(&broker->step, &(struct transition){.event = "job",
                                                  .from = broker->step.options.self,
                                                  .to = job->set.destination,
                                                  .reason = fact.reason,
                                                  .count = job->count});
}

struct job_hand broker_job_hand(struct broker *broker)
{
    return (struct job_hand){
        .core = broker,
        .operations = (1U << JOB_HOLD) | (1U << JOB_RELEASE) | (1U << JOB_WITHDRAW) |
                      (1U << JOB_EXPIRE) | (1U << JOB_REDIRECT) | (1U << JOB_PURGE),
        .hash = broker->options.crypto->hash,
        .operate = operate,
        .judge = judge,
        .record = record,
    };
}

/* Evidence, like every decision of an operator: the digest is over the dossier and who, when and
 * why, as the note has it. */
enum reason broker_hold_dossier(struct broker *broker, struct hold *hold)
{
    struct step *step = &broker->step;
    struct bytes text;
    hold->at = step->wall;
    enum reason reason = hold_plan(step, hold, &text);
    if (reason != REASON_NONE)
        return reason;
    struct ledger_fact fact = {.kind = LEDGER_OPERATOR,
                               .sender = step->options.self,
                               .reason = hold->is_held ? REASON_HELD_BY_OPERATOR : REASON_NONE};
    const struct bytes words[] = {hold->dossier_code, text};
    broker->options.crypto->hash(words, 2, &fact.evidence);
    broker_record(broker, &fact);
    step_note(step,
              &(struct transition){.event = hold->is_held ? "hold" : "hold_ended",
                                   .from = step->options.self,
                                   .dossier_code = arena_copy(&step->arena, hold->dossier_code)});
    return REASON_NONE;
}
