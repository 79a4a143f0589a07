/* message_json - a stored message as the local API and the mappings of back offices see it. */
#pragma once

#include <jansson.h>

#include "gateway/port/store.h"
#include "proto/base/arena.h"
#include "proto/codec/envelope.h"

struct registry;

enum {
    MESSAGE_JSON_URL_BYTES = 128,
    /* Parsed forms of the largest document; see examine_memory_bytes. */
    MESSAGE_JSON_ARENA_BYTES = 8 * ENVELOPE_BYTES_MAX,
};

/* Where attachments are fetched: "http://127.0.0.1:7650" and the token for links; token may be "".
 */
struct message_links {
    char base[MESSAGE_JSON_URL_BYTES];
    const char *token;
};

/* Which items of a receipt are shown. */
enum message_json_items {
    MESSAGE_JSON_COPIES, /* to an office: of copies that it has, and nothing said to ourselves */
    MESSAGE_JSON_ITEMS,  /* to whoever follows all messages: each, with its words */
};
/* {message_id, sha256, type, type_vi, sender, recipient, dossier_code, …, body, attachments}: the
 * members of GET /v1/inbox. The arena is reset. NULL when memory is short or the document cannot be
 * parsed. */
json_t *message_json(const struct store_document *document, const struct message_links *links,
                     enum message_json_items items, struct arena *arena);
/* The same members without body and attachments, as far as the store's columns have them: of a
 * message whose bytes are here no more. NULL when memory is short. */
json_t *message_json_of_row(const struct store_message *message);
/* {envelope: {…}, body: {…}, attachments: […], registry: {procedure: {…}, agency: {…}}}: what a
 * mapping gets. Of the registry what it knows of the procedure, and of the agency that the dossier
 * is with; registry NULL: nothing. */
json_t *message_json_for_office(const struct store_document *document,
                                const struct message_links *links, const struct registry *registry,
                                struct arena *arena);
/* The member "registry" anew, by today's registry, of a message that was kept. NULL: as it is.
 * False when memory is short. */
bool message_json_describe(json_t *message, const struct registry *registry);
