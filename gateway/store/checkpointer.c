/* States, under the lock; checkpointer_move is the only one that changes them:
 *
 *   RESTS ── checkpointer_copy ──▶ ASKED ── copy_when_asked ──▶ COPIED
 *     ▲                                                           │
 *     └───────────────── checkpointer_has_copied ◀────────────────┘
 */
#include "gateway/store/checkpointer.h"

#include <pthread.h>
#include <stdlib.h>

#include "gateway/store/store_sqlite_internal.h"

enum {
    /* What came during a copy is copied again, until so little came that the owner's own copy of
     * the rest is a matter of a millisecond, but not for ever under a heavy load. */
    REST_PAGES = 128,
    PASSES_MAX = 4,
};

enum checkpointer_state { RESTS = 0, ASKED, COPIED };

struct checkpointer {
    struct sqlite_vfs *vfs;
    sqlite3 *database; /* the thread's */
    pthread_mutex_t lock;
    pthread_cond_t work;
    enum checkpointer_state state;
    bool is_stopping;
    pthread_t thread;
    bool has_thread;
};

static void checkpointer_move(struct checkpointer *checkpointer, enum checkpointer_state to)
{
    checkpointer->state = to;
}

/* Passes end without a sync of the file when the log grew meanwhile; done here, it need not be done
 * by the owner, who would wait for it. */
static bool sync_file(sqlite3 *database)
{
    sqlite3_file *file = NULL;
    return sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
           file->pMethods != NULL &&
           file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY) == SQLITE_OK;
}

static void copy_log(sqlite3 *database)
{
    int before = 0;
    for (int pass = 0; pass < PASSES_MAX; pass++) {
        int in_log = 0;
        int copied = 0;
        if (sqlite3_wal_checkpoint_v2(database, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log,
                                      &copied) != SQLITE_OK ||
            !sync_file(database) || copied - before < REST_PAGES)
            return;
        before = copied;
    }
}

static void *copy_when_asked(void *context)
{
    struct checkpointer *checkpointer = context;
    pthread_mutex_lock(&checkpointer->lock);
    for (;;) {
        while (!checkpointer->is_stopping && checkpointer->state != ASKED)
            pthread_cond_wait(&checkpointer->work, &checkpointer->lock);
        if (checkpointer->is_stopping)
            break;
        pthread_mutex_unlock(&checkpointer->lock);
        copy_log(checkpointer->database);
        pthread_mutex_lock(&checkpointer->lock);
        checkpointer_move(checkpointer, COPIED);
    }
    pthread_mutex_unlock(&checkpointer->lock);
    return NULL;
}

static enum reason open_handle(struct checkpointer *checkpointer, const char *path,
                               const char *under_name, struct sqlite_vfs *owner)
{
    checkpointer->vfs = sqlite_vfs_new_beside(under_name, owner);
    if (checkpointer->vfs == NULL)
        return REASON_OUT_OF_MEMORY;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    int result =
        sqlite3_open_v2(path, &checkpointer->database, flags, sqlite_vfs_name(checkpointer->vfs));
    if (checkpointer->database == NULL)
        return REASON_OUT_OF_MEMORY;
    if (result != SQLITE_OK)
        return reason_of_sqlite(checkpointer->database, result);
    (void)sqlite3_wal_hook(checkpointer->database, NULL, NULL);
    /* A copy passes the page cache by; the log is opened by the first read. */
    return sql_execute(checkpointer->database, "PRAGMA cache_size = 16; PRAGMA synchronous = FULL;"
                                               "SELECT count(*) FROM sqlite_schema");
}

enum reason checkpointer_new(const char *path, const char *under_name, struct sqlite_vfs *owner,
                             struct checkpointer **ret_checkpointer)
{
    struct checkpointer *checkpointer = calloc(1, sizeof *checkpointer);
    if (checkpointer == NULL)
        return REASON_OUT_OF_MEMORY;
    pthread_mutex_init(&checkpointer->lock, NULL);
    pthread_cond_init(&checkpointer->work, NULL);
    enum reason reason = open_handle(checkpointer, path, under_name, owner);
    if (reason == REASON_NONE) {
        checkpointer->has_thread =
            pthread_create(&checkpointer->thread, NULL, copy_when_asked, checkpointer) == 0;
        reason = checkpointer->has_thread ? REASON_NONE : REASON_OUT_OF_MEMORY;
    }
    if (reason != REASON_NONE) {
        checkpointer_destroy(&checkpointer);
        return reason;
    }
    *ret_checkpointer = checkpointer;
    return REASON_NONE;
}

void checkpointer_destroy(struct checkpointer **checkpointer)
{
    struct checkpointer *gone = *checkpointer;
    *checkpointer = NULL;
    if (gone == NULL)
        return;
    pthread_mutex_lock(&gone->lock);
    gone->is_stopping = true;
    pthread_cond_signal(&gone->work);
    pthread_mutex_unlock(&gone->lock);
    if (gone->has_thread)
        (void)pthread_join(gone->thread, NULL);
    (void)sqlite3_close(gone->database);
    sqlite_vfs_destroy(&gone->vfs);
    pthread_cond_destroy(&gone->work);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
}

void checkpointer_copy(struct checkpointer *checkpointer)
{
    pthread_mutex_lock(&checkpointer->lock);
    if (checkpointer->state == RESTS) {
        checkpointer_move(checkpointer, ASKED);
        pthread_cond_signal(&checkpointer->work);
    }
    pthread_mutex_unlock(&checkpointer->lock);
}

bool checkpointer_has_copied(struct checkpointer *checkpointer)
{
    pthread_mutex_lock(&checkpointer->lock);
    bool has_copied = checkpointer->state == COPIED;
    if (has_copied)
        checkpointer_move(checkpointer, RESTS);
    pthread_mutex_unlock(&checkpointer->lock);
    return has_copied;
}
