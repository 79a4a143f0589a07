/* short_id - message ids as people type them: any beginning that only one of them has.
 *
 * A short form is at least SHORT_ID_BYTES_MIN characters of an id, the millisecond that it was made
 * in, so that what a table shows is seldom somebody else's as well; a '…' at its end, which tables
 * print, may be typed along. Short forms are looked up among what waits: what is on its way and
 * what the inbox holds. Anything else is named by its whole id.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "ops/cli/commands.h"
#include "proto/base/id.h"

enum {
    SHORT_ID_BYTES_MIN = 13, /* "019ad4f2-1c3e" */
    SHORT_ID_TEXT_BYTES = MESSAGE_ID_TEXT_BYTES + 3,
};

/* Whether it may be an id or the beginning of one: said of a command line before anybody is asked.
 */
bool short_id_is_good(const char *text);
/* The first `bytes` characters of an id and '…'. */
void short_id_print(const char *id, size_t bytes, char ret_text[SHORT_ID_TEXT_BYTES]);

/* One look-up: fed with every list that the id may be in, it knows at the end. */
struct short_id {
    char text[MESSAGE_ID_TEXT_BYTES]; /* as typed, without '…' */
    char found[MESSAGE_ID_TEXT_BYTES];
    char other[MESSAGE_ID_TEXT_BYTES]; /* not "": another one begins with the text as well */
};

void short_id_init(struct short_id *search, const char *text);
/* The whole id was typed: nothing needs to be asked. */
bool short_id_is_whole(const struct short_id *search);
/* Rows with a member "message_id". */
void short_id_look(struct short_id *search, const json_t *rows);
/* EXIT_CODE_OK: .found is the id. Otherwise it was printed why not. */
int short_id_judge(const struct short_id *search, const struct invocation *invocation);
