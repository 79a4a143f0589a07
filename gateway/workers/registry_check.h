/* registry_check - what a registry folder is worth at a given time.
 *
 * The one judgement behind `lienthong registry check`, the daemons' --check, their start and their
 * reload: the files (registry_directory.h), the trust that they give (trust.h), and then each
 * participant's certificates and each revocation list as they will be judged. What a signature
 * would be refused for stands in the findings before the first signature comes.
 */
#pragma once

#include "gateway/workers/registry_directory.h"
#include "proto/base/language.h"

enum {
    REGISTRY_FINDINGS_MAX = 256,      /* more are counted, not kept */
    REGISTRY_FINDING_NAME_BYTES = 256 /* with terminator */
};

struct registry_finding {
    enum reason reason; /* of trust_judge or trust_judge_list */
    bool is_list;
    /* A fault: messages will be refused or put off for it. Otherwise to know: a certificate beside
     * one of the same participant that counts, a list beside others. */
    bool is_fault;
    char name[REGISTRY_FINDING_NAME_BYTES]; /* of a list: its issuer. Otherwise participant, file */
};

struct registry_findings {
    struct registry_finding items[REGISTRY_FINDINGS_MAX];
    size_t count;
    size_t left_out;
    size_t faults; /* those left out included */
};

/* Loads the trust of a registry that was read from the same folder (registry_directory_load), and
 * judges both. A faulty list is one that nobody known signed; one that is incomplete or out of date
 * harms only where it leaves a certificate unknown, which is then a finding of its own.
 * REASON_NONE, also with findings: the caller holds the snapshot. Otherwise as
 * trust_directory_load, without findings. */
enum reason registry_check_trust(const char *path, const struct registry *registry, wall_t now,
                                 struct trust **ret_trust, char ret_culprit[FILE_PATH_BYTES_MAX],
                                 struct registry_findings *ret_findings);

/* Appends one sentence without a line end. False when it does not fit. */
bool registry_finding_print(const struct registry_finding *finding, enum language language,
                            struct buffer *ret_text);
