/* Whether we are who the registry says: signed by our key and verified by our own trust, as
 * another participant will do it. Found here, a wrong certificate costs a minute; found by a peer,
 * every message of ours is refused. */
#include "gateway/workers/self_check.h"

#include <string.h>

#include "gateway/workers/program_log.h"

enum { CHECK_BYTES_MAX = 64 * 1024 };

enum reason self_check(const struct registry *registry, const struct key *self,
                       const struct crypto_port *crypto, const struct curve_key *link_key,
                       wall_t now)
{
    const struct participant *participant = registry_participant(registry, self);
    const struct bytes content = bytes_of_text("lienthong --check");
    struct buffer signature;
    if (participant == NULL)
        return REASON_AGENCY_UNKNOWN;
    if (strcmp(participant->curve_public_key, link_key->text) != 0)
        return REASON_LINK_REFUSED;
    buffer_init(&signature, CHECK_BYTES_MAX);
    enum reason reason = crypto->sign(crypto->context, content, now, &signature);
    if (reason == REASON_NONE)
        reason = crypto->verify(crypto->context, content, buffer_view(&signature),
                                (struct bytes){NULL, 0}, self, now);
    buffer_release(&signature);
    return reason;
}

void self_check_warn(struct log *log, const struct registry *registry, const struct key *self,
                     const struct crypto_port *crypto, const struct curve_key *link_key, wall_t now)
{
    enum reason reason = self_check(registry, self, crypto, link_key, now);
    if (reason != REASON_NONE)
        program_log_event(log, LOG_WARNING, "self_check", reason, self->text);
}
