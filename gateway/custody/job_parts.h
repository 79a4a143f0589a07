/* job_parts - what the files of jobs share. Nobody else includes this. */
#pragma once

#include "gateway/custody/job.h"
#include "proto/base/check.h"

struct jobs {
    struct step *step;
    struct job_hand hand;
    struct job rows[JOBS_MAX]; /* by number, modulo JOBS_MAX */
    uint64_t mover;            /* the number of the one that moved last */
    mono_t purged;             /* when the last page of one was */
    uint64_t seen_seq;         /* the next message's then: what has come since is traffic */
    /* The page that it counts, or does. */
    struct job_member members[JOB_PAGE_MAX];
};

/* job_note.c: both go into this step's plan. */
enum {
    JOB_MEMBER_BYTES = 8 + PARTICIPANT_KEY_BYTES_MAX + 1 + 1 + 4 + MESSAGE_ID_BYTES,
    JOB_PAGE_BYTES = 8 + JOB_PAGE_MAX * JOB_MEMBER_BYTES,
    JOB_BYTES = 1024, /* all of a job, with its why */
};
static const struct room_need room_job = {
    {[ROOM_NOTES] = 1,
     [ROOM_RECORDS] = 1,
     [ROOM_BYTES] = JOB_BYTES + ROOM_LEDGER_ENTRY_BYTES + 64}};
static const struct room_need room_job_page = {
    {[ROOM_NOTES] = 2,
     [ROOM_RECORDS] = 1,
     [ROOM_BYTES] = JOB_BYTES + JOB_PAGE_BYTES + ROOM_LEDGER_ENTRY_BYTES + 128}};
/* Beside a page, for each of its messages when the core has notes of them. */
static const struct room_need room_forget = {
    {[ROOM_NOTES] = JOB_NOTES_GONE_MAX, [ROOM_BYTES] = JOB_NOTES_GONE_MAX * ROOM_NOTE_BYTES}};
void job_note(struct jobs *jobs, const struct job *job);
void job_note_page(struct jobs *jobs, const struct job *job, uint64_t page, size_t count);
