#include <stdio.h>
#include <string.h>

#include "proto/base/check.h"
#include "schema/body.pb-c.h"
#include "tests/support/trio_parts.h"

static const char *const dossiers[TRIO_TRANSFERS] = {"H38.09-261124-0001", "H38.09-261124-0001",
                                                     "H38.09-261124-0002"};

static void ignore_transition(void *context, const struct transition *transition)
{
    (void)context;
    (void)transition;
}

/* ---- the gateway's step ---- */

static void step_gateway(struct trio *trio)
{
    struct member *member = &trio->members[TRIO_GATEWAY];
    const struct step_effects effects = {.context = trio,
                                         .send = trio_send_from_gateway,
                                         .transition = ignore_transition,
                                         .intake_done = trio_intake_done};
    const struct store_plan *plan = NULL;
    broker_begin(trio->broker, (mono_t){trio->now_ms - trio->started_ms}, (wall_t){trio->now_ms});
    for (size_t i = TRIO_CENTRE; i < TRIO_MEMBERS; i++) {
        if (trio->members[i].is_gone)
            broker_peer_gone(trio->broker, &trio->members[i].key);
        trio->members[i].is_gone = false;
    }
    while (member->line.count > 0 && broker_has_room(trio->broker))
        broker_intake(trio->broker, trio_take_frame(member));
    enum reason reason = broker_end(trio->broker, &plan);
    if (reason == REASON_NONE && plan != NULL)
        reason = trio_commit(member, plan);
    if (reason == REASON_NONE)
        broker_committed(trio->broker, &effects);
    else
        broker_aborted(trio->broker, reason, &effects);
}

/* ---- an adapter's step ---- */

static void call_office(void *context, uint64_t message_seq, uint32_t attempt)
{
    struct member *member = context;
    struct office *office = &member->office;
    struct store_message message;
    check(member->disk->verbs->read_message(member->disk, message_seq, &message) == REASON_NONE);
    size_t at = 0;
    while (at < office->count && !id_equal(&office->taken[at].id, &message.id))
        at++;
    check(at < TRIO_OFFICE_MAX);
    office->doubled += at < office->count && attempt == 1;
    if (at == office->count) {
        const char *dossier = dossiers[0];
        for (size_t i = 0; i < TRIO_TRANSFERS; i++) {
            if (bytes_equal(message.dossier_code, bytes_of_text(dossiers[i])))
                dossier = dossiers[i];
        }
        office->count++;
        office->taken[at].id = message.id;
        office->taken[at].digest = message.digest;
        office->taken[at].dossier = bytes_of_text(dossier);
    }
    office->taken[at].seq = message_seq;
    office->taken[at].is_answered = false;
}

static void make_transfer(size_t index, struct submission *ret_submission,
                          struct attachment *attachments)
{
    static Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    static Lienthong__V1__Person owner = LIENTHONG__V1__PERSON__INIT;
    static Lienthong__V1__Transfer transfer = LIENTHONG__V1__TRANSFER__INIT;
    static const char *const references[TRIO_TRANSFERS] = {"t0", "t1", "t2"};
    body.kind_case = LIENTHONG__V1__BODY__KIND_TRANSFER;
    body.transfer = &transfer;
    owner.name = (char *)(uintptr_t) "Nguyễn Văn Mẫu";
    transfer.owner = &owner;
    *ret_submission = (struct submission){.body = &body};
    ret_submission->reference = bytes_of_text(references[index]);
    struct envelope *draft = &ret_submission->draft;
    draft->type = MESSAGE_TYPE_TRANSFER;
    draft->dossier_code = bytes_of_text(dossiers[index]);
    draft->procedure_code = bytes_of_text("2.000635");
    if (index == 0) {
        *attachments =
            (struct attachment){.size_bytes = TRIO_FILE_BYTES, .name = bytes_of_text("a.pdf")};
        (void)trio_file(&attachments->digest);
        draft->attachments = attachments;
        draft->attachment_count = 1;
    }
}

static void make_result(const struct office *office, size_t index,
                        struct submission *ret_submission)
{
    static Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    static Lienthong__V1__Result result = LIENTHONG__V1__RESULT__INIT;
    result.national_state = 9;
    body.kind_case = LIENTHONG__V1__BODY__KIND_RESULT;
    body.result = &result;
    *ret_submission = (struct submission){.body = &body};
    ret_submission->reference = (struct bytes){office->taken[index].id.bytes, MESSAGE_ID_BYTES};
    struct envelope *draft = &ret_submission->draft;
    draft->type = MESSAGE_TYPE_RESULT;
    draft->recipient = key_of("centre");
    draft->dossier_code = office->taken[index].dossier;
    draft->in_reply_to = office->taken[index].id;
    draft->in_reply_to_digest = office->taken[index].digest;
}

/* One submission a step, so that one that fails is known; its result counts after the commit. */
static bool submit_next(struct member *member, struct submitted *ret_submitted, size_t *ret_reply)
{
    struct attachment attachments;
    struct submission submission;
    struct office *office = &member->office;
    bool is_centre = member == &member->trio->members[TRIO_CENTRE];
    *ret_reply = TRIO_OFFICE_MAX;
    if (is_centre && office->submitted < TRIO_TRANSFERS) {
        make_transfer(office->submitted, &submission, &attachments);
        return session_submit(member->session, &submission, ret_submitted) == REASON_NONE;
    }
    for (size_t i = 0; !is_centre && i < office->count; i++) {
        if (!office->taken[i].is_answered || office->taken[i].is_replied)
            continue;
        *ret_reply = i;
        make_result(office, i, &submission);
        return session_submit(member->session, &submission, ret_submitted) == REASON_NONE;
    }
    return false;
}

static void settle(struct office *office, const bool *given, bool has_submitted,
                   const struct submitted *submitted, size_t reply)
{
    for (size_t i = 0; i < office->count; i++)
        office->taken[i].is_answered = office->taken[i].is_answered || given[i];
    if (!has_submitted)
        return;
    office->sent[office->submitted++] = *submitted;
    if (reply < TRIO_OFFICE_MAX)
        office->taken[reply].is_replied = true;
}

static bool is_away(const struct member *member)
{
    int64_t now_ms = member->trio->now_ms;
    return now_ms >= member->away_from_ms && now_ms < member->away_until_ms;
}

/* Its line is cut while it is away, on both sides; it comes up again by itself. */
static void follow_line(struct member *member)
{
    if (!is_away(member) || member->comes_up)
        return;
    member->goes_down = member->comes_up = member->is_gone = true;
    member->way = ++member->trio->ways;
    trio_drop_line(&member->line);
}

static void step_adapter(struct trio *trio, struct member *member)
{
    const struct step_effects effects = {
        member, trio_send_from_adapter, call_office, ignore_transition, trio_intake_done, NULL};
    const struct store_plan *plan = NULL;
    struct office *office = &member->office;
    struct submitted submitted = {.message_seq = 0};
    bool given[TRIO_OFFICE_MAX] = {false};
    size_t reply;
    session_begin(member->session, (mono_t){trio->now_ms - trio->started_ms},
                  (wall_t){trio->now_ms});
    follow_line(member);
    if (member->goes_down)
        session_link_down(member->session);
    if (member->comes_up && !is_away(member))
        session_link_up(member->session);
    member->goes_down = false;
    member->comes_up = member->comes_up && is_away(member);
    while (member->line.count > 0 && session_wants_frame(member->session))
        session_intake(member->session, trio_take_frame(member));
    for (size_t i = 0; i < office->count; i++) {
        const struct office_answer answer = {.message_seq = office->taken[i].seq,
                                             .ground = FAILURE_SPOKEN};
        given[i] =
            !office->taken[i].is_answered &&
            reason_class(session_office_answer(member->session, &answer)) != REASON_CLASS_TRANSIENT;
    }
    bool has_submitted = submit_next(member, &submitted, &reply);
    enum reason reason = session_end(member->session, &plan);
    if (reason == REASON_NONE && plan != NULL)
        reason = trio_commit(member, plan);
    if (reason == REASON_NONE) {
        settle(office, given, has_submitted, &submitted, reply);
        session_committed(member->session, &effects);
    } else {
        session_aborted(member->session, reason, &effects);
    }
}

/* ---- the end ---- */

static uint64_t live_count(const struct member *member)
{
    struct store_count counts[8];
    size_t count = 0;
    uint64_t live = 0;
    check(member->disk->verbs->counts(member->disk, counts, 8, &count) == REASON_NONE);
    for (size_t i = 0; i < count; i++) {
        for (size_t state = 0; state < ENTRY_STATES; state++)
            live += counts[i].count[state];
    }
    return live;
}

/* How many of the member's own messages it knows to be in custody and delivered. */
static size_t known_count(const struct member *member)
{
    size_t known = 0;
    const struct trio *trio = member->trio;
    const struct key *other = member == &trio->members[TRIO_CENTRE]
                                  ? &trio->members[TRIO_AGENCY].key
                                  : &trio->members[TRIO_CENTRE].key;
    for (size_t i = 0; i < member->office.submitted; i++) {
        const struct message_id *id = &member->office.sent[i].id;
        struct outcome outcome;
        if (session_outcome(member->session, id, other, &outcome) == REASON_NONE &&
            outcome.receipt_type == MESSAGE_TYPE_RECEIPT_DELIVERED)
            known++;
    }
    return known;
}

/* After it was put back the gateway is to have again all that it took. */
static bool has_all(const struct trio *trio, const struct member *of)
{
    struct store *store = trio->members[TRIO_GATEWAY].disk;
    struct store_message message;
    for (size_t i = 0; i < of->office.submitted; i++) {
        if (store->verbs->find_message(store, &of->key, &of->office.sent[i].id, &message) !=
            REASON_NONE)
            return false;
    }
    return true;
}

static bool is_done(const struct trio *trio)
{
    for (size_t i = 0; i < TRIO_MEMBERS; i++) {
        const struct member *member = &trio->members[i];
        struct session_status status = {.put_back = {0}};
        if (member->session != NULL)
            session_status(member->session, &status);
        if (member->copy != NULL || status.put_back.ms != 0 || !has_all(trio, member))
            return false;
    }
    for (size_t i = TRIO_CENTRE; i < TRIO_MEMBERS; i++) {
        const struct member *member = &trio->members[i];
        if (member->office.submitted != TRIO_TRANSFERS || member->office.count != TRIO_TRANSFERS)
            return false;
    }
    for (size_t i = 0; i < TRIO_MEMBERS; i++) {
        if (live_count(&trio->members[i]) > 0)
            return false;
    }
    return known_count(&trio->members[TRIO_CENTRE]) == TRIO_TRANSFERS &&
           known_count(&trio->members[TRIO_AGENCY]) == TRIO_TRANSFERS;
}

static int64_t next_moment(const struct trio *trio)
{
    int64_t next = broker_deadline(trio->broker).ms;
    const struct carrier_between *carrier = &trio->carrier;
    if (carrier->goes_on_ms != 0 && carrier->goes_on_ms - trio->started_ms < next)
        next = carrier->goes_on_ms - trio->started_ms;
    if (!carrier->stands_still && carrier->in.count + carrier->back.count > 0)
        return trio->now_ms + STEP_MS;
    for (size_t i = 0; i < TRIO_MEMBERS; i++) {
        const struct member *member = &trio->members[i];
        if (member->line.count > 0)
            return trio->now_ms + STEP_MS;
        if (member->away_until_ms > trio->now_ms && member->away_until_ms - trio->started_ms < next)
            next = member->away_until_ms - trio->started_ms;
        if (member->copy != NULL && member->put_back_ms - trio->started_ms < next)
            next = member->put_back_ms - trio->started_ms;
        if (member->session != NULL && session_deadline(member->session).ms < next)
            next = session_deadline(member->session).ms;
    }
    next += trio->started_ms;
    return next > trio->now_ms ? next : trio->now_ms + STEP_MS;
}

bool trio_run(struct trio *trio)
{
    while (trio->now_ms - trio->started_ms < TRIO_LIMIT_MS) {
        trio->steps++;
        trio_put_back_due(trio);
        step_adapter(trio, &trio->members[TRIO_CENTRE]);
        step_adapter(trio, &trio->members[TRIO_AGENCY]);
        trio_renew(trio); /* while frames are on their way */
        trio_carrier_step(trio);
        step_gateway(trio);
        if (is_done(trio))
            return true;
        trio->now_ms = next_moment(trio);
    }
    return false;
}

int64_t trio_elapsed_ms(const struct trio *trio)
{
    return trio->now_ms - trio->started_ms;
}

size_t trio_office_count(const struct trio *trio, enum trio_member member)
{
    return trio->members[member].office.count;
}

size_t trio_proven_count(const struct trio *trio, enum trio_member which)
{
    const struct member *from = &trio->members[which];
    const struct member *to = &trio->members[which == TRIO_CENTRE ? TRIO_AGENCY : TRIO_CENTRE];
    size_t proven = 0;
    for (size_t i = 0; i < from->office.submitted; i++) {
        struct session_proof proof;
        proven += session_proof(to->session, &from->office.sent[i].digest, &proof) == REASON_NONE &&
                  proof.verdict != REASON_NONE;
    }
    return proven;
}

size_t trio_doubled_count(const struct trio *trio)
{
    return trio->members[TRIO_CENTRE].office.doubled + trio->members[TRIO_AGENCY].office.doubled;
}

/* The first live entry of a member: where it is owed, and why it has not ended. */
static void describe_live(const struct member *member, char *ret_text, size_t size)
{
    const struct store_filter filter = {.state = 0};
    struct store_message message = {.type = 0};
    struct entry entry;
    size_t count = 0;
    ret_text[0] = 0;
    if (member->disk->verbs->list(member->disk, &filter, &entry, 1, &count) != REASON_NONE ||
        count == 0 ||
        member->disk->verbs->read_message(member->disk, entry.message_seq, &message) != REASON_NONE)
        return;
    (void)snprintf(ret_text, size, "; %s: type %u for %s, %s, %s", member->key.text, message.type,
                   entry.destination.text, entry_state_name(entry.state),
                   reason_code(entry.reason));
}

void trio_describe(struct trio *trio, char *ret_text, size_t size)
{
    const struct member *centre = &trio->members[TRIO_CENTRE];
    const struct member *agency = &trio->members[TRIO_AGENCY];
    (void)snprintf(ret_text, size,
                   "centre: %zu submitted, %zu known, %zu at its office, %llu live; agency: %zu, "
                   "%zu, %zu, %llu; gateway: %llu live",
                   centre->office.submitted, known_count(centre), centre->office.count,
                   (unsigned long long)live_count(centre), agency->office.submitted,
                   known_count(agency), agency->office.count,
                   (unsigned long long)live_count(agency),
                   (unsigned long long)live_count(&trio->members[TRIO_GATEWAY]));
    for (size_t i = 0; i < TRIO_MEMBERS; i++) {
        size_t used = strlen(ret_text);
        describe_live(&trio->members[i], ret_text + used, size - used);
    }
}
