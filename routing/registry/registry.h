/* registry - who takes part, which agency is competent for which procedure, who may send what.
 *
 * An immutable snapshot of the files that staff edit. Built whole from their bytes or not at all:
 *
 *   registry_new(&files, hash, &faults, &registry)   all faults of all files in one go
 *   route_resolve(registry, ...)                     route.h
 *   registry_destroy(&registry)
 *
 * A reload builds a second snapshot and swaps the pointer; whoever still uses the old one (a
 * verification on a worker thread) holds a reference of its own, taken with registry_retain. All
 * reading functions may be called from several threads at once.
 *
 * Files (CSV: table/csv.h; the columns are commented in routing/README.md):
 *   version           one line "YYYY-MM-DD.N", raised by whoever edits the files
 *   agencies.csv      organisations with codes, times of validity, successors
 *   participants.csv  keys and certificates; may be absent: a catalogue that routes can be
 *                     explained with, and nobody can connect to
 *   carriers.csv      connections that carry the frames of several participants; may be absent
 *   procedures.csv    the catalogue of administrative procedures
 *   policy.csv        who may send what to whom; what does not stand there is forbidden
 *   holidays.csv      days off and made-up working days; may be absent (calendar/calendar.h)
 *   areas.csv         administrative areas, also those that ended; may be absent
 *   competence.csv    which unit is competent in which area, since when; may be absent
 *   retention.csv     how long what is over is kept; may be absent: for ever
 *
 * All pointers handed out belong to the snapshot and live as long as it does. All look-ups take
 * constant time. Days of validity are Vietnamese civil days, both ends included.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/day.h"
#include "proto/base/digest.h"
#include "proto/base/key.h"
#include "proto/base/limits.h"
#include "proto/base/reason.h"
#include "proto/codec/message_type.h"
#include "routing/calendar/calendar.h"
#include "routing/table/faults.h"

enum {
    PROCEDURES_MAX = 16384,      /* 2,193 in the province late in 2025; ministries have more */
    AREAS_MAX = 16384,           /* 3,321 communes since July 2025, and 10,035 before */
    COMPETENCE_ROWS_MAX = 32768, /* 99 communes, some hundred procedures with rows of their own */
    RECEPTION_DAYS_MAX = 366,
    RECEPTION_DAYS_DEFAULT = 31, /* the longest holidays, and a gateway that was away for weeks */
    POLICY_RULES_MAX = 512,      /* 3 senders x 15 types x 3 recipients fit */
    POLICY_COPIES_MAX = 3,       /* with the recipient: ROUTE_DESTINATIONS_MAX */
    AGENCY_FORMER_CODES_MAX = 8, /* the code systems changed three times in ten years */
    PARTICIPANT_CERTIFICATES_MAX = 8, /* old, new and next of a few signers */
    SUCCESSOR_HOPS_MAX = 8,           /* mergers between a dossier's first day and its last */
    LIFE_HOURS_MAX = 366 * 24,
    RETENTION_DAYS_MAX = 36525, /* a century; longer is for ever */
    /* Of ids: longer than anybody is away, as a sender that waits with a message of then, or as a
     * witness, who is then proved nothing any more. */
    RETENTION_IDS_DAYS_MIN = 90,
    PROCESSING_DAYS_MAX = 1000,
    /* "2026-11-24.9999+0123456789ab" and its terminator; fits registry_version of a receipt */
    REGISTRY_VERSION_TEXT_BYTES = 32,
};

struct registry;

enum registry_file {
    REGISTRY_FILE_VERSION,
    REGISTRY_FILE_AGENCIES,
    REGISTRY_FILE_PARTICIPANTS,
    REGISTRY_FILE_CARRIERS,
    REGISTRY_FILE_PROCEDURES,
    REGISTRY_FILE_POLICY,
    REGISTRY_FILE_HOLIDAYS,
    REGISTRY_FILE_AREAS,
    REGISTRY_FILE_COMPETENCE,
    REGISTRY_FILE_RETENTION,
    REGISTRY_FILE_COUNT,
};

/* The files' bytes. .data NULL: there is no such file; an empty file has .data and size 0. */
struct registry_files {
    struct bytes content[REGISTRY_FILE_COUNT];
};

/* "agencies.csv": its name in the registry's directory. */
const char *registry_file_name(enum registry_file file);
bool registry_file_is_optional(enum registry_file file);

enum participant_role { ROLE_CENTRE, ROLE_AGENCY, ROLE_PORTAL, ROLE_GATEWAY, ROLE_COUNT };
const char *role_name(enum participant_role role);

/* Any organisation with a role, also the centre, the portal and the gateway. */
struct agency {
    struct key key;
    enum participant_role role;
    const char *official_code; /* QĐ 20/2020/QĐ-TTg, "H38.11"; "" when none is known */
    const char *former_codes[AGENCY_FORMER_CODES_MAX];
    size_t former_code_count;
    const char *name_vi;
    const char *name_en;
    const char *system; /* its own system, for people; may be "" */
    civil_day_t valid_from;
    civil_day_t valid_to;
    struct key successor_key;       /* none: no successor */
    const struct agency *successor; /* NULL: none */
    /* From this day on the successor has also what waits for it and its dossiers. DAY_LAST: never
     * by itself. */
    civil_day_t handover;
    bool sample;   /* true: the code is not an official one */
    unsigned line; /* of agencies.csv */
};

struct participant {
    const struct agency *agency;
    char curve_public_key[CURVE_KEY_TEXT_BYTES];            /* Z85 */
    const char *certificates[PARTICIPANT_CERTIFICATES_MAX]; /* file names, relative */
    size_t certificate_count;
    uint32_t window_messages;      /* under way to it at most, 1 to MESSAGE_WINDOW_MAX */
    const struct carrier *carrier; /* that may carry its frames; NULL: none */
    unsigned line;                 /* of participants.csv */
};

/* A program at a host that keeps one connection for many participants. It is no organisation: it
 * sends and receives no messages of its own, and its key is no agency's. */
struct carrier {
    struct key key;
    char curve_public_key[CURVE_KEY_TEXT_BYTES];   /* Z85 */
    const struct participant *const *participants; /* whom it carries; each has this carrier */
    size_t participant_count;                      /* 1 to CARRIED_MAX */
    unsigned line;                                 /* of carriers.csv */
};

/* What is kept of a message that is over, each for its own time. */
enum retention_kind {
    RETENTION_BODIES,   /* what it says, and its files */
    RETENTION_METADATA, /* of which dossier and procedure it was, and how it ended */
    RETENTION_EVIDENCE, /* its seal, the receipts, and the ledger's entries */
    RETENTION_IDS,      /* that it was here, by which the same again is known */
    RETENTION_KINDS,
};
/* As retention.csv has it. */
const char *retention_kind_name(enum retention_kind kind);
/* Of days: no end. */
#define RETENTION_FOR_EVER UINT32_MAX

/* NĐ 42/2022/NĐ-CP: how far a procedure can be done online. */
enum service_level { SERVICE_NONE, SERVICE_PARTIAL, SERVICE_FULL, SERVICE_LEVEL_COUNT };

struct procedure {
    const char *code; /* as the file has it, "1.011443" */
    const char *name_vi;
    const char *name_en;
    const char *field_code;      /* "G03-GD10"; may be "" */
    const struct agency *agency; /* NULL: the area decides (competence.csv) */
    enum service_level level;
    uint32_t processing_days; /* working days by law; 0: the same day */
    uint32_t keep_days[RETENTION_KINDS];
    civil_day_t valid_from;
    civil_day_t valid_to;
    bool sample; /* true: made up, to fill the catalogue */
    unsigned line;
};

struct policy_rule {
    enum participant_role sender;
    enum message_type type;
    enum participant_role recipient;
    const struct agency *copies[POLICY_COPIES_MAX];
    size_t copy_count;
    uint32_t life_hours; /* a message not delivered by then expires */
    /* How far back the day may lie that a message says it was received on, and is judged by. */
    uint32_t reception_days;
    unsigned line;
};

/* An administrative area as forms name it, also one that is no more. */
struct area {
    const char *code; /* "02647"; a district's "080" */
    const char *name_vi;
    const char *name_en;
    civil_day_t valid_from;
    civil_day_t valid_to;
    const char *successor_code;   /* "": none, or it was divided */
    const struct area *successor; /* NULL: none */
    unsigned line;
};

/* In that area and on those days that unit is competent: for one procedure, or for every one that
 * names no agency and has no row of its own there. */
struct competence {
    const struct procedure *procedure; /* NULL: every one */
    const char *area;                  /* code */
    const struct agency *agency;
    civil_day_t valid_from;
    civil_day_t valid_to;
    unsigned line;
};

/* REASON_NONE: *ret_registry is the caller's, to be destroyed. REASON_REGISTRY_INVALID: why stands
 * in faults, sorted by file and line. REASON_OUT_OF_MEMORY: faults may be incomplete. The files'
 * bytes are copied; faults is initialised here. */
enum reason registry_new(const struct registry_files *files, hash_function *hash,
                         struct faults *faults, struct registry **ret_registry);
/* One more reference to the same snapshot. */
struct registry *registry_retain(struct registry *registry);
/* Gives a reference back; the last one frees the snapshot. *registry becomes NULL. */
void registry_destroy(struct registry **registry);

/* "2026-11-24.1+0123456789ab": the line of the version file, and the first 48 bits of
 * SHA-256 over name, size and bytes of all files, so that an edit without a new version is seen in
 * every decision. */
const char *registry_version(const struct registry *registry);
/* That a text from elsewhere has that form; of course it may name a registry that never was. It is
 * below REGISTRY_VERSION_TEXT_BYTES then. */
bool registry_version_is_valid(struct bytes text);
const struct calendar *registry_calendar(const struct registry *registry);

size_t registry_agency_count(const struct registry *registry);
const struct agency *registry_agency_at(const struct registry *registry, size_t index);
/* NULL when there is none, here and below. */
const struct agency *registry_agency(const struct registry *registry, const struct key *key);
/* By official or former code. */
const struct agency *registry_agency_by_code(const struct registry *registry, struct bytes code);
const struct agency *registry_centre(const struct registry *registry);
bool agency_in_force(const struct agency *agency, civil_day_t day);
/* Itself, or by its handover days whoever has by that day what was its own. */
const struct agency *agency_heir(const struct agency *agency, civil_day_t day);

size_t registry_participant_count(const struct registry *registry);
const struct participant *registry_participant_at(const struct registry *registry, size_t index);
/* Whose program a reason about that key is about. */
enum party registry_party(const struct registry *registry, const struct key *key);
const struct participant *registry_participant(const struct registry *registry,
                                               const struct key *key);

size_t registry_carrier_count(const struct registry *registry);
const struct carrier *registry_carrier_at(const struct registry *registry, size_t index);
const struct carrier *registry_carrier(const struct registry *registry, const struct key *key);

size_t registry_procedure_count(const struct registry *registry);
const struct procedure *registry_procedure_at(const struct registry *registry, size_t index);
/* Leniently: "1.011443", "1.011443.H38" and "1.011443.000.00.00.H38" are one procedure. */
const struct procedure *registry_procedure(const struct registry *registry, struct bytes code);
bool procedure_in_force(const struct procedure *procedure, civil_day_t day);
/* The part of a code that names the procedure: "1.011443" of any of the above; the whole text when
 * it has another shape. */
struct bytes procedure_code_bare(struct bytes code);

size_t registry_area_count(const struct registry *registry);
/* NULL when areas.csv does not have it. */
const struct area *registry_area(const struct registry *registry, struct bytes code);
/* Itself, or by its successors the area that it belongs to on that day. */
const struct area *area_on(const struct area *area, civil_day_t day);

/* The row for that procedure, area and day; NULL: none. Time grows with the logarithm of rows. */
const struct competence *registry_competence(const struct registry *registry,
                                             const struct procedure *procedure, struct bytes area,
                                             civil_day_t day);
/* The row that makes this agency competent for the procedure in any area on that day; NULL: none.
 */
const struct competence *registry_competence_of(const struct registry *registry,
                                                const struct procedure *procedure,
                                                const struct agency *agency, civil_day_t day);

/* How many days a message of that procedure (empty, or not known: as where no procedure is named)
 * is kept after it is over; RETENTION_FOR_EVER. A receipt and a seal speak of many messages:
 * evidence is kept as long as any row asks for, and so are ids. */
uint32_t registry_keep_days(const struct registry *registry, struct bytes procedure_code,
                            enum retention_kind kind);

/* NULL: forbidden. */
const struct policy_rule *registry_policy(const struct registry *registry,
                                          enum participant_role sender, enum message_type type,
                                          enum participant_role recipient);
size_t registry_policy_count(const struct registry *registry);
