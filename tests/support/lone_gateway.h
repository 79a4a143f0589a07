/* lone_gateway - the broker alone over memory, with adapters that say what a test makes them say.
 *
 *   lone_gateway_open                      centre, stp, sxd, syt and portal are registered
 *   lone_gateway_hello                     the adapter greets in the next step
 *   lone_gateway_put_…                     frames for the next step, in order
 *   lone_gateway_step                      one step of the broker, one commit
 *   lone_gateway_close
 *
 * Seals are words (no cryptography); everything else is the gateway's own code. Time stands still
 * until lone_gateway_wait. Commits fail while commit_reason is not NONE, loads while load_reason
 * is not. */
#pragma once

#include "gateway/core/broker.h"
#include "tests/support/store_memory.h"

enum {
    LONE_FRAMES_MAX = 512,
    LONE_ALIVE_MAX = 4 * LONE_FRAMES_MAX,
    LONE_FLIGHTS_MAX = 64,
    LONE_FILE_BYTES = 1000, /* of zeros */
};

struct lone_message { /* what a sender knows of a message of its own */
    struct key sender;
    struct message_id id;
    struct digest digest;
};

struct lone_gateway {
    struct broker *broker;
    uint32_t flights_max;
    const struct room_need *step_max;
    struct store *store;
    const struct store_verbs *real; /* behind the ones that may fail */
    struct store_verbs verbs;
    enum reason commit_reason, load_reason;
    struct store_memory_image *image;
    struct blobs *blobs;
    struct registry *registry;
    struct arena memory;
    struct arena build;
    uint64_t wasted; /* of the frames that this step has done with */
    struct intake *frames[LONE_FRAMES_MAX];
    size_t frame_count;
    struct intake *alive[LONE_ALIVE_MAX]; /* the above, and what the broker still holds */
    size_t alive_intakes;
    int64_t now_ms;
    int64_t wall_step_ms; /* how far the wall clock was set off */
    uint64_t ids;
    uint64_t connection;         /* that the next frames come over; 1 at first */
    struct lone_message answers; /* by what is put next; zero: nothing is answered */
    /* what left in the last step */
    size_t parcels, taken, not_taken, goodbyes;
    enum reason not_taken_reason;
    size_t sent_to_stp, sent_to_sxd; /* parcels */
    size_t alarms, lines;            /* of the log, told and left out */
    uint64_t left_out;
    struct key behind; /* whose program is the older one, as the log says */
    size_t chunks, files_refused;
    enum reason file_reason;                           /* of the last that was refused */
    size_t wants;                                      /* of files that are not complete */
    uint64_t want_offset;                              /* of the last of them */
    size_t heads;                                      /* of the ledger */
    uint64_t head_from;                                /* where the last one's proof begins */
    struct standing_item standing[STANDING_ITEMS_MAX]; /* the last answer where messages stand */
    size_t standing_count;
};

struct lone_gateway *lone_gateway_open(void);
/* With so many flights, and a step that holds so much; NULL: all that it can. */
struct lone_gateway *lone_gateway_open_with(uint32_t flights_max, const struct room_need *step_max);
void lone_gateway_close(struct lone_gateway **gateway);
void lone_gateway_hello(struct lone_gateway *gateway, const char *peer, uint32_t window_messages);
/* A transfer of the centre to stp ("2.000635") or sxd ("1.000001"). */
struct lone_message lone_gateway_put_transfer(struct lone_gateway *gateway, const char *procedure,
                                              const char *dossier);
/* A result of an agency to that participant. */
struct lone_message lone_gateway_put_result(struct lone_gateway *gateway, const char *sender,
                                            const char *recipient, const char *dossier);
/* Progress of an agency to the centre, with a copy to the portal. */
struct lone_message lone_gateway_put_progress(struct lone_gateway *gateway, const char *sender,
                                              const char *dossier);
/* A transfer of the centre, or a result of an agency, with one file that is nowhere yet. */
struct lone_message lone_gateway_put_with_file(struct lone_gateway *gateway, const char *sender,
                                               const char *dossier, uint8_t file);
/* The same with a file that can come, or that the gateway keeps already; recipient: "" leaves it to
 * the registry. */
struct lone_message lone_gateway_put_with_real_file(struct lone_gateway *gateway,
                                                    const char *sender, const char *recipient,
                                                    const char *dossier, bool is_kept,
                                                    struct digest *ret_file);
/* A result that names two files, both of which the gateway keeps; the first is the same as above.
 */
struct lone_message lone_gateway_put_with_two_files(struct lone_gateway *gateway,
                                                    const char *sender, const char *recipient,
                                                    const char *dossier,
                                                    struct digest ret_files[2]);
/* The peer sends or shows that file, or made-up bytes. */
void lone_gateway_put_piece(struct lone_gateway *gateway, const char *peer,
                            const struct digest *file, bool is_true);
/* The peer wants the file, from its beginning, for that message. */
void lone_gateway_put_want(struct lone_gateway *gateway, const char *peer,
                           const struct lone_message *message, const struct digest *file);
/* Any frame of a peer. */
void lone_gateway_put(struct lone_gateway *gateway, const char *peer, const struct frame *frame);
void lone_gateway_put_taken(struct lone_gateway *gateway, const char *peer,
                            const struct message_id *ids, size_t count);
/* "Not now" to these. */
void lone_gateway_put_not_taken(struct lone_gateway *gateway, const char *peer,
                                const struct message_id *ids, size_t count);
/* "Nothing that is under way": no ids. */
void lone_gateway_put_nothing_taken(struct lone_gateway *gateway, const char *peer,
                                    uint32_t retry_after_ms);
/* A receipt of a peer, to any name, with these items. */
struct lone_message lone_gateway_put_receipt(struct lone_gateway *gateway, const char *peer,
                                             const char *recipient, uint32_t type,
                                             const struct receipt_item *items, size_t count);
/* Receipts of 512 items each about messages that never were, all in one frame. */
void lone_gateway_put_strange_receipts(struct lone_gateway *gateway, const char *peer,
                                       size_t count);
/* The process ends and another begins over the same store. */
void lone_gateway_restart(struct lone_gateway *gateway);
/* A step between events that the caller adds itself: begin, then end. */
void lone_gateway_begin(struct lone_gateway *gateway);
enum reason lone_gateway_end(struct lone_gateway *gateway);
enum reason lone_gateway_step(struct lone_gateway *gateway);
/* The registry from now on has these rows of retention.csv. */
void lone_gateway_keep_days(struct lone_gateway *gateway, const char *rows);
void lone_gateway_wait(struct lone_gateway *gateway, int64_t ms);
enum entry_state lone_gateway_state(struct lone_gateway *gateway,
                                    const struct lone_message *message, const char *destination);
