/* reason - why something was refused, put off or given up: one table for log, receipt and ledger.
 *
 * A reason is made where the problem is seen and carried unchanged from there on. Numbers are part
 * of the protocol (they stand in signed receipts): add, never renumber. The table is
 * base/reason.def; hints in Vietnamese stand beside it, in base/reason_hint.def.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/language.h"

enum reason {
#define REASON(name, number, code, class, turn, vi, en, hint) REASON_##name = number,
#include "proto/base/reason.def"
#undef REASON
};

enum reason_class {
    REASON_CLASS_OK,
    REASON_CLASS_TRANSIENT,
    REASON_CLASS_SESSION,
    REASON_CLASS_DUPLICATE,
    REASON_CLASS_PERMANENT,
    REASON_CLASS_UNKNOWN,
};

/* Whose program a reason is about. */
enum party { PARTY_ADAPTER = 0, PARTY_PORTAL, PARTY_GATEWAY };

/* Whose turn it is. */
enum actor {
    ACTOR_NOBODY = 0, /* it goes on by itself */
    ACTOR_SENDER,
    ACTOR_OFFICE,    /* the back office behind the party's adapter */
    ACTOR_AGENCY_IT, /* who runs the party's adapter */
    ACTOR_CENTRE,    /* who keeps the registry */
    ACTOR_PORTAL,
    ACTOR_GATEWAY, /* who runs the gateway */
};

/* All answer for any number; one that the table does not have reads "unknown", class UNKNOWN. */
const char *reason_code(enum reason reason);
enum reason_class reason_class(enum reason reason);
const char *reason_vietnamese(enum reason reason);
const char *reason_english(enum reason reason);
/* What the operator may do about it; may be "". */
const char *reason_hint(enum reason reason);
const char *reason_hint_vietnamese(enum reason reason);
/* The two in one language. */
const char *reason_text(enum reason reason, enum language language);
const char *reason_hint_text(enum reason reason, enum language language);
/* Who must act on it. party: whom the reason is about, as the registry knows it. */
enum actor reason_actor(enum reason reason, enum party party);
const char *actor_code(enum actor actor); /* "agency_it" */
const char *actor_vietnamese(enum actor actor);
const char *actor_english(enum actor actor);
/* False when no reason has this wire code. */
bool reason_parse(struct bytes code, enum reason *ret_reason);
/* True when the number stands in the table: use before casting a number that came from outside. */
bool reason_is_known(uint32_t number);
