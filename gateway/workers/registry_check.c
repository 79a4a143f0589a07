/* What the registry's certificates and revocation lists will do to messages, before the first one
 * comes. A certificate that has expired beside a good one is the normal end of its life and only
 * mentioned; a participant without any good one is a fault. */
#include "gateway/workers/registry_check.h"

#include <stdio.h>
#include <string.h>

#include "proto/seal/trust.h"
#include "routing/registry/registry.h"

static void add(struct registry_findings *findings, const struct registry_finding *finding)
{
    findings->faults += finding->is_fault;
    if (findings->count == REGISTRY_FINDINGS_MAX)
        findings->left_out++;
    else
        findings->items[findings->count++] = *finding;
}

/* What may happen to one certificate of several in the course of its life. */
static bool is_of_its_age(enum reason reason)
{
    return reason == REASON_CERTIFICATE_EXPIRED || reason == REASON_CERTIFICATE_NOT_YET_VALID ||
           reason == REASON_CERTIFICATE_REVOKED;
}

/* The participants' certificates stand in the snapshot in the order of the registry. */
static void check_signers(const struct registry *registry, const struct trust *trust, wall_t now,
                          struct registry_findings *findings)
{
    size_t first = 0;
    for (size_t i = 0; i < registry_participant_count(registry); i++) {
        const struct participant *participant = registry_participant_at(registry, i);
        bool has_good = false;
        for (size_t k = 0; k < participant->certificate_count; k++)
            has_good |= trust_judge(trust_signer_at(trust, first + k), now) == REASON_NONE;
        for (size_t k = 0; k < participant->certificate_count; k++) {
            struct registry_finding finding = {0};
            finding.reason = trust_judge(trust_signer_at(trust, first + k), now);
            finding.is_fault = !has_good || !is_of_its_age(finding.reason);
            (void)snprintf(finding.name, sizeof finding.name, "%s, %s",
                           participant->agency->key.text, participant->certificates[k]);
            if (finding.reason != REASON_NONE)
                add(findings, &finding);
        }
        first += participant->certificate_count;
    }
}

/* A list that is old or incomplete is mentioned: it still revokes. One that nobody known has signed
 * does nothing, which its owner cannot mean. */
static void check_lists(const struct trust *trust, wall_t now, struct registry_findings *findings)
{
    for (size_t i = 0; i < trust_list_count(trust); i++) {
        struct registry_finding finding = {.is_list = true};
        finding.reason = trust_judge_list(trust, i, now);
        finding.is_fault = finding.reason == REASON_LIST_NOT_SIGNED;
        (void)snprintf(finding.name, sizeof finding.name, "%s", trust_list_issuer(trust, i));
        if (finding.reason != REASON_NONE)
            add(findings, &finding);
    }
}

enum reason registry_check_trust(const char *path, const struct registry *registry, wall_t now,
                                 struct trust **ret_trust, char ret_culprit[FILE_PATH_BYTES_MAX],
                                 struct registry_findings *ret_findings)
{
    ret_findings->count = 0;
    ret_findings->left_out = 0;
    ret_findings->faults = 0;
    enum reason reason = trust_directory_load(path, registry, now, ret_trust, ret_culprit);
    if (reason != REASON_NONE)
        return reason;
    check_signers(registry, *ret_trust, now, ret_findings);
    check_lists(*ret_trust, now, ret_findings);
    return REASON_NONE;
}

bool registry_finding_print(const struct registry_finding *finding, enum language language,
                            struct buffer *ret_text)
{
    bool is_vietnamese = language == LANGUAGE_VIETNAMESE;
    const char *kind = !finding->is_list ? ""
                       : is_vietnamese   ? "danh sách thu hồi của "
                                         : "revocation list of ";
    const char *hint =
        is_vietnamese ? reason_hint_vietnamese(finding->reason) : reason_hint(finding->reason);
    const char *text =
        is_vietnamese ? reason_vietnamese(finding->reason) : reason_english(finding->reason);
    return buffer_append_format(ret_text, "%s%s: %s (%s). %s", kind, finding->name, text,
                                reason_code(finding->reason), hint);
}
