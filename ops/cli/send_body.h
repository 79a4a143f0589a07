/* send_body - the body of a message from a JSON file and from fields given one by one. */
#pragma once

#include <jansson.h>

#include "ops/cli/commands.h"
#include "ops/cli/options.h"
#include "proto/codec/message_type.h"

/* The file's object (NULL: an empty one; "-": standard input) with the fields set in it. A field is
 * "a.b.c=value"; what kind of value it takes, the schema says. EXIT_CODE_OK: *ret_body is the
 * caller's; otherwise it was printed why. */
int send_body_make(const struct invocation *invocation, enum message_type type, const char *file,
                   const struct option_list *fields, json_t **ret_body);
/* "application/pdf" and the like from the name's ending; application/octet-stream otherwise. */
const char *send_media_type(const char *name);
