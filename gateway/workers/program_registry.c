#include "gateway/workers/program_registry.h"

#include "gateway/workers/program.h"
#include "gateway/workers/program_log.h"
#include "proto/seal/sha256.h"
#include "proto/seal/trust.h"
#include "routing/registry/registry.h"

static void log_faults(const struct faults *faults, enum language language, const struct log *log)
{
    for (size_t i = 0; i < faults->count; i++) {
        struct buffer text;
        buffer_init(&text, LOG_VALUE_BYTES_MAX * 2);
        if (fault_print(&faults->items[i], language, &text))
            program_log_event(log, LOG_ERROR, "registry_fault", REASON_REGISTRY_INVALID,
                              buffer_text(&text));
        buffer_release(&text);
    }
}

enum reason program_registry_read(const char *path, enum language language, const struct log *log,
                                  struct registry **ret_registry)
{
    static struct faults faults;
    enum reason reason = registry_directory_load(path, sha256_parts, &faults, ret_registry);
    if (reason != REASON_NONE)
        log_faults(&faults, language, log);
    return reason;
}

bool program_registry_load(const char *path, enum language language, const struct log *log,
                           struct registry **ret_registry, struct trust **ret_trust)
{
    char culprit[FILE_PATH_BYTES_MAX];
    struct registry *registry = NULL;
    enum reason reason = program_registry_read(path, language, log, &registry);
    if (reason != REASON_NONE) {
        program_log_event(log, LOG_ERROR, "registry_refused", reason, path);
        return false;
    }
    reason = trust_directory_load(path, registry, program_wall(), ret_trust, culprit);
    if (reason != REASON_NONE) {
        program_log_event(log, LOG_ERROR, "trust_refused", reason, culprit);
        registry_destroy(&registry);
        return false;
    }
    *ret_registry = registry;
    return true;
}

bool program_gateway_key(const char *setting, const struct registry *registry,
                         const char *participant, struct curve_key *ret_key)
{
    if (setting[0] != 0)
        return curve_key_parse(bytes_of_text(setting), ret_key);
    struct key key = key_of(participant);
    const struct participant *gateway = registry_participant(registry, &key);
    return gateway != NULL && curve_key_parse(bytes_of_text(gateway->curve_public_key), ret_key);
}
