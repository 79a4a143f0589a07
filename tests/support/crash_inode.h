/* crash_inode - the bytes of one file on the disk of crash_vfs.h: as a reader sees them, as they
 * were at the last sync, and what is left of the two when the power goes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct content {
    uint8_t *bytes;
    uint64_t size;
    uint64_t capacity;
};

struct crash_inode {
    struct content now;
    struct content synced;
    uint64_t dirty_from, dirty_to; /* may differ here and nowhere else */
    bool is_new_journal;           /* its first sync syncs the folder */
    uint32_t references;
};

/* From 0 to below - 1; the seed moves on. */
uint64_t crash_draw(uint64_t *seed, uint64_t below);

/* New bytes are zero. */
void crash_resize(struct content *content, uint64_t size);
struct crash_inode *crash_inode_new(void);
/* Puts inode (or NULL) in a place that refers to another; the last reference frees. */
void crash_inode_set(struct crash_inode **place, struct crash_inode *inode);
/* These bytes are about to differ from the synced ones. */
void crash_inode_touch(struct crash_inode *inode, uint64_t from, uint64_t to);
void crash_inode_sync(struct crash_inode *inode);
/* What was written since the last sync is gone. */
void crash_inode_drop(struct crash_inode *inode);
/* The power went: a mixture of both becomes both. Whole runs share a fate. */
void crash_inode_survive(uint64_t *seed, struct crash_inode *inode, uint64_t run_bytes);
