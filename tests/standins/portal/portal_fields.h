/* portal_fields - what the national portal's documented entries may and must hold.
 *
 * One table per kind of entry: field, type, bound, code list, and the states of the dossier in
 * which it is required. An entry with a field that no table knows is refused as well, because a
 * field that is spelt wrong is otherwise lost in silence. Source: the field lists of the provincial
 * push interface and of the ministries' newer one, as they are found in systems that use them.
 *
 * Pure: reads JSON, changes nothing.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

enum {
    PORTAL_FIELD_BYTES = 128,     /* a field's name as an answer repeats it */
    PORTAL_CODE_CHARACTERS = 64,  /* a dossier code */
    PORTAL_PROGRESS_AT_ONCE = 10, /* entries of one progress call, as documented */
    PORTAL_DOSSIERS_AT_ONCE = 100,
};

/* The ten national states; 0: the dossier is not known. */
enum portal_state {
    PORTAL_NONE = 0,
    PORTAL_REGISTERED = 1,
    PORTAL_RECEIVED = 2,
    PORTAL_NOT_RECEIVED = 3,
    PORTAL_PROCESSING = 4,
    PORTAL_SUPPLEMENT = 5,
    PORTAL_FINANCE = 6,
    PORTAL_WITHDRAWN = 7,
    PORTAL_STOPPED = 8,
    PORTAL_DONE = 9,
    PORTAL_RETURNED = 10,
};

/* May a dossier go from one state to the other? To stay is always allowed. */
bool portal_may_go(enum portal_state from, enum portal_state to);

/* The field at fault, and true; false when the entry is as documented. */
struct portal_fault {
    char field[PORTAL_FIELD_BYTES];
};
bool portal_record_is_faulty(const json_t *entry, struct portal_fault *ret_fault);
bool portal_progress_is_faulty(const json_t *entry, struct portal_fault *ret_fault);

/* The same for the ministries' interface. */
bool ministry_dossier_is_faulty(const json_t *entry, struct portal_fault *ret_fault);
bool ministry_progress_is_faulty(const json_t *entry, struct portal_fault *ret_fault);
bool ministry_state_is_faulty(const json_t *entry, struct portal_fault *ret_fault);

/* A code: a string of digits, or a number. -1 when it is neither. */
int portal_code(const json_t *entry, const char *field);
/* "" when the entry has no such text. */
const char *portal_text(const json_t *entry, const char *field);
