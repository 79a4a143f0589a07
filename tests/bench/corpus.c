#include "tests/bench/corpus.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "proto/base/check.h"
#include "proto/codec/envelope.h"
#include "proto/codec/frame.h"
#include "proto/codec/message_type.h"
#include "proto/seal/manifest.h"
#include "proto/seal/sha256.h"
#include "schema/body.pb-c.h"
#include "tests/support/province.h"

enum {
    THREADS_MAX = 16,
    SCRATCH_BYTES = 4 * 1024 * 1024,
    DOCUMENT_BYTES_MAX = 64 * 1024,
    CORPUS_MAGIC = 0x4c54434f,
};

/* One thread's share: frames first_frame, first_frame + stride, … */
struct share {
    const struct corpus_options *options;
    struct corpus *corpus;
    const struct message_id *ids;
    wall_t now;
    size_t first_frame, stride;
    struct buffer *frames; /* of all threads; each writes its own */
    bool failed;
    pthread_t thread;
};

static wall_t wall_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (wall_t){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
}

/* ---- one document ---- */

static bool build(const struct share *share, size_t index, size_t padding, struct arena *scratch,
                  struct buffer *ret_document)
{
    static const char filler[] = "{\"x\":\"%0*d\"}";
    char procedure[16];
    char dossier[40];
    char summary[DOCUMENT_BYTES_MAX];
    const struct corpus_options *options = share->options;
    province_procedure(1 + index / options->run_messages % options->agencies, procedure);
    /* The second of making stands for the day: each corpus brings dossiers of its own, after those
     * of earlier ones, as a new day does. */
    (void)snprintf(dossier, sizeof dossier, "H99-%08u-%07zu",
                   (unsigned)(share->now.ms / 1000 % 100000000), index);
    Lienthong__V1__Person owner = LIENTHONG__V1__PERSON__INIT;
    Lienthong__V1__Transfer transfer = LIENTHONG__V1__TRANSFER__INIT;
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    owner.name = (char *)(uintptr_t) "Test";
    transfer.owner = &owner;
    if (padding > sizeof filler) {
        (void)snprintf(summary, sizeof summary, filler, (int)padding - 8, 0);
        transfer.form_json = summary;
    }
    body.kind_case = LIENTHONG__V1__BODY__KIND_TRANSFER;
    body.transfer = &transfer;
    struct stamp now = {share->now, VIETNAM_OFFSET_MINUTES};
    struct envelope draft = {
        .id = share->ids[index],
        .sender = options->sender,
        .type = MESSAGE_TYPE_TRANSFER,
        .dossier_code = bytes_of_text(dossier),
        .procedure_code = bytes_of_text(procedure),
        .sequence = 1,
        .source_time = now,
        .created = now,
    };
    buffer_clear(ret_document);
    arena_reset(scratch);
    return envelope_build(&draft, &body, scratch, ret_document) == REASON_NONE;
}

/* The padding that gives a document of the wanted size, found once for all. */
static bool build_sized(const struct share *share, size_t index, size_t *padding,
                        struct arena *scratch, struct buffer *ret_document)
{
    size_t wanted = share->options->document_bytes;
    for (int attempt = 0; attempt < 8; attempt++) {
        if (!build(share, index, *padding, scratch, ret_document))
            return false;
        size_t size = ret_document->size;
        if (size == wanted)
            return true;
        if (size > wanted && size - wanted > *padding)
            return false;
        *padding = *padding + wanted - size;
    }
    return false;
}

/* ---- one frame ---- */

static struct bytes keep(struct arena *arena, const struct buffer *buffer)
{
    return arena_copy(arena, buffer_view(buffer));
}

struct frame_maker {
    struct share *share;
    struct arena scratch, kept;
    struct buffer document, signature, manifest;
    size_t padding;
    struct bytes documents[FRAME_PARCELS_MAX][PARCEL_MESSAGES_MAX];
    struct parcel parcels[FRAME_PARCELS_MAX];
};

static bool make_parcel(struct frame_maker *maker, size_t parcel, size_t first, size_t count)
{
    struct share *share = maker->share;
    struct manifest_entry entries[PARCEL_MESSAGES_MAX];
    for (size_t i = 0; i < count; i++) {
        struct corpus_message *message = &share->corpus->messages[first + i];
        if (!build_sized(share, first + i, &maker->padding, &maker->scratch, &maker->document))
            return false;
        maker->documents[parcel][i] = keep(&maker->kept, &maker->document);
        message->id = share->ids[first + i];
        sha256_parts(&maker->documents[parcel][i], 1, &message->digest);
        entries[i] = (struct manifest_entry){message->digest, message->id};
    }
    bool is_manifest = share->options->manifest_messages > 0;
    buffer_clear(&maker->manifest);
    buffer_clear(&maker->signature);
    if (is_manifest && manifest_write(entries, count, &maker->manifest) != REASON_NONE)
        return false;
    struct bytes content =
        is_manifest ? buffer_view(&maker->manifest) : maker->documents[parcel][0];
    if (seal_sign(share->options->signer, content, share->now, &maker->signature) != REASON_NONE)
        return false;
    maker->parcels[parcel] = (struct parcel){
        .documents = maker->documents[parcel],
        .document_count = count,
        .manifest = is_manifest ? keep(&maker->kept, &maker->manifest) : (struct bytes){0},
        .signature = keep(&maker->kept, &maker->signature),
    };
    return true;
}

static bool make_frame(struct frame_maker *maker, size_t number)
{
    struct share *share = maker->share;
    const struct corpus_frame *at = &share->corpus->frames[number];
    size_t each =
        share->options->manifest_messages > 0 ? share->options->manifest_messages : (size_t)1;
    size_t parcels = 0;
    arena_reset(&maker->kept);
    for (size_t done = 0; done < at->message_count; done += each) {
        size_t count = at->message_count - done < each ? at->message_count - done : each;
        if (!make_parcel(maker, parcels++, at->first_message + done, count))
            return false;
    }
    struct frame frame = {.kind = FRAME_PARCELS, .parcels = {maker->parcels, parcels}};
    arena_reset(&maker->scratch);
    return frame_build(&frame, &maker->scratch, &share->frames[number]) == REASON_NONE;
}

static void *work(void *context)
{
    struct share *share = context;
    struct frame_maker *maker = calloc(1, sizeof *maker);
    check(maker != NULL);
    maker->share = share;
    buffer_init(&maker->document, DOCUMENT_BYTES_MAX);
    buffer_init(&maker->signature, SIGNATURE_BYTES_MAX);
    buffer_init(&maker->manifest, MANIFEST_BYTES_MAX);
    share->failed = !arena_init(&maker->scratch, SCRATCH_BYTES) ||
                    !arena_init(&maker->kept, 2 * (size_t)FRAME_BYTES_MAX);
    for (size_t i = share->first_frame; !share->failed && i < share->corpus->frame_count;
         i += share->stride)
        share->failed = !make_frame(maker, i);
    arena_release(&maker->scratch);
    arena_release(&maker->kept);
    buffer_release(&maker->document);
    buffer_release(&maker->signature);
    buffer_release(&maker->manifest);
    free(maker);
    return NULL;
}

/* ---- all ---- */

static bool allocate(struct corpus *corpus, size_t messages, size_t frames)
{
    corpus->message_count = messages;
    corpus->frame_count = frames;
    corpus->messages = calloc(messages, sizeof *corpus->messages);
    corpus->frames = calloc(frames, sizeof *corpus->frames);
    return corpus->messages != NULL && corpus->frames != NULL;
}

static bool join_frames(struct corpus *corpus, struct buffer *frames)
{
    for (size_t i = 0; i < corpus->frame_count; i++) {
        corpus->frames[i].offset = corpus->byte_count;
        corpus->frames[i].size = (uint32_t)frames[i].size;
        corpus->byte_count += frames[i].size;
    }
    corpus->bytes = malloc(corpus->byte_count + 1);
    for (size_t i = 0; corpus->bytes != NULL && i < corpus->frame_count; i++)
        memcpy(corpus->bytes + corpus->frames[i].offset, frames[i].data, frames[i].size);
    return corpus->bytes != NULL;
}

static struct message_id *make_ids(size_t count, wall_t now)
{
    struct message_id *ids = calloc(count, sizeof *ids);
    struct id_maker maker = {0};
    for (size_t i = 0; ids != NULL && i < count; i++) {
        uint8_t random[ID_RANDOM_BYTES];
        check(getrandom(random, sizeof random, 0) == (ssize_t)sizeof random);
        id_make(&maker, now, random, &ids[i]);
    }
    return ids;
}

static bool run_shares(const struct share *model)
{
    struct share shares[THREADS_MAX];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t threads = processors < 1             ? 1
                     : processors > THREADS_MAX ? THREADS_MAX
                                                : (size_t)processors;
    bool made = true;
    for (size_t i = 0; i < threads; i++) {
        shares[i] = *model;
        shares[i].first_frame = i;
        shares[i].stride = threads;
        check(pthread_create(&shares[i].thread, NULL, work, &shares[i]) == 0);
    }
    for (size_t i = 0; i < threads; i++) {
        pthread_join(shares[i].thread, NULL);
        made = made && !shares[i].failed;
    }
    return made;
}

bool corpus_make(const struct corpus_options *options, struct corpus *ret_corpus)
{
    size_t each = options->frame_messages;
    size_t frame_count = (options->messages + each - 1) / each;
    struct corpus corpus = {0};
    wall_t now = wall_now();
    struct message_id *ids = make_ids(options->messages, now);
    struct buffer *frames = calloc(frame_count, sizeof *frames);
    bool made = ids != NULL && frames != NULL && allocate(&corpus, options->messages, frame_count);
    for (size_t i = 0; made && i < frame_count; i++) {
        size_t left = options->messages - i * each;
        corpus.frames[i].first_message = (uint32_t)(i * each);
        corpus.frames[i].message_count = (uint32_t)(left < each ? left : each);
        buffer_init(&frames[i], FRAME_BYTES_MAX);
    }
    made = made &&
           run_shares(&(struct share){
               .options = options, .corpus = &corpus, .ids = ids, .now = now, .frames = frames});
    made = made && join_frames(&corpus, frames);
    for (size_t i = 0; frames != NULL && i < frame_count; i++)
        buffer_release(&frames[i]);
    free(frames);
    free(ids);
    if (made)
        *ret_corpus = corpus;
    else
        corpus_release(&corpus);
    return made;
}

void corpus_release(struct corpus *corpus)
{
    free(corpus->messages);
    free(corpus->frames);
    free(corpus->bytes);
    *corpus = (struct corpus){0};
}

struct bytes corpus_frame_bytes(const struct corpus *corpus, size_t frame)
{
    return (struct bytes){corpus->bytes + corpus->frames[frame].offset, corpus->frames[frame].size};
}

size_t corpus_find(const struct corpus *corpus, const struct message_id *id)
{
    size_t low = 0;
    size_t high = corpus->message_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = id_compare(&corpus->messages[middle].id, id);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return SIZE_MAX;
}

/* ---- the file: four numbers, then the three arrays as they are in memory ---- */

bool corpus_save(const struct corpus *corpus, const char *path)
{
    uint64_t head[] = {CORPUS_MAGIC, corpus->message_count, corpus->frame_count,
                       corpus->byte_count};
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return false;
    bool saved = fwrite(head, sizeof head, 1, file) == 1 &&
                 fwrite(corpus->messages, sizeof *corpus->messages, corpus->message_count, file) ==
                     corpus->message_count &&
                 fwrite(corpus->frames, sizeof *corpus->frames, corpus->frame_count, file) ==
                     corpus->frame_count &&
                 fwrite(corpus->bytes, 1, corpus->byte_count, file) == corpus->byte_count;
    return fclose(file) == 0 && saved;
}

bool corpus_load(const char *path, struct corpus *ret_corpus)
{
    uint64_t head[4];
    struct corpus corpus = {0};
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool loaded = fread(head, sizeof head, 1, file) == 1 && head[0] == CORPUS_MAGIC &&
                  allocate(&corpus, head[1], head[2]);
    corpus.byte_count = loaded ? head[3] : 0;
    corpus.bytes = loaded ? malloc(corpus.byte_count + 1) : NULL;
    loaded = corpus.bytes != NULL &&
             fread(corpus.messages, sizeof *corpus.messages, corpus.message_count, file) ==
                 corpus.message_count &&
             fread(corpus.frames, sizeof *corpus.frames, corpus.frame_count, file) ==
                 corpus.frame_count &&
             fread(corpus.bytes, 1, corpus.byte_count, file) == corpus.byte_count;
    (void)fclose(file);
    if (loaded)
        *ret_corpus = corpus;
    else
        corpus_release(&corpus);
    return loaded;
}
