/* record - what the simulation itself knows of every message that an honest participant sent:
 * written from what was committed, and read by the checkers. */
#pragma once

#include "proto/base/digest.h"
#include "proto/base/id.h"
#include "proto/base/reason.h"
#include "routing/outbox/entry.h"

enum {
    RECORDS_MAX = 4096, /* every intent of a day (world.h) */
    RECORD_BUCKETS = 2 * RECORDS_MAX,
    RECORD_SEQS_MAX = 16 * RECORDS_MAX, /* the message, its receipts, and heads between them */
    PLACES_MAX = 2,                     /* a recipient and a copy */
    NOWHERE = -1,
};

/* One destination of a message. */
struct place {
    int node;
    enum entry_state state; /* of the gateway's entry; 0: none yet */
    enum reason reason;
    bool was_sent;          /* the gateway leased it at least once */
    bool is_taken;          /* committed by the recipient's adapter */
    unsigned int calls;     /* of the office that are under way */
    bool is_at_office;      /* the office has it */
    int64_t at_office_ms;   /* since then */
    bool is_settled;        /* the adapter committed how the office ended it */
    bool is_office_refused; /* the office said no */
};

struct record {
    struct message_id id;
    struct digest digest;
    int sender;
    int64_t sent_ms; /* when its sender had committed it */
    uint32_t type;
    int dossier;
    uint64_t sequence;
    bool has_file;
    bool has_life;
    int64_t ends_ms;                 /* with has_life: of the world's time, by its sender's clock */
    bool was_withdrawn, was_expired; /* an operator tried to */
    bool was_clock_off;              /* when its sender sealed it */
    int intent;
    enum entry_state sent; /* of the sender's entry towards the gateway */
    enum reason sent_reason;
    uint64_t gateway_seq; /* 0: no custody */
    bool has_own_line;    /* an agency's, of whose dossier no transfer stood at custody */
    int64_t custody_ms;   /* since then, the first time */
    /* The gateway has lost it, and its sender has the receipt: it goes where it went. */
    bool is_to_go_back;
    size_t place_count;
    struct place places[PLACES_MAX];
};

struct records {
    struct record rows[RECORDS_MAX];
    size_t count;
    int16_t buckets[RECORD_BUCKETS]; /* index + 1; open addressing */
    uint64_t first_seq;              /* that the gateway could give since they were cleared */
    int16_t by_gateway_seq[RECORD_SEQS_MAX]; /* since then: index + 1 */
};

/* next_seq: that the gateway gives next. What it gave before is of no record. */
void records_clear(struct records *records, uint64_t next_seq);
/* NULL: nobody honest sent it. */
struct record *record_find(struct records *records, const struct message_id *id);
struct record *record_of_seq(struct records *records, uint64_t gateway_seq);
/* record NULL: that number is nobody's any more. False: past the end of the table. */
bool record_set_seq(struct records *records, uint64_t gateway_seq, const struct record *record);
/* The gateway gives numbers from next_seq on a second time: none of them is of a record. */
void records_give_again(struct records *records, uint64_t next_seq);
/* NULL at RECORDS_MAX. */
struct record *record_add(struct records *records, const struct message_id *id);
struct place *record_place(struct record *record, int node);
