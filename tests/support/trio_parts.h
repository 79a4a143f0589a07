/* trio_parts - what the files of the trio share. Nobody else includes this.
 *
 *   trio_open.c    ports, registry, opening and closing
 *   trio_line.c    frames on their way, and what is checked of each
 *   trio.c         the steps, the offices, the end
 */
#ifndef TESTS_SUPPORT_TRIO_PARTS_H
#define TESTS_SUPPORT_TRIO_PARTS_H

#include "tests/support/trio.h"

enum { TRIO_FILE_BYTES = 300 * 1024, BLOBS_MAX_BYTES = 1024 * 1024, STEP_MS = 20 };

struct line { /* frames towards one member */
    struct {
        struct bytes bytes; /* owned */
        struct key from;
    } frames[TRIO_FRAMES_MAX];
    size_t count;
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
    const struct crypto_port *crypto;
    struct arena memory;
    struct session *session; /* not the gateway's */
    struct line line;
    struct office office;
};

struct trio {
    struct member members[TRIO_MEMBERS];
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

/* ---- trio_line.c */
/* The effects of the three. */
enum reason trio_send_from_gateway(void *context, const struct key *peer, struct bytes bytes);
enum reason trio_send_from_adapter(void *context, struct bytes bytes);
void trio_intake_done(void *context, struct intake *intake);
/* The first frame of the member's line, examined. */
struct intake *trio_take_frame(struct member *member);

#endif
