/* trio - a gateway, the centre's adapter and an agency's adapter in one thread: the real cores over
 * stores and blobs in memory, a line that loses nothing, offices that know what they already have.
 *
 *   trio_open(faults, whose)     the ports of one of the three may fail (failing_ports.h)
 *   trio_run                     TRIO_TRANSFERS transfers go out, each is answered with a result
 *   trio_close
 *
 * Checked at every frame that leaves: what it acknowledges, whether by TAKEN or by a custody
 * receipt, is in the sender's store (invariant 1); what it calls delivered, the office has (9).
 * trio_carry puts a carrier (adapters/carrier/carry.h) between the gateway and both adapters, and
 * has one part of the way renewed in the n-th step while the others go on.
 *
 * trio_run is true when within TRIO_LIMIT_MS of the trio's own time every transfer and every result
 * was taken by the other's office, is known as delivered to whoever sent it, and nothing is left in
 * any outbox. */
#pragma once

#include "adapters/core/session.h"
#include "gateway/core/broker.h"
#include "tests/support/failing_ports.h"

enum {
    TRIO_TRANSFERS = 3,
    TRIO_LIMIT_MS = 3 * 60 * 60 * 1000, /* an unanswered message is asked for after an hour */
    TRIO_FRAMES_MAX = 256,
    TRIO_OFFICE_MAX = 8,
};

enum trio_member { TRIO_GATEWAY = 0, TRIO_CENTRE, TRIO_AGENCY, TRIO_MEMBERS };

enum trio_renewal {
    TRIO_NOTHING = 0,
    TRIO_ADAPTER_RESTARTS, /* the agency's; old frames of it are still at the carrier */
    TRIO_CARRIER_RESTARTS,
    TRIO_GATEWAY_RESTARTS,
    TRIO_LINE_BLINKS,           /* cut and back before anybody's heartbeat is missed */
    TRIO_LINE_BLINKS_UNNOTICED, /* the same, and what the carrier tells its adapters is lost too */
    TRIO_LINE_IS_CUT,           /* for 30 s */
    TRIO_AGENCY_GOES_DIRECT,    /* while the carrier stands still with old frames of it */
    TRIO_AGENCY_COMES_BACK,     /* the same, and then through the carrier again */
    TRIO_RENEWALS,
};

struct trio;

/* faults may be NULL: nothing fails. */
struct trio *trio_open(struct port_faults *faults, enum trio_member whose);
/* After trio_open, before trio_run. */
void trio_carry(struct trio *trio, enum trio_renewal renewal, size_t step);
bool trio_run(struct trio *trio);

/* Times of what follows: since trio_open. Before trio_run. */
/* The member seals with a certificate that is over from ends_ms on (a word of
 * open_crypto.h; one moment for all), and with another one after renewed_ms. */
void trio_certify(struct trio *trio, enum trio_member member, const char *word, int64_t ends_ms,
                  int64_t renewed_ms);
/* An adapter has no line to the gateway from then until then. */
void trio_stay_away(struct trio *trio, enum trio_member member, int64_t from_ms, int64_t until_ms);
/* The member loses its disk then, and is put back from a backup that was made at copied_ms, as
 * ops/backup does it. Of an office: it keeps what it has. */
void trio_put_back(struct trio *trio, enum trio_member member, int64_t copied_ms, int64_t at_ms);
/* Calls that an office was given as the first of a message which it had already. */
size_t trio_doubled_count(const struct trio *trio);
/* Whether the member's messages to the other office were judged at the gateway's custody there. */
size_t trio_proven_count(const struct trio *trio, enum trio_member member);
/* How long it took, of its own time; how many steps; whether the renewal came. */
int64_t trio_elapsed_ms(const struct trio *trio);
bool trio_has_renewed(const struct trio *trio);
void trio_close(struct trio **trio);
/* How many different messages the member's office has, and how often it was called. */
size_t trio_office_count(const struct trio *trio, enum trio_member member);
/* What keeps the trio from being done, for a failing test's message. */
void trio_describe(struct trio *trio, char *ret_text, size_t size);
