/* bad_input - a province with bad certificates, and how one thing at a time is sent and judged. */
#pragma once

#include "tests/support/peer.h"

enum { WAIT_MS = 20000, DOCUMENT_BYTES_MAX = 64 * 1024 };
#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

/* Agencies of the province, and what is wrong with their certificates. */
enum { GOOD = 1, EXPIRED, FUTURE, REVOKED, SHORT, EDWARD, STRANGER, AGENCIES = STRANGER };

extern struct province bad_province;
extern char bad_endpoint[LINK_ENDPOINT_BYTES_MAX + 1];
extern int bad_failures;
extern int bad_passes;

bool bad_make_province(const char *directory);
/* Prints one line and counts it. */
void bad_report(const char *name, bool passed, const char *got);
bool bad_open_peer(struct peer *peer, size_t index);
void bad_send_parcel(struct peer *peer, const struct parcel *parcel);
void bad_send_document(struct peer *peer, struct bytes document, struct bytes signature);
/* A progress message with a dossier code of its own. */
void bad_progress_draft(struct peer *peer, struct envelope *ret_draft);
void bad_expect_receipt(struct peer *peer, const char *name, const struct message_id *id,
                        uint32_t type, enum reason reason);
/* Builds, signs and sends; REASON_NONE expects custody. */
void bad_send_draft(struct peer *peer, const char *name, const struct envelope *draft,
                    enum reason expected);
void bad_expect_still_well(struct peer *peer);
