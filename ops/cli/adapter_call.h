/* adapter_call - how the commands talk to the API of an adapter or a gateway: find it, ask, say
 * what failed. */
#pragma once

#include "ops/cli/commands.h"
#include "ops/cli/short_id.h"
#include "ops/client/http.h"

/* To the gateway, unless that is NULL: then to the adapter. EXIT_CODE_OK: *ret_http is the
 * caller's. Otherwise it was printed why. */
int program_open(const struct invocation *invocation, const char *adapter, const char *gateway,
                 struct http **ret_http);

/* EXIT_CODE_OK: 2xx; *ret_body is the caller's and may be NULL. Otherwise it was printed why:
 * EXIT_CODE_NEGATIVE for 404, _REFUSED for other answers, _UNREACHABLE. */
int adapter_call(const struct invocation *invocation, struct http *http,
                 const struct api_call *request, json_t **ret_body);
/* The same without a body. */
int adapter_ask(const struct invocation *invocation, struct http *http, const char *method,
                const char *path, json_t **ret_body);
/* Adds a parameter to a path; NULL: nothing. A value with nothing to encode: a key, a word. */
void path_add(char *path, size_t size, const char *name, const char *value);
/* A list that is given by pages, as one document: the first page with at most `limit` rows of
 * `name` in it. path may have a query. */
int adapter_ask_pages(const struct invocation *invocation, struct http *http, const char *path,
                      const char *name, int64_t limit, json_t **ret_answer);
/* The same judgement over an answer that came another way; releases the reply. */
int adapter_judge(const struct invocation *invocation, const struct http *http, enum reason reason,
                  struct api_reply *reply, json_t **ret_body);

/* Completes a short id (short_id.h) from what is on its way and what the inbox holds.
 * EXIT_CODE_OK: ret_id->found. Otherwise it was printed why. */
int adapter_find_id(const struct invocation *invocation, struct http *http, const char *text,
                    struct short_id *ret_id);

/* Why one of our own programs could not be asked. The reasons' own texts speak of offices. */
const char *unreachable_text(enum reason reason, enum language language);

/* Prints a document and a line end. What a terminal would not show as it is stands escaped in it.
 */
void json_print(const json_t *document);
/* The same, and gives it back; NULL (memory) prints nothing. */
void json_print_new(json_t *document);
/* The member as text for people, "" when there is none: on one line, and nothing in it that a
 * terminal would obey (proto/base/printable.h). Numbers are written into scratch. */
const char *json_text(const json_t *object, const char *name);
const char *json_number(const json_t *object, const char *name, char scratch[32]);
/* A state's name for people; the wire name when the table does not have it. */
const char *state_label(const char *state, enum language language);
/* A message type's name for people; the wire name when it is not known. */
const char *type_label(const char *type, enum language language);
/* The same in a column: of a receipt what it says, "↳ delivered". */
const char *type_label_short(const char *type, enum language language, char scratch[64]);
/* "2026-11-23T22:04:03.123Z" → "24/11/2026 05:04:03 +07:00": one zone in all that is printed, and
 * its offset. Other texts as they are. */
const char *time_label(const char *time, char scratch[32]);
