/* What participants send: the centre transfers dossiers and supplements them, agencies answer with
 * progress and a result. A submission whose commit is not known is made again under its own
 * reference, as a local system does. */
#include <stdio.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/seal/sha256.h"
#include "schema/body.pb-c.h"
#include "tests/support/blobs_memory.h"
#include "tests/sim/check.h"
#include "tests/sim/past.h"

enum {
    FILE_BYTES_LARGEST = 200 * 1024, /* more than one chunk */
    SUBMISSIONS_A_STEP_MAX = 4,
    RETRY_MS = 300,
    RETRY_IN_OUTAGE_MS = 60 * 1000,
    REFERENCE_BYTES = 24,
};

struct bytes workload_file(int file, struct digest *ret_digest)
{
    static const size_t sizes[FILES] = {1, 700, 5000, 40000, 131072, FILE_BYTES_LARGEST};
    static uint8_t content[FILE_BYTES_LARGEST];
    static struct digest digests[FILES];
    static bool is_made;
    if (!is_made) {
        struct dice dice = {7};
        dice_fill(&dice, content, sizeof content);
        for (int i = 0; i < FILES; i++) {
            struct bytes bytes = {content + i, sizes[i] - (size_t)i * (sizes[i] > FILES)};
            sha256_parts(&bytes, 1, &digests[i]);
        }
        is_made = true;
    }
    *ret_digest = digests[file];
    return (struct bytes){content + file, sizes[file] - (size_t)file * (sizes[file] > FILES)};
}

/* ---- planning ---- */

static struct intent *plan(struct sim *sim, int node, uint32_t type, int dossier, int64_t at_ms)
{
    if (sim->intent_count == INTENTS_MAX)
        return NULL;
    struct pending *pending = &sim->pending[node];
    pending->numbers[pending->count++] = (uint16_t)sim->intent_count;
    pending->next_ms = at_ms < pending->next_ms ? at_ms : pending->next_ms;
    struct intent *intent = &sim->intents[sim->intent_count++];
    *intent = (struct intent){.node = node,
                              .type = type,
                              .dossier = dossier,
                              .at_ms = at_ms,
                              .file = NOWHERE,
                              .named = NOWHERE};
    if (dice_below(&sim->dice, 5) == 0)
        intent->file = (int)dice_below(&sim->dice, FILES);
    if (swarm_happens(&sim->swarm, MISHAP_LIFE_SHORT))
        intent->life_ms = dice_between(&sim->dice, 200, 120 * 1000);
    return intent;
}

static int draw_procedure(struct sim *sim)
{
    int procedure = (int)dice_below(&sim->dice, sim->has_hostile ? PROCEDURES : AGENCIES);
    int64_t today = catalogue_day(sim->now_ms);
    if (sim->is_decade && today == PROCEDURE_LAST_DAY && dice_below(&sim->dice, 2) == 0)
        return PROCEDURE_ENDING;
    /* Some still send what has ended. */
    bool has_ended = sim->is_decade && procedure == PROCEDURE_ENDING && today > PROCEDURE_LAST_DAY;
    return has_ended && dice_below(&sim->dice, 4) > 0 ? PROCEDURE_SHARED : procedure;
}

/* Received some days before its transfer, a few of them so long before that it counts for
 * nothing; and of some a second transfer takes the dossier to another agency. */
static void draw_years(struct sim *sim, int number, int64_t transfer_ms)
{
    enum { DAYS = 3, AGAIN_MIN_MS = 5000, AGAIN_MAX_MS = 20000, MORE_MS = 3000 };
    struct dossier *dossier = &sim->dossiers[number];
    int64_t before_ms = dice_between(&sim->dice, 0, DAYS * DAY_MS);
    if (dice_below(&sim->dice, 8) == 0)
        before_ms += (RECEPTION_DAYS + 1) * DAY_MS;
    dossier->received_ms = transfer_ms - before_ms;
    if (dossier->procedure != PROCEDURE_SHARED || dice_below(&sim->dice, 2) == 0)
        return;
    int64_t at = transfer_ms + dice_between(&sim->dice, AGAIN_MIN_MS, AGAIN_MAX_MS);
    struct intent *again = plan(sim, NODE_CENTRE, MESSAGE_TYPE_TRANSFER, number, at);
    if (again != NULL)
        again->named = NODE_AGENCY + PROCEDURE_SHARED + 1;
    (void)plan(sim, NODE_CENTRE, MESSAGE_TYPE_SUPPLEMENT, number,
               at + dice_between(&sim->dice, 1, MORE_MS));
}

/* Some days are busy, others are not. */
static int draw_dossiers(struct sim *sim)
{
    enum { DRAWN_MIN = 3 };
    int64_t mean = sim->dossiers_a_day;
    return (int)(mean == 0 ? dice_between(&sim->dice, DRAWN_MIN, DOSSIERS_DRAWN_MAX)
                           : dice_between(&sim->dice, mean / 2, mean * 3 / 2));
}

void workload_draw(struct sim *sim)
{
    enum { SUPPLEMENTS_MAX = 4 };
    sim->intent_count = 0;
    for (int i = 0; i < NODES; i++)
        sim->pending[i] = (struct pending){.next_ms = INT64_MAX};
    sim->dossier_count = draw_dossiers(sim);
    check(sim->dossier_count <= DOSSIERS_MAX);
    for (int i = 0; i < sim->dossier_count; i++) {
        struct dossier *dossier = &sim->dossiers[i];
        (void)snprintf(dossier->code, sizeof dossier->code, DOSSIER_CODE_PREFIX "%04u",
                       sim->dossiers_before + (unsigned int)i + 1);
        dossier->procedure = draw_procedure(sim);
        dossier->agency = dossier->before = NOWHERE;
        int64_t at = sim->day_ms + dice_between(&sim->dice, 0, sim->storm_ms * 3 / 4);
        (void)plan(sim, NODE_CENTRE, MESSAGE_TYPE_TRANSFER, i, at);
        if (sim->is_decade)
            draw_years(sim, i, at);
        int64_t more = (int64_t)dice_below(&sim->dice, SUPPLEMENTS_MAX);
        for (int64_t j = 0; j < more; j++) {
            at += dice_between(&sim->dice, 1, 10000);
            (void)plan(sim, NODE_CENTRE, MESSAGE_TYPE_SUPPLEMENT, i, at);
        }
    }
}

int workload_dossier(const struct sim *sim, struct bytes code)
{
    unsigned int number = past_dossier_number(code);
    unsigned int index = number - sim->dossiers_before - 1;
    return index < (unsigned int)sim->dossier_count &&
                   bytes_equal(code, bytes_of_text(sim->dossiers[index].code))
               ? (int)index
               : NOWHERE;
}

void workload_answer(struct sim *sim, struct record *record, int node)
{
    if (node < NODE_AGENCY || node >= NODE_PORTAL)
        return;
    int64_t at = sim->now_ms + dice_between(&sim->dice, 10, 20000);
    bool is_transfer = record->type == MESSAGE_TYPE_TRANSFER;
    struct intent *progress = plan(sim, node, MESSAGE_TYPE_PROGRESS, record->dossier, at);
    struct intent *result = is_transfer ? plan(sim, node, MESSAGE_TYPE_RESULT, record->dossier,
                                               at + dice_between(&sim->dice, 1, 20000))
                                        : NULL;
    struct intent *answers[] = {progress, result};
    for (size_t i = 0; i < 2; i++) {
        if (answers[i] == NULL)
            continue;
        answers[i]->is_answer = true;
        answers[i]->answered = record->id;
        answers[i]->answered_digest = record->digest;
    }
}

/* ---- submitting ---- */

static void upload(struct node *node, int file, struct attachment *ret_attachment)
{
    struct blobs *kept = node->kept;
    struct key uploader = {0};
    struct digest digest;
    uint64_t at;
    struct bytes content = workload_file(file, &digest);
    *ret_attachment = (struct attachment){
        .digest = digest, .size_bytes = content.size, .name = bytes_of_text(SECRET_TEXT ".pdf")};
    if (kept->verbs->find(kept, &digest, &at) == REASON_NONE)
        return;
    kept->verbs->abandon(kept, &uploader, &digest);
    check(kept->verbs->begin(kept, &uploader, &digest, content.size, &at) == REASON_NONE);
    check(kept->verbs->write(kept, &uploader, &digest, at, content) == REASON_NONE);
    check(blobs_finish(kept, &uploader, &digest) == REASON_NONE);
}

static void fill_body(const struct sim *sim, const struct intent *intent, Lienthong__V1__Body *body)
{
    static Lienthong__V1__Person person = LIENTHONG__V1__PERSON__INIT;
    static Lienthong__V1__Transfer transfer = LIENTHONG__V1__TRANSFER__INIT;
    static Lienthong__V1__Supplement supplement = LIENTHONG__V1__SUPPLEMENT__INIT;
    static Lienthong__V1__Progress progress = LIENTHONG__V1__PROGRESS__INIT;
    static Lienthong__V1__Result result = LIENTHONG__V1__RESULT__INIT;
    static char secret[] = SECRET_TEXT;
    const uint32_t type = intent->type;
    person.name = secret;
    transfer.owner = &person;
    supplement.note = progress.content = result.note = secret;
    result.national_state = 9;
    if (type == MESSAGE_TYPE_TRANSFER) {
        body->kind_case = LIENTHONG__V1__BODY__KIND_TRANSFER;
        body->transfer = &transfer;
        transfer.received_ms = transfer.due_ms = 0;
        if (sim->is_decade) {
            transfer.received_ms = WORLD_EPOCH_MS + sim->dossiers[intent->dossier].received_ms;
            transfer.due_ms =
                catalogue_appointment_ms((unsigned int)intent->dossier, transfer.received_ms);
        }
    } else if (type == MESSAGE_TYPE_SUPPLEMENT) {
        body->kind_case = LIENTHONG__V1__BODY__KIND_SUPPLEMENT;
        body->supplement = &supplement;
    } else if (type == MESSAGE_TYPE_PROGRESS) {
        body->kind_case = LIENTHONG__V1__BODY__KIND_PROGRESS;
        body->progress = &progress;
    } else {
        body->kind_case = LIENTHONG__V1__BODY__KIND_RESULT;
        body->result = &result;
    }
}

static enum reason submit(struct node *node, int number, struct submitted *ret_submitted)
{
    struct sim *sim = node->sim;
    struct intent *intent = &sim->intents[number];
    struct dossier *dossier = &sim->dossiers[intent->dossier];
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    struct attachment attachment;
    char reference[REFERENCE_BYTES];
    (void)snprintf(reference, sizeof reference, "r%u", sim->intents_before + (unsigned int)number);
    fill_body(sim, intent, &body);
    struct submission submission = {.body = &body, .reference = bytes_of_text(reference)};
    struct envelope *draft = &submission.draft;
    draft->acting_for = bytes_of_text(SECRET_TEXT);
    draft->type = intent->type;
    draft->dossier_code = bytes_of_text(dossier->code);
    if (intent->type == MESSAGE_TYPE_TRANSFER)
        draft->procedure_code = bytes_of_text(catalogue_procedure(dossier->procedure));
    if (intent->named != NOWHERE)
        draft->recipient = sim->nodes[intent->named].key;
    if (intent->is_answer) {
        draft->in_reply_to = intent->answered;
        draft->in_reply_to_digest = intent->answered_digest;
    }
    if (intent->file != NOWHERE) {
        upload(node, intent->file, &attachment);
        draft->attachments = &attachment;
        draft->attachment_count = 1;
    }
    if (intent->life_ms != 0) {
        draft->expires =
            (struct stamp){{node_wall(node).ms + intent->life_ms}, VIETNAM_OFFSET_MINUTES};
        intent->ends_ms = draft->expires.at.ms - WORLD_EPOCH_MS;
    }
    return session_submit(node->session, &submission, ret_submitted);
}

/* Through an outage of hours a local system asks now and then. */
static int64_t retry_ms(const struct sim *sim)
{
    bool is_outage = sim->is_decade && !sim->nodes[NODE_GATEWAY].is_up;
    return is_outage ? RETRY_IN_OUTAGE_MS : RETRY_MS;
}

/* What is done stands no longer among them; when the first of the others is submitted. */
static void sift(struct sim *sim, struct pending *pending)
{
    size_t kept = 0;
    pending->next_ms = INT64_MAX;
    for (size_t i = 0; i < pending->count; i++) {
        const struct intent *intent = &sim->intents[pending->numbers[i]];
        if (intent->is_done)
            continue;
        pending->next_ms = intent->at_ms < pending->next_ms ? intent->at_ms : pending->next_ms;
        pending->numbers[kept++] = pending->numbers[i];
    }
    pending->count = kept;
}

void workload_submit(struct node *node)
{
    struct sim *sim = node->sim;
    struct pending *pending = &sim->pending[node->index];
    int in_step = 0;
    if (pending->next_ms > sim->now_ms)
        return;
    for (size_t i = 0; i < pending->count && in_step < SUBMISSIONS_A_STEP_MAX; i++) {
        int number = pending->numbers[i];
        struct intent *intent = &sim->intents[number];
        struct submitted submitted;
        if (intent->at_ms > sim->now_ms)
            continue;
        if (submit(node, number, &submitted) != REASON_NONE) {
            intent->at_ms = sim->now_ms + retry_ms(sim);
            continue;
        }
        if (!id_is_zero(&intent->id) && submitted.is_repeated &&
            !id_equal(&intent->id, &submitted.id))
            sim_violated(sim, 5, &intent->id, "one reference is answered with two messages");
        intent->id = submitted.id;
        intent->is_in_step = true;
        in_step++;
    }
    pending->is_in_step = in_step > 0;
    sift(sim, pending);
}

static void settle(struct sim *sim, struct intent *intent, bool is_committed)
{
    intent->is_in_step = false;
    intent->is_done = is_committed;
    intent->at_ms = sim->now_ms + RETRY_MS;
    if (is_committed && !intent->is_repeated_once &&
        swarm_happens(&sim->swarm, MISHAP_SUBMITTED_TWICE)) {
        intent->is_repeated_once = true;
        intent->is_done = false;
    }
}

void workload_settle(struct node *node, bool is_committed)
{
    struct sim *sim = node->sim;
    struct pending *pending = &sim->pending[node->index];
    if (!pending->is_in_step)
        return;
    for (size_t i = 0; i < pending->count; i++) {
        struct intent *intent = &sim->intents[pending->numbers[i]];
        if (intent->is_in_step)
            settle(sim, intent, is_committed);
    }
    pending->is_in_step = false;
    sift(sim, pending);
}

void workload_repeat(struct sim *sim, int node)
{
    struct pending *pending = &sim->pending[node];
    pending->count = 0;
    for (size_t i = 0; i < sim->intent_count; i++) {
        if (sim->intents[i].node != node)
            continue;
        sim->intents[i].is_done = sim->intents[i].is_in_step = false;
        pending->numbers[pending->count++] = (uint16_t)i;
    }
    sift(sim, pending);
}

int64_t workload_next_ms(const struct sim *sim, int node)
{
    return sim->pending[node].next_ms;
}

bool workload_is_done(const struct sim *sim)
{
    for (int i = 0; i < NODES; i++) {
        if (sim->pending[i].count > 0)
            return false;
    }
    return sim->answer_count == 0;
}
