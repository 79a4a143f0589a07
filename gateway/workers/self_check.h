/* self_check - would anybody take what this program says? For gateway and adapter: --check
 * refuses, and a start warns. */
#pragma once

#include "gateway/port/crypto.h"
#include "proto/link/link.h"
#include "proto/log/log.h"
#include "routing/registry/registry.h"

/* Signs a few bytes and verifies them as self's by the same registry and trust that everybody else
 * has: a certificate that is not enrolled for self, out of date, revoked or untrusted is named by
 * its reason. REASON_AGENCY_UNKNOWN: self is no participant. REASON_LINK_REFUSED: the registry has
 * another link key for self. */
enum reason self_check(const struct registry *registry, const struct key *self,
                       const struct crypto_port *crypto, const struct curve_key *link_key,
                       wall_t now);

/* The same as a line of the log. A program starts all the same: what waits in its store is kept and
 * shown, and the registry may be mended while it runs. */
void self_check_warn(struct log *log, const struct registry *registry, const struct key *self,
                     const struct crypto_port *crypto, const struct curve_key *link_key,
                     wall_t now);
