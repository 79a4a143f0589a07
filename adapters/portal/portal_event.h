/* portal_event - what one message means to the national portal: the dossier's facts after it, and
 * the record that tells the portal so.
 *
 *   facts before ──┐
 *                  ├─ portal_event_read ─▶ facts after, state before and after, service
 *   one message ───┘
 *
 * Pure: the same message after the same facts always gives the same event. So a state is told as it
 * was when its message was sealed, however late it is sent, and a dossier's whole history can be
 * told again from its messages.
 *
 *   message type                       service    state after
 *   transfer                           record     2, or as it was
 *   progress                           progress   its own national state, or as it was
 *   supplement_request                 record     5
 *   supplement                         record     4
 *   suspend                            progress   as it was
 *   resume                             record when it brings a new due date, else progress; same
 *   financial_obligation               record     6
 *   result                             record     its own: 9, or 8
 *   result_objection                   record     4
 *   extension                          record     as it was
 *   refusal                            legal: record, 3 before reception, 8 after; else progress
 *   withdrawal                         record     7
 *   handed_over                        record     10
 *   consultation_request, _reply       progress   as it was
 *   a message that came to nothing     progress   as it was: portal_ended.c
 *
 * A message is the object of message_json_for_office with a member "registry" beside it:
 *   {envelope, body, attachments, registry: {procedure: {code, name, field_code},
 *                                            agency: {key, code, name}}}
 *
 * Facts are one JSON object in the words of body.proto: code, procedure, agency, owner, summary,
 * channel, submitted_at, return_kind, state, submitted_ms, received_ms, due_ms, finished_ms,
 * handed_ms, refused_ms, note, files, components, fees, supplements, results, pause_ms. Moments are
 * milliseconds since 1970. A dialect (provincial.jq, ministry.jq) turns them into its own fields.
 */
#pragma once

#include <jansson.h>

#include "proto/base/reason.h"
#include "routing/dossier/dossier_state.h"

enum portal_service {
    PORTAL_RECORD = 1, /* the dossier itself: DongBoHoSoMC */
    PORTAL_PROGRESS,   /* one step of its way: CapNhatTienDoHoSoMC */
};

enum {
    PORTAL_LIST_MAX = 256, /* files, fees, supplements or results of one dossier */
};

struct portal_event {
    enum portal_service service;
    enum dossier_state from, to;
    int64_t at_ms;
    json_t *facts; /* after the event; owned */
    json_t *step;  /* of a progress: {official, position, unit, content, state, at_ms, started_ms,
                      due_ms}; owned; NULL of a record */
};

/* facts: before the message; NULL: the dossier is not known. On REASON_NONE ret_event is to be
 * released. Otherwise nothing may be sent, and a person has to look:
 *   REASON_PORTAL_TRANSITION   the state may not follow (dossier_state.h)
 *   REASON_PORTAL_DOSSIER      nothing is known of the dossier, and this message cannot begin it
 *   REASON_FIELD_TOO_LONG      a list of the dossier is at PORTAL_LIST_MAX
 *   REASON_MESSAGE_TYPE_UNKNOWN
 *   REASON_OUT_OF_MEMORY */
enum reason portal_event_read(const json_t *message, const json_t *facts,
                              struct portal_event *ret_event);
void portal_event_release(struct portal_event *event);

/* Members of facts that the ledger keeps in columns. */
int64_t portal_fact_number(const json_t *facts, const char *name);
const char *portal_fact_text(const json_t *object, const char *name);
