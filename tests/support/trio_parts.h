/* trio_parts - what the files of the trio share. Nobody else includes this.
 *
 *   trio_open.c    ports, registry, opening and closing
 *   trio_line.c    frames on their way, and what is checked of each
 *   trio_carrier.c a carrier between both adapters and the gateway, and what is renewed
 *   trio.c         the steps, the offices, the end
 */
#pragma once

#include "adapters/carrier/carry.h"
#include "tests/support/trio.h"

enum { TRIO_FILE_BYTES = 300 * 1024, BLOBS_MAX_BYTES = 1024 * 1024, STEP_MS = 20 };

struct line { /* frames towards one member */
    struct {
        struct bytes bytes; /* owned */
        struct key from;
        uint64_t way; /* the transport connection that it came over */
    } frames[TRIO_FRAMES_MAX];
    size_t count;
};

/* As link_server binds it: the way that a participant's last frame came, and its number. */
struct bound {
    uint64_t way, connection;
};

struct office {
    struct {
        struct message_id id;
        struct digest digest;
        uint64_t seq;
        struct bytes dossier; /* a literal of ours */
        bool is_answered;
        bool is_replied;
    } taken[TRIO_OFFICE_MAX];
    size_t count;
    size_t submitted; /* by whom the office belongs to */
    size_t doubled;
    struct submitted sent[TRIO_OFFICE_MAX];
};

struct member {
    struct trio *trio;
    struct key key;
    struct store_memory_image *image;
    struct store *disk;
    struct store *store; /* disk, or what fails in front of it */
    struct blobs *kept;
    struct blobs *blobs;
    struct crypto_port own; /* open_crypto, which seals with word until renewed_ms */
    const char *word;
    int64_t renewed_ms;
    int64_t away_from_ms, away_until_ms;
    /* A backup under way: every commit until then goes into it too; then it is put back. */
    struct store_memory_image *copy_image;
    struct store *copy;
    int64_t copied_ms, put_back_ms;
    const struct crypto_port *crypto;
    struct arena memory;
    struct session *session; /* not the gateway's */
    uint64_t way;            /* an adapter's connection now */
    bool is_carried;         /* to the carrier; otherwise to the gateway */
    bool goes_down, comes_up;
    struct bound bound; /* of an adapter, at the gateway */
    bool is_gone;       /* a frame of the gateway's did not reach it */
    struct line line;
    struct office office;
};

struct carrier_between {
    bool is_there;
    struct carry carry;
    uint64_t way; /* the line to the gateway; 0: cut */
    bool stands_still;
    bool loses_goodbyes;
    struct line in,
        back; /* not read yet: from adapters, from the gateway (.from: whom it is for) */
    struct bound bound[TRIO_MEMBERS];
    int64_t goes_on_ms; /* when the cut line, or the program that stands still, does */
};

struct trio {
    struct member members[TRIO_MEMBERS];
    struct carrier_between carrier;
    enum trio_renewal renewal;
    size_t renewal_step, steps;
    uint64_t ways, connections;
    struct broker *broker;
    struct registry *registry;
    struct failing_store store;
    struct failing_blobs blobs;
    struct failing_crypto crypto;
    int64_t now_ms;
    int64_t started_ms;
};

/* ---- trio_open.c */
struct bytes trio_file(struct digest *ret_digest);

/* From what is on disk, as after kill -9. */
void trio_reopen(struct trio *trio, enum trio_member member);

/* Of a step's plan, by its member. */
enum reason trio_commit(struct member *member, const struct store_plan *plan);
void trio_put_back_due(struct trio *trio);

/* ---- trio_line.c */
/* False: the line is full. */
bool trio_enqueue(struct line *line, const struct key *from, uint64_t way, struct bytes bytes);
void trio_drop_line(struct line *line);
/* What the member still holds of frames is given up. */
void trio_drop_intakes(const struct member *member);
struct member *trio_member_of(struct trio *trio, const struct key *key);
/* True when the way is another one than before. */
bool trio_bind(struct trio *trio, struct bound *bound, uint64_t way);
/* The effects of the three. */
enum reason trio_send_from_gateway(void *context, const struct key *peer, struct bytes bytes);
enum reason trio_send_from_adapter(void *context, const struct key *peer, struct bytes bytes);
void trio_intake_done(void *context, struct intake *intake);
/* The first frame of the member's line, examined. */
struct intake *trio_take_frame(struct member *member);

/* ---- trio_carrier.c */
void trio_carrier_step(struct trio *trio);
/* The renewal, when it is its step. */
void trio_renew(struct trio *trio);
void trio_carrier_close(struct trio *trio);
