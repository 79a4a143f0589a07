/* portal_proposal - a registry's folder as it would be if it followed the portal's catalogue.
 *
 *   new procedure       a line, for the agency with the portal's unit code; without such an agency
 *                       it is only listed
 *   gone                valid_to is yesterday: dossiers under way keep it
 *   renamed             name_vi
 *   agencies            only listed, but for their names: keys, roles and certificates are a
 *                       person's decision
 *
 * All other files are copied as they are; the version is raised. Lines that do not change stay byte
 * for byte, so that diff shows what is proposed and nothing else. */
#pragma once

#include <jansson.h>

#include "proto/base/reason.h"
#include "proto/base/time.h"
#include "routing/registry/registry.h"

struct portal_proposal {
    const char *directory; /* of the registry that was read */
    const char *output;
    wall_t today;
    const struct registry *registry;
    const json_t *procedures; /* [{code, name, field, agency}] */
    const json_t *agencies;   /* [{code, name, level}] */
};

/* [{kind, code, ours, theirs}]: procedure_new, _gone, _renamed, agency_new, _gone, _renamed. */
json_t *portal_proposal_changes(const struct portal_proposal *proposal);
/* Makes the folder. REASON_FILE_UNREADABLE, REASON_STORE_FAILED (also: it is there already). */
enum reason portal_proposal_write(const struct portal_proposal *proposal);
