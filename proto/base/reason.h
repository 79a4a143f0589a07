/* reason - why something was refused, put off or given up: one table for log, receipt and ledger.
 *
 * A reason is made where the problem is seen and carried unchanged from there on. Numbers are part
 * of the protocol (they stand in signed receipts): add, never renumber. The table is
 * base/reason.def; hints in Vietnamese stand beside it, in base/reason_hint.def.
 */
#ifndef PROTO_BASE_REASON_H
#define PROTO_BASE_REASON_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/language.h"

enum reason {
#define REASON(name, number, code, class, vi, en, hint) REASON_##name = number,
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
/* False when no reason has this wire code. */
bool reason_parse(struct bytes code, enum reason *ret_reason);
/* True when the number stands in the table: use before casting a number that came from outside. */
bool reason_is_known(uint32_t number);

#endif
