/* The registry in two versions, and what they decide, written down a second time: as a table of
 * this simulation and not as routing/ works it out. */
#include <stdio.h>
#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/seal/sha256.h"
#include "tests/sim/check.h"

static const char *const procedures[PROCEDURES] = {"2.000635", "1.000001", "1.000002", "1.000003",
                                                   "1.000004"};

static const char *const policies[REGISTRY_VERSIONS] = {
    "sender,type,recipient,copies,life_hours\n"
    "centre,transfer,agency,,168\ncentre,supplement,agency,,168\n"
    "agency,progress,centre,,168\nagency,result,centre,portal,168\nagency,result,portal,,168\n",
    "sender,type,recipient,copies,life_hours\n"
    "centre,transfer,agency,,168\ncentre,supplement,agency,,168\n"
    "agency,result,centre,,168\n",
};

const char *catalogue_procedure(int procedure)
{
    return procedures[procedure];
}

/* Procedure p belongs to agency p; by the second version that of the last honest agency belongs to
 * the first. */
static int agency_of(int version, int procedure)
{
    if (procedure == AGENCIES)
        return NODE_HOSTILE;
    return NODE_AGENCY + (version == 1 && procedure == AGENCIES - 1 ? 0 : procedure);
}

/* Half a week to two months: beyond the end of a calendar, for some. */
unsigned int catalogue_days(int procedure)
{
    enum { LEAST = 3, STEP = 10 };
    return LEAST + STEP * (unsigned int)procedure;
}

int64_t catalogue_appointment_ms(unsigned int number, int64_t received_ms)
{
    enum { EVERY = 4, DAYS = 100 };
    return number % EVERY == 0 ? received_ms + DAYS * DAY_MS : 0;
}

static struct registry *make(int version, int edition)
{
    static struct faults faults;
    static char holidays[HOLIDAYS_BYTES];
    char versions[32];
    char agencies[1024];
    char participants[2048];
    char procedure_rows[1024];
    char competence[128];
    char retention[128];
    int used[3];
    (void)snprintf(versions, sizeof versions, "2026-11-24.%d\n", version + 1);
    used[0] = snprintf(agencies, sizeof agencies,
                       "key,official_code,former_codes,name_vi,name_en,role,valid_from,valid_to,"
                       "successor,system,sample\n");
    used[1] = snprintf(participants, sizeof participants,
                       "key,role,curve_public_key,certificates,window_messages\n");
    used[2] = snprintf(procedure_rows, sizeof procedure_rows,
                       "code,name_vi,name_en,field_code,agency,service_level,processing_days,"
                       "valid_from,valid_to,sample\n");
    (void)snprintf(retention, sizeof retention,
                   "procedure,kind,days\n,bodies,%d\n,metadata,%d\n,evidence,%d\n",
                   KEEP_BODIES_DAYS, KEEP_METADATA_DAYS, KEEP_EVIDENCE_DAYS);
    for (int node = 0; node < NODES; node++) {
        const char *name = sim_node_name(node);
        const char *role = node == NODE_GATEWAY  ? "gateway"
                           : node == NODE_CENTRE ? "centre"
                           : node == NODE_PORTAL ? "portal"
                                                 : "agency";
        used[0] += snprintf(agencies + used[0], sizeof agencies - (size_t)used[0],
                            "%s,H38.%02d,,%s,%s,%s,,,,,no\n", name, node + 10, name, name, role);
        used[1] += snprintf(participants + used[1], sizeof participants - (size_t)used[1],
                            "%s,%s,%040d,%s.pem,100\n", name, role, node + 1, name);
    }
    for (int i = 0; i < PROCEDURES; i++)
        used[2] += snprintf(procedure_rows + used[2], sizeof procedure_rows - (size_t)used[2],
                            "%s,P,P,G15-TP01,%s,full,%u,2020-01-01,%s,no\n", procedures[i],
                            sim_node_name(agency_of(version, i)), catalogue_days(i),
                            i == PROCEDURE_ENDING ? "2028-02-28" : "");
    (void)snprintf(competence, sizeof competence,
                   "procedure,area,agency,valid_from,valid_to\n%s,X1,%s,,\n",
                   procedures[PROCEDURE_SHARED], sim_node_name(NODE_AGENCY + PROCEDURE_SHARED + 1));
    struct registry_files files = {{
        [REGISTRY_FILE_VERSION] = bytes_of_text(versions),
        [REGISTRY_FILE_AGENCIES] = bytes_of_text(agencies),
        [REGISTRY_FILE_PARTICIPANTS] = bytes_of_text(participants),
        [REGISTRY_FILE_PROCEDURES] = bytes_of_text(procedure_rows),
        [REGISTRY_FILE_POLICY] = bytes_of_text(policies[version]),
        [REGISTRY_FILE_COMPETENCE] = bytes_of_text(competence),
        [REGISTRY_FILE_RETENTION] = bytes_of_text(retention),
        [REGISTRY_FILE_HOLIDAYS] = holidays_write(edition, holidays),
    }};
    struct registry *registry = NULL;
    check(registry_new(&files, sha256_parts, &faults, &registry) == REASON_NONE);
    return registry;
}

/* Made once: a registry is immutable, and every run may share it. */
static struct registry *registries[REGISTRY_VERSIONS][CALENDAR_EDITIONS];

struct registry *catalogue_registry(int version, int edition)
{
    struct registry **registry = &registries[version][edition];
    if (*registry == NULL)
        *registry = make(version, edition);
    return *registry;
}

void catalogue_release(void)
{
    for (int version = 0; version < REGISTRY_VERSIONS; version++) {
        for (int edition = 0; edition < CALENDAR_EDITIONS; edition++)
            registry_destroy(&registries[version][edition]);
    }
}

int64_t catalogue_day(int64_t at_ms)
{
    enum { VIETNAM_HOURS = 7 };
    return (WORLD_EPOCH_MS + at_ms + VIETNAM_HOURS * (DAY_MS / 24)) / DAY_MS;
}

bool catalogue_has_code(const struct sim *sim, const struct dossier *dossier)
{
    int64_t today = catalogue_day(sim->now_ms);
    int64_t back = today - catalogue_day(dossier->received_ms);
    bool counts = sim->is_decade && back > 0 && back <= RECEPTION_DAYS;
    return dossier->procedure != PROCEDURE_ENDING ||
           (counts ? today - back : today) <= PROCEDURE_LAST_DAY;
}

static bool is_agency(int node)
{
    return (node >= NODE_AGENCY && node < NODE_PORTAL) || node == NODE_HOSTILE;
}

size_t catalogue_destinations(const struct sim *sim, int version, int sender, uint32_t type,
                              int dossier, int ret_nodes[PLACES_MAX])
{
    const struct dossier *of = dossier == NOWHERE ? NULL : &sim->dossiers[dossier];
    if (sender == NODE_CENTRE && of != NULL &&
        (type == MESSAGE_TYPE_TRANSFER || type == MESSAGE_TYPE_SUPPLEMENT)) {
        bool is_first = of->agency == NOWHERE && type == MESSAGE_TYPE_TRANSFER;
        ret_nodes[0] = !is_first                     ? of->agency
                       : catalogue_has_code(sim, of) ? agency_of(version, of->procedure)
                                                     : NOWHERE;
        return ret_nodes[0] == NOWHERE ? 0 : 1;
    }
    if (!is_agency(sender))
        return 0;
    ret_nodes[0] = NODE_CENTRE;
    ret_nodes[1] = NODE_PORTAL;
    if (type == MESSAGE_TYPE_RESULT)
        return version == 0 ? 2 : 1;
    return type == MESSAGE_TYPE_PROGRESS && version == 0 ? 1 : 0;
}
