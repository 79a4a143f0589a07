/* desk - the program lienthong-desk: a back office made of people.
 *
 *     browser ──HTTPS, or HTTP on loopback──▶ api library ─▶ routes ─▶ book
 *                                                             └─ what the adapter does ─▶ its API
 *
 * It holds no signing key: what it may do, the adapter's API does for whoever has STATE/api.token,
 * so that it can skip no rule, and whatever it can do a script can do. Who signs in, and what his
 * role may, is the desk's own.
 *
 * One thread, one loop: the api's descriptor, the hasher's, the upstream client's, signals. Nothing
 * waits but SQLite's small statements. A request that must wait (for a hash, for the adapter) is
 * suspended in the api library, and its `apply` is asked again after each turn of the loop.
 *
 *   desk_start.c      settings, registry, book, api, the end
 *   desk_loop.c       wait, serve
 *   desk_routes.c     which path is whose, and the right that it needs
 *   desk_session.c    who calls, and whether he may: one place for all routes
 *   desk_audit.c      what people did, and how often somebody guessed
 *   desk_sign_in.c    signing in and out, passwords
 *   desk_totp.c       the second code of one's own account
 *   desk_people.c     the people, for an operator
 *   desk_audit_list.c the audit, as it is read
 *   desk_me.c         who I am, what I may
 *   desk_static.c     the pages' files
 *   desk_landing.c    agencies by the age of what waits for them
 *   desk_dossiers.c   search, saved views, pages
 *   desk_dossier.c    one dossier
 *   desk_adapter.c    what the adapter does or tells: a message, the inbox, sending
 *   desk_ask.c        a question to the adapter or the gateway, and the audit of changes
 *   desk_queues.c     connections and queues, for operators
 *   desk_operate.c    an operator's hand on one message, and on a set (jobs)
 *   desk_uploads.c    files on their way to the adapter
 *   desk_files.c      a file of a message, to a browser
 *   desk_procedures.c the catalogue
 *   desk_types.c      the fields of each message type
 *   desk_drafts.c     what people have begun to write
 *   desk_command.c    lienthong-desk … people
 *   main.c            options and settings
 */
#pragma once

#include "adapters/desk/book/people.h"
#include "adapters/desk/desk_settings.h"
#include "adapters/desk/ended.h"
#include "adapters/desk/files.h"
#include "adapters/desk/follow.h"
#include "adapters/desk/throttle.h"
#include "gateway/api/api.h"
#include "gateway/api/json_member.h"
#include "proto/base/language.h"
#include "proto/log/log_stream.h"

#define DESK_PROGRAM "lienthong-desk"

struct registry;
struct trust;

enum {
    DESK_CONNECTIONS_MAX =
        400, /* forty people with the six connections of a browser, and a proxy */
    DESK_SUBSCRIBERS_MAX = 120,   /* one stream of events a browser */
    DESK_STRANGER_MS = 10 * 1000, /* pages are for strangers too, and reach them over slow lines */
    DESK_BODY_BYTES_MAX = 512 * 1024,
    DESK_PRUNE_MS = 60 * 1000, /* sessions that are over */
    DESK_PART_MS = 1000,       /* who listens, and may not any more */
    DESK_PARTS = 3,            /* questions of one request, one after another */
};

struct desk {
    struct desk_settings settings;
    enum language language;
    struct log log;
    struct log_stream log_stream;
    struct key participant;
    bool is_centre; /* our participant's role: all pages, or an agency's */
    struct registry *registry;
    struct trust *trust; /* the participants' certificates; NULL: they cannot be read */
    struct upstream *upstream;
    struct follow follow;
    struct book book;
    struct hasher *hasher;
    struct throttle throttle;
    struct ended ended;
    struct api *api;
    struct download *downloads; /* under way */
    mono_t now;
    mono_t prune_due, part_due;
    int lock, signals; /* -1: none */
    bool has_book, is_stopping;
};

/* A request's memory. */
struct desk_call {
    struct person person; /* of a known caller */
    uint8_t session[SESSION_DIGEST_BYTES];
    char address[HASH_ADDRESS_BYTES];
    struct hash_job job;
    char secret[PEOPLE_FIRST_PASSWORD_BYTES]; /* that is answered once; "": none */
    bool is_begun;                            /* apply was here before */
    bool is_answered;                         /* the adapter has: */
    enum reason reason;                       /* NONE: status and answer are what it said */
    unsigned status;
    json_t *answer;        /* ours; NULL: none */
    enum upstream_end end; /* that was asked */
    int64_t audit_entry;   /* of what was begun */
    struct {
        enum reason reason; /* NONE: */
        json_t *json;       /* ours */
    } parts[DESK_PARTS];
    size_t part; /* that is being asked for */
    bool has_file;
    int file; /* of an upload */
    int64_t file_position, file_size;
    struct download *download; /* NULL: none, or the answer has it */
};

bool desk_start(struct desk *desk, const struct desk_settings *settings, enum language language);
bool desk_check(struct desk *desk, const struct desk_settings *settings, enum language language);
void desk_run(struct desk *desk);
void desk_stop(struct desk *desk);
bool desk_reload(struct desk *desk);
/* Opens the folder and the book; says what keeps it from that. Without the lock: for a command. */
bool desk_open_book(struct desk *desk);
/* people add|list|password|lock|unlock … : an exit status. */
int desk_command(const struct desk_settings *settings, enum language language, int argc,
                 char **argv);

struct desk *desk_of(const struct api_request *request);
struct desk_call *desk_call(struct api_request *request);
void desk_say(const struct desk *desk, enum log_level level, const char *event, enum reason reason,
              const char *detail);

/* ---- desk_routes.c: a row's `which` is its right (enum desk_right) */
enum { DESK_ROUTES = 48 };
extern const struct api_route desk_routes[DESK_ROUTES];

/* ---- desk_session.c */
bool desk_knows(void *desk, struct api_request *request);
enum reason desk_admits(void *desk, struct api_request *request);
/* Ends the streams of sessions that are over. */
void desk_part(struct desk *desk);
/* As the book and what is not in it yet say. */
bool desk_session_is_on(struct api_request *request);
void desk_set_cookie(struct api_request *request, const char *secret); /* "": forget it */
extern const struct api_header desk_headers[];

/* ---- desk_audit.c: a row for each action. Within a transaction of what it is about, or before the
 * adapter is asked (outcome "begun") and completed after. */
struct desk_action {
    const char *action, *object, *before, *after, *outcome; /* NULL: none; outcome NULL: "ok" */
};
enum reason desk_audit(struct api_request *request, const struct person *person,
                       const struct desk_action *action);
/* A wrong password or code: counted in one row a day for each person and address. person NULL:
 * nobody has that name. */
void desk_audit_failure(struct api_request *request, const struct person *person);

/* ---- desk_sign_in.c */
/* A member that is a text, as a C string in its room. False (and answered): another thing, too long
 * or with a NUL inside. */
bool desk_take(struct api_request *request, const char *name, char *ret_text, size_t capacity);
/* The call's job, to the hasher; .is_begun. Not given: answered. */
void desk_give(struct api_request *request);
/* A member, with the person's password: the first half; .job is done and right or not. Counts as a
 * wrong one until the second half. */
void desk_compare_password(struct api_request *request, const struct person *person,
                           const char *member);
/* True (and answered): this name from this address has failed too often a moment ago. */
bool desk_must_wait(struct api_request *request, const char *name);
/* The second half, when .job is done. True: it is right, and still in force; the person is as the
 * book has him now. False: answered. */
bool desk_password_was_right(struct api_request *request, const char *name,
                             struct person *ret_person);
/* A wrong password or code; known: NULL when nobody has that name. */
void desk_fail_sign_in(struct api_request *request, const struct person *known);

/* ---- desk_me.c */
json_t *desk_me_json(struct desk *desk, const struct person *person);

/* ---- desk_adapter.c */
/* "ok", or since when and why pages have what was known before. */
json_t *desk_adapter_json(const struct desk *desk);
/* Names of participants and of its type beside the codes that an upstream message has. */
bool desk_put_names(json_t *message, const struct desk *desk);
bool desk_put_type(json_t *message);
/* ---- desk_landing.c */
/* The agencies of today's registry with what waits for each, as the index has it. */
json_t *desk_agencies_json(struct desk *desk, wall_t now);
/* ---- desk_ask.c */
/* Asks while the request waits; .is_answered says that there is an answer. False: it could not be
 * asked, and the request is answered. */
bool desk_ask(struct api_request *request, const struct upstream_question *question);
/* The refusal of who was asked is the person's answer. False: it is no refusal. */
bool desk_pass_refusal(struct api_request *request);
/* What a person is about to do, before it is asked for. False: answered. */
bool desk_audit_begun(struct api_request *request, const char *action, const char *object,
                      const char *after);
/* How it ended. */
void desk_audit_end(struct api_request *request);

/* ---- handlers */
void landing_get(struct api_request *request);
void dossiers_get(struct api_request *request);
void desk_dossier_get(struct api_request *request);
void message_apply(struct api_request *request);
void inbox_list_get(struct api_request *request);
void inbox_accept_apply(struct api_request *request);
void inbox_refuse_apply(struct api_request *request);
void send_apply(struct api_request *request);
void queues_apply(struct api_request *request);
void queue_apply(struct api_request *request);
void entry_hold_apply(struct api_request *request);
void entry_release_apply(struct api_request *request);
void entry_withdraw_apply(struct api_request *request);
void entry_again_apply(struct api_request *request);
void jobs_apply(struct api_request *request);
void job_plan_apply(struct api_request *request);
void job_apply(struct api_request *request);
void job_start_apply(struct api_request *request);
void job_stop_apply(struct api_request *request);
void procedures_get(struct api_request *request);
void procedure_get(struct api_request *request);
void types_get(struct api_request *request);
void drafts_get(struct api_request *request);
void draft_get(struct api_request *request);
void draft_post(struct api_request *request);
void draft_put(struct api_request *request);
void draft_delete(struct api_request *request);
void totp_begin_apply(struct api_request *request);
void totp_confirm(struct api_request *request);
void totp_end_apply(struct api_request *request);
void people_get(struct api_request *request);
void person_post_apply(struct api_request *request);
void person_put_apply(struct api_request *request);
void audit_get(struct api_request *request);
void sign_in_apply(struct api_request *request);
void sign_out(struct api_request *request);
void password_apply(struct api_request *request);
void me_get(struct api_request *request);
void page_get(struct api_request *request);
void static_get(struct api_request *request);
void desk_healthz_get(struct api_request *request);
