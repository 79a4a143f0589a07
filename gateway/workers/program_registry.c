/* Reading registry and trust, with everything that is wrong said to the log: line by line for a
 * registry at fault, which is then not used at all, and as findings for certificates that will be
 * refused, which hinder nobody else. */
#include "gateway/workers/program_registry.h"

#include <sys/stat.h>

#include "gateway/workers/program.h"
#include "gateway/workers/program_log.h"
#include "gateway/workers/registry_check.h"
#include "proto/seal/sha256.h"
#include "proto/seal/trust.h"
#include "routing/registry/registry.h"

/* One event a line: a log's reader cuts long ones, and the last fault is as important as the
 * first. */
static void log_faults(const struct faults *faults, enum language language, const struct log *log)
{
    struct buffer line;
    buffer_init(&line, LOG_LINE_BYTES_MAX);
    for (size_t at = 0; faults_next_line(faults, &at, language, &line);) {
        program_log_event(log, LOG_ERROR, "registry_fault", REASON_REGISTRY_INVALID,
                          buffer_text(&line));
        buffer_clear(&line);
    }
    buffer_release(&line);
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

/* What will be refused, before it is: the daemon goes on, its staff know. */
static void log_findings(const struct registry_findings *findings, enum language language,
                         const struct log *log)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct registry_finding *finding = &findings->items[i];
        struct buffer text;
        buffer_init(&text, LOG_VALUE_BYTES_MAX * 8);
        if (registry_finding_print(finding, language, &text))
            program_log_event(log, finding->is_fault ? LOG_WARNING : LOG_INFO, "registry_finding",
                              finding->reason, buffer_text(&text));
        buffer_release(&text);
    }
}

/* Which folder stands there; a new one may be put in its place while we read. */
static ino_t folder_at(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? status.st_ino : 0;
}

/* Two months before what it knows of days off ends: due dates beyond are provisional. */
static void log_calendar(const struct registry *registry, const struct log *log)
{
    char day[DAY_TEXT_BYTES];
    civil_day_t known_to = calendar_known_to(registry_calendar(registry));
    day_format(known_to, day);
    if (known_to.number != DAY_FIRST.number &&
        known_to.number - day_of(program_wall()).number < CALENDAR_WARNING_DAYS)
        program_log_event(log, LOG_WARNING, "calendar_ends", REASON_NONE, day);
}

static bool load(const char *path, enum language language, const struct log *log,
                 struct registry **ret_registry, struct trust **ret_trust)
{
    static struct registry_findings findings;
    char culprit[FILE_PATH_BYTES_MAX];
    struct registry *registry = NULL;
    enum reason reason = program_registry_read(path, language, log, &registry);
    if (reason != REASON_NONE) {
        program_log_event(log, LOG_ERROR, "registry_refused", reason, path);
        return false;
    }
    reason = registry_check_trust(path, registry, program_wall(), ret_trust, culprit, &findings);
    if (reason != REASON_NONE) {
        program_log_event(log, LOG_ERROR, "trust_refused", reason, culprit);
        registry_destroy(&registry);
        return false;
    }
    log_findings(&findings, language, log);
    log_calendar(registry, log);
    *ret_registry = registry;
    return true;
}

bool program_registry_load(const char *path, enum language language, const struct log *log,
                           struct registry **ret_registry, struct trust **ret_trust)
{
    enum { TRIES = 3 }; /* it is replaced by people */
    for (int i = 0;; i++) {
        ino_t before = folder_at(path);
        if (!load(path, language, log, ret_registry, ret_trust))
            return false;
        if (folder_at(path) == before || i == TRIES)
            return true;
        registry_destroy(ret_registry);
        trust_drop(ret_trust);
    }
}

/* A setting comes first, for an adapter that is set up before it has the registry's file. */
bool program_gateway_key(const char *setting, const struct registry *registry,
                         const char *participant, struct curve_key *ret_key)
{
    if (setting[0] != 0)
        return curve_key_parse(bytes_of_text(setting), ret_key);
    struct key key = key_of(participant);
    const struct participant *gateway = registry_participant(registry, &key);
    return gateway != NULL && curve_key_parse(bytes_of_text(gateway->curve_public_key), ret_key);
}
