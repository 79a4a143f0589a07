/* world - one simulation: participants, the network between them, what chance does to them, and
 * what is known of every message. The files of the simulator share it; tests see sim.h.
 *
 *   sim.c            the loop: the next moment, one node's step, the checkers
 *   node.c           a participant's ports; starting, crashing
 *   node_store.c     its store, with crashes around the commit; what a commit says to the records
 *   gateway_node.c   one step of the gateway's core
 *   adapter_node.c   one step of an adapter's core
 *   network.c        lines, connections, partitions
 *   office.c         back offices, honest, slow and lying
 *   workload.c       what is submitted, and when
 *   operator.c       operators' hands, key rotation, registry reloads, clocks
 *   bounds.c         the cores' bounds, which a seed draws small
 *   hostile.c        a registered participant without manners
 *   hostile_end.c    its end of the line: every frame, every connection, every answer
 *   hostile_files.c  its files, and other people's
 *   usurper.c        a gateway in wrong hands, beside the real one
 *   decade.c         ten years of it, day of traffic by day of traffic
 *   renewal.c        certificates of these years
 *   purge.c          what an operator does about retention in these years
 *   past.c           the messages of the days that are over
 *   rollback.c       a store put back to an older copy
 *   restored.c       the same by the restore command: what must be true in the end
 *   catalogue.c      the registry's two versions, and what they should decide
 *   checkers.c       hands what is seen to the checkers (check_*.c)
 */
#pragma once

#include "adapters/core/session.h"
#include "gateway/core/broker.h"
#include "gateway/custody/room.h"
#include "schema/body.pb-c.h"
#include "tests/sim/intent.h"
#include "tests/sim/model_crypto.h"
#include "tests/sim/record.h"
#include "tests/sim/sim.h"
#include "tests/sim/swarm.h"
#include "tests/sim/trace.h"
#include "tests/sim/years.h"
#include "tests/support/failing_ports.h"

struct log_line;

enum {
    NODE_GATEWAY = 0,
    NODE_CENTRE,
    NODE_AGENCY,
    AGENCIES = 4,
    NODE_PORTAL = NODE_AGENCY + AGENCIES,
    NODE_HOSTILE,
    NODES,
    LINES = NODES, /* a node's line to the gateway; the gateway's own is empty */

    PIPE_FRAMES_MAX = 512,
    NODE_INTAKES_MAX = PIPE_FRAMES_MAX + 512,
    OFFICE_ANSWERS_MAX = 256,
    FILES = 6,
    HEARD_IDS = 16,
    HOSTILE_ODD_IDS = 4,
    NODE_ARENA_BYTES = 48 * 1024 * 1024, /* never touched as a whole */
    HOSTILE_HEARD_MAX = 64,              /* messages that it was sent, the last ones */
    PORTS_FAIL_MAX = 6,                  /* calls in a row */

    REGISTRY_VERSIONS = 2,
    /* retention.csv: no multiple of the days between two days of a decade. */
    KEEP_BODIES_DAYS = 310,
    KEEP_METADATA_DAYS = 710,
    KEEP_EVIDENCE_DAYS = 1010,
    HOLD_YEARS = 3,          /* that a dossier is held, in a decade */
    FORGED_ROOT_BYTE = 0xf0, /* the root of every forged head is made of it */
};

#define DOSSIER_CODE_PREFIX "H38.09-261124-"
/* Stands in every content, file name and remark; never in a log line. */
#define SECRET_TEXT    "NGUYEN VAN BI MAT"
#define WORLD_EPOCH_MS INT64_C(1795500000000)
#define DAY_MS         INT64_C(86400000)
/* A clock that is months off finds every certificate out of date. */
#define CERTIFICATE_OLD_MS  (30 * DAY_MS)
#define CERTIFICATE_LEFT_MS (335 * DAY_MS)
#define CLOCK_FAR_MS        (400 * DAY_MS)

/* ---- the network ---- */

struct pipe_frame {
    uint8_t *data; /* owned */
    size_t size;
    int64_t at_ms;
    uint64_t connection;
};

struct pipe {
    struct pipe_frame frames[PIPE_FRAMES_MAX]; /* a ring, in order of at_ms */
    size_t first, count;
    int64_t last_at_ms;
    int64_t blocked_until_ms;
};

struct line {
    bool is_up;
    uint64_t connection;
    int64_t reconnect_at_ms;
    struct pipe up, down;            /* up: towards the gateway */
    struct pipe late;                /* up, of a connection that is gone */
    bool has_gone_down, has_come_up; /* what the adapter has not been told yet */
    bool is_gone_noticed;            /* what the gateway has not been told yet */
};

/* ---- a participant ---- */

enum crash { CRASH_NONE = 0, CRASH_BEFORE, CRASH_AFTER, CRASH_SENDING };

struct node {
    struct sim *sim;
    int index;
    struct key key;
    bool is_used;
    /* disk: survives */
    struct store_memory_image *image;
    struct crash_vfs *power; /* with SQLite; NULL: the image is the disk */
    struct store *disk;
    struct store_verbs verbs; /* the disk's, but for the commit */
    enum reason (*commit)(struct store *store, const struct store_plan *plan); /* the disk's */
    struct blobs *kept;
    /* ports */
    struct failing_store store;
    struct failing_blobs blobs;
    struct failing_crypto crypto;
    struct port_faults port_faults;
    struct model_crypto model;
    /* process: dies */
    bool is_up;
    bool is_dying;
    struct arena memory;
    struct broker *broker;                    /* the gateway's */
    struct session *session;                  /* an adapter's */
    struct intake *intakes[NODE_INTAKES_MAX]; /* given to the core and not given back */
    size_t intake_count;
    int64_t started_ms;
    int64_t restart_at_ms;
    int64_t next_ms;  /* of its core */
    enum crash crash; /* planned for this step's commit */
    unsigned int sends_left;
    int64_t full_until_ms;
    int64_t clock_offset_ms;
    int32_t drift_ppm;
    int registry; /* version that it decides by */
    int calendar; /* edition that it reckons by */
    int64_t reload_at_ms;
    int64_t release_at_ms;    /* in the calm, of what is held */
    int64_t rotates_at_ms;    /* 0: keeps its key */
    int64_t far_until_ms;     /* its clock is months off */
    unsigned int forks;       /* since its start: heads of another history that it could judge */
    unsigned int forks_ahead; /* the same: that it could not */
    struct store_memory_image *copy_image; /* a backup that is being made (rollback.c); NULL */
    struct store *copy;
    bool is_put_back_with_gateway; /* which is started anew at the same time */
    int64_t copied_until_ms, put_back_at_ms;
    wall_t copied;        /* of its own clock */
    uint64_t copied_head; /* of an adapter's copy: the head that it knows, or a later one */
    size_t next_certificate;
};

/* ---- offices and what they are to be sent ---- */

struct planned_answer {
    int node;
    int64_t at_ms;
    struct office_answer answer;
    bool is_given;
    unsigned int incarnation; /* a call dies with the adapter that made it */
    int record;               /* whose call ends with it; NOWHERE: none */
};

/* ---- bounds ---- */

/* What the cores are given: small, so that they are reached (bounds.c). */
struct bounds {
    uint32_t flights_max;    /* of the gateway and of each adapter */
    uint32_t gateway_window; /* granted to each adapter */
    uint32_t adapter_window; /* granted to the gateway */
    uint32_t office_window;
    uint32_t participants_max;
    uint64_t file_bytes_max; /* at the gateway */
    uint64_t adapter_file_bytes_max;
    bool is_step_small; /* step_max is given to the cores */
    struct room_need step_max;
};

/* ---- the hostile one ---- */

/* A message that it was sent: its own to answer. */
struct heard {
    struct key sender;
    struct message_id id;
    struct digest digest;
    uint32_t type;
    bool has_file;
    struct digest file;
};

struct hostile {
    size_t certificates[3];           /* good, expired, revoked */
    struct pipe_frame overheard;      /* a frame of somebody else */
    struct message_id ids[HEARD_IDS]; /* of documents that left lately, a ring */
    uint64_t id_count;
    struct heard heard[HOSTILE_HEARD_MAX]; /* a ring */
    uint64_t heard_count;
    uint64_t made_ids;
    bool is_unknown; /* some do not know its newest certificate */
    int64_t at_ms;
    struct buffer own; /* the last frame with a message that it sealed well */
};

struct violation {
    bool is_set;
    bool is_liveness;
    int invariant;
    bool has_id;
    struct message_id id;
    char text[200];
};

struct sim {
    uint64_t seed;
    struct sim_options options;
    struct dice dice;
    struct swarm swarm;
    struct model_authority authority;
    struct node nodes[NODES];
    struct line lines[LINES];
    struct records records;
    struct trace trace;
    struct planned_answer answers[OFFICE_ANSWERS_MAX];
    size_t answer_count;
    struct intent intents[INTENTS_MAX];
    size_t intent_count;
    struct pending pending[NODES];
    struct dossier dossiers[DOSSIERS_MAX];
    int dossier_count;
    int agency_count;
    bool has_hostile;
    /* The seed runs twice (check_fair.c), first with the hostile one silent. */
    bool is_fairness, is_hostile_silent;
    int64_t quiet_median_ms, quiet_longest_ms;
    struct bounds bounds;
    struct hostile hostile;
    int64_t usurper_at_ms;
    unsigned int incarnations[NODES];
    int64_t now_ms;
    int64_t storm_ms;                             /* when the faults stop */
    bool is_decade;                               /* decade.c: days of traffic, one after another */
    unsigned int dossiers_a_day;                  /* about so many; 0: as any run */
    unsigned int dossiers_before, intents_before; /* of the days before: a number is used once */
    int64_t day_ms;                               /* when this day began */
    struct past *past;                            /* of a decade; NULL in any other run */
    struct purge purge;
    struct renewal renewal;
    struct seen seen;
    int64_t outage_at_ms, outage_ms; /* 0: none is planned */
    int outage_node;
    int64_t outage_until_ms; /* one that goes on for weeks */
    uint64_t steps;
    uint64_t frames;
    int registry_newest;
    int calendar_newest;       /* edition (holidays.c); 0: no file */
    uint64_t calm_ledger_size; /* when the faults stopped */
    bool was_registry_second;  /* the second version ever decided */
    /* A store was put back: what was promised is gone, and only one thing is left to be seen, that
     * somebody notices. */
    bool is_lost;
    bool is_restored; /* it is put back by the restore command: nothing is to be lost or doubled */
    int lost_node;
    int64_t lost_ms;
    uint64_t kept_ledger_size;    /* what the copy and the gateway's ledger have in common */
    uint64_t alarms_about[NODES]; /* in the gateway's log */
    struct violation violation;
    void *check_states[SIM_CHECKERS_MAX];
    struct arena parse; /* for what checkers look into */
};

/* ---- sim.c */
/* The first violation stays. id may be NULL. */
void sim_violated(struct sim *sim, int invariant, const struct message_id *id, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));
void sim_note(struct sim *sim, int node, const char *what, const struct message_id *id,
              int64_t number);
int sim_node_of(const struct key *key);
const char *sim_node_name(int node);

/* ---- node.c */
void node_open(struct sim *sim, int index);
void node_close(struct node *node);
void node_start(struct node *node);
/* The process is gone; its disk stays. */
void node_crash(struct node *node, int64_t restart_after_ms);
wall_t node_wall(const struct node *node);
mono_t node_mono(const struct node *node);
/* An examined frame for its core, which node_intake_done gets back. */
struct intake *node_examine(struct node *node, struct pipe_frame *frame, const struct key *peer);
void node_intake_done(void *context, struct intake *intake);
/* A transition of the core, as its shell would log it: into the trace, and to the checkers. */
/* Its disk is the copy that was made of it. */
void node_put_back(struct node *node);
void node_log(struct node *node, const struct log_line *line, const struct message_id *id);
/* Draws what happens to this step. */
void node_draw_faults(struct node *node);
/* When its core is stepped next; through an outage of weeks, by nobody more often than by turns of
 * minutes, unless something comes. */
void node_set_next(struct node *node, mono_t next);
/* Ends a step: commits and says so to the core. True: the node lives on. */
bool node_is_dead_after(struct node *node);

/* ---- node_store.c */
void node_store_open(struct node *node);

/* ---- gateway_node.c, adapter_node.c */
void gateway_new(struct node *node);
void gateway_step(struct node *node);
void adapter_new(struct node *node);
void adapter_step(struct node *node);

/* ---- network.c */
void network_clear(struct sim *sim);
void network_release(struct sim *sim);
enum reason network_send(struct sim *sim, int line, bool is_up, struct bytes frame);
/* The next frame that has arrived, or NULL. The caller takes over its bytes. */
bool network_receive(struct sim *sim, struct pipe *pipe, struct pipe_frame *ret_frame);
void network_cut(struct sim *sim, int line);
/* What an earlier connection still had on its way never comes. */
void network_forget_late(struct sim *sim, int line);
/* Lines come up again; partitions begin. */
void network_step(struct sim *sim);
void network_calm(struct sim *sim);
int64_t network_next_ms(const struct sim *sim, int node);
/* Puts bytes into a line as they are, past all faults. */
void network_put(struct sim *sim, struct pipe *pipe, struct bytes frame, uint64_t connection,
                 int64_t at_ms);

void network_say(struct sim *sim, struct pipe *pipe, const struct frame *frame,
                 uint64_t connection);

/* ---- office.c */
void office_call(struct node *node, uint64_t message_seq, uint32_t attempt);
void office_give_answers(struct node *node);
void office_settle(struct node *node, bool is_committed);
int64_t office_next_ms(const struct sim *sim, int node);

/* ---- workload.c */
/* In place of all that was planned before. */
void workload_draw(struct sim *sim);
void workload_answer(struct sim *sim, struct record *record, int node);
void workload_submit(struct node *node);
void workload_settle(struct node *node, bool is_committed);
/* The node's adapter has lost its disk: its office submits all of it again. */
void workload_repeat(struct sim *sim, int node);
int64_t workload_next_ms(const struct sim *sim, int node);
bool workload_is_done(const struct sim *sim);
/* The dossier of this day with that code, or NOWHERE. */
int workload_dossier(const struct sim *sim, struct bytes code);
/* Content and digest of one of the FILES. */
struct bytes workload_file(int file, struct digest *ret_digest);

/* ---- operator.c */
void operator_step(struct node *node);
void operator_world(struct sim *sim);
/* Everybody reads its registry anew, within that time. */
void operator_load_registry(struct sim *sim, int64_t longest_ms);
/* After the storm: whatever is held is released. */
void operator_release_all(struct node *node);

/* ---- bounds.c */
void bounds_draw(struct sim *sim);

/* ---- hostile.c */
void hostile_open(struct sim *sim);
void hostile_close(struct sim *sim);
void hostile_turn(struct sim *sim);
void hostile_overhear(struct sim *sim, struct bytes frame);
/* For hostile_….c. A frame of its own, over its line. */
void hostile_say(struct sim *sim, const struct frame *frame);
/* The same over another participant's line, whose key it has. */
void hostile_say_as(struct sim *sim, int node, const struct frame *frame);
void hostile_put(struct sim *sim, struct bytes frame);
void hostile_make_id(struct sim *sim, struct message_id *ret_id);
/* The frame of one document that this node seals; the buffer is the caller's. */
void hostile_seal_frame(struct sim *sim, int signer, size_t certificate, struct envelope *draft,
                        struct buffer *ret_frame);
/* Seals what the draft says with its good certificate and sends it. body may be NULL. */
void hostile_seal(struct sim *sim, struct envelope *draft, const Lienthong__V1__Body *body);
/* A result of its own, as its policy allows it. file: NULL for none. */
void hostile_send_result(struct sim *sim, const struct message_id *id, uint64_t sequence,
                         const struct attachment *file);

/* ---- hostile_end.c */
void hostile_end_turn(struct sim *sim);
/* Any frame but one that needs a seal (false). It points to the ids. */
bool hostile_odd_frame(struct sim *sim, struct message_id ret_ids[HOSTILE_ODD_IDS],
                       struct frame *ret_frame);
/* ---- usurper.c */
void usurper_turn(struct sim *sim);
/* A node's adapter sends something to the gateway. True: the usurper has it, and sent it back. */
bool usurper_hear(struct sim *sim, int node);
/* ---- rollback.c */
void rollback_open(struct node *node);
void rollback_close(struct node *node);
/* A backup of its store, whole; whoever asks for it says when it is put back. */
void rollback_copy(struct node *node);
/* A commit of the node is on its disk. */
void rollback_committed(struct node *node, const struct store_plan *plan);
/* Whether who must notice it has. */
bool rollback_is_noticed(const struct sim *sim);
/* Whether nothing more is to be seen. */
bool rollback_is_over(const struct sim *sim);
void rollback_turn(struct sim *sim);
/* ---- restored.c */
/* Seen although a store was put back; id may be NULL. */
void restored_violated(struct sim *sim, int invariant, const struct message_id *id,
                       const char *text);
/* Whether every adapter has made up for what was lost. */
bool restored_is_settled(const struct sim *sim);
/* Everything came to its end. */
void restored_check(struct sim *sim);
/* ---- hostile_files.c */
void hostile_files_turn(struct sim *sim);
/* The gateway asks it for a file, or sends it one. */
void hostile_file_frame(struct sim *sim, const struct frame *frame);

/* ---- decade.c */
struct decade;
/* Switches off what no day of a decade has. */
void decade_quiet(struct swarm *swarm);
void decade_turn(struct sim *sim);
/* From a world that has begun; run plays until all of a day is at its end. */
void decade_play(struct sim *sim, void (*run)(struct sim *), unsigned int days_a_year,
                 struct decade *decade);

/* ---- renewal.c */
/* This year's certificates, and in some years another issuer of them. */
void renewal_begin(struct sim *sim, unsigned int year);
void renewal_turn(struct sim *sim);
/* Whether no certificate of this day is still to come or to go. */
bool renewal_is_over(const struct sim *sim);
enum { RENEWAL_STEPS = 6 };

/* ---- purge.c */
/* This year's: of what is over by now. */
void purge_begin(struct sim *sim, unsigned int year);
/* The gateway's operator, and an adapter's, within a step. */
void purge_step(struct node *node);
void purge_step_adapter(struct node *node);
bool purge_is_over(const struct sim *sim);
/* The note of a dossier that is held, by its number. */
void purge_hold_name(unsigned int dossier, char ret_name[DOSSIER_TEXT_BYTES + 8]);

/* ---- holidays.c */
enum {
    CALENDAR_EDITIONS = 12,
    HOLIDAYS_FIRST_YEAR = 2026,
    HOLIDAYS_BYTES = 8192,
};
/* holidays.csv of that edition; 0: none. ret_text holds HOLIDAYS_BYTES. */
struct bytes holidays_write(int edition, char *ret_text);
/* The last day that the edition knows, since 1970 in Vietnam. */
int64_t holidays_last_day(int edition);
/* When a dossier received at that moment is due by law, milliseconds since 1970. */
int64_t holidays_due_ms(int edition, int64_t received_ms, unsigned int days);

/* ---- catalogue.c */
struct registry *catalogue_registry(int version, int edition);
unsigned int catalogue_days(int procedure);
/* What its citizen was told when it was received, milliseconds since 1970; 0: nothing. */
int64_t catalogue_appointment_ms(unsigned int number, int64_t received_ms);
void catalogue_release(void);
const char *catalogue_procedure(int procedure);
/* The last one is the hostile agency's. */
enum {
    PROCEDURES = AGENCIES + 1,
    PROCEDURE_SHARED = 1, /* its agency's, and of the one behind it when a transfer names that */
    PROCEDURE_ENDING = 2,
    PROCEDURE_LAST_DAY = 21242, /* since 1970, in Vietnam: of the latter, 2028-02-28 */
    RECEPTION_DAYS = 31,        /* that a dossier may have been received before */
    LIFE_HOURS = 168,           /* of a message at the gateway */
};
/* What the registry should decide, said in another way than routing does. The first node is the
 * recipient, the second, if any, has a copy. 0: forbidden or nowhere. */
size_t catalogue_destinations(const struct sim *sim, int version, int sender, uint32_t type,
                              int dossier, int ret_nodes[PLACES_MAX]);
/* Days since 1970 in Vietnam, of the world's time. */
int64_t catalogue_day(int64_t at_ms);
/* Whether the dossier's code is good today, by the day of its reception. */
bool catalogue_has_code(const struct sim *sim, const struct dossier *dossier);
