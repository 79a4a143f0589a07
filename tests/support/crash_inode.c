#include "tests/support/crash_inode.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "tests/support/crash_vfs.h"

/* By half of it and more: a sanitizer maps and copies large blocks anew each time they grow. */
enum { GROWTH_BYTES = 512 * 1024 };

uint64_t crash_draw(uint64_t *seed, uint64_t below)
{
    /* splitmix64 */
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

void crash_resize(struct content *content, uint64_t size)
{
    if (size > content->capacity) {
        content->capacity = size + size / 2 + GROWTH_BYTES;
        content->bytes = realloc(content->bytes, content->capacity);
        check(content->bytes != NULL);
    }
    if (size > content->size)
        memset(content->bytes + content->size, 0, size - content->size);
    content->size = size;
}

static uint8_t content_at(const struct content *content, uint64_t offset)
{
    return offset < content->size ? content->bytes[offset] : 0;
}

struct crash_inode *crash_inode_new(void)
{
    struct crash_inode *inode = calloc(1, sizeof *inode);
    check(inode != NULL);
    inode->dirty_from = UINT64_MAX;
    return inode;
}

void crash_inode_set(struct crash_inode **place, struct crash_inode *inode)
{
    struct crash_inode *before = *place;
    if (inode != NULL)
        inode->references++;
    *place = inode;
    if (before == NULL || --before->references > 0)
        return;
    free(before->now.bytes);
    free(before->synced.bytes);
    free(before);
}

void crash_inode_touch(struct crash_inode *inode, uint64_t from, uint64_t to)
{
    if (from < inode->dirty_from)
        inode->dirty_from = from;
    if (to > inode->dirty_to)
        inode->dirty_to = to;
}

static void settle(struct crash_inode *inode)
{
    inode->dirty_from = UINT64_MAX;
    inode->dirty_to = 0;
}

void crash_inode_sync(struct crash_inode *inode)
{
    crash_resize(&inode->synced, inode->now.size);
    uint64_t to = inode->dirty_to < inode->now.size ? inode->dirty_to : inode->now.size;
    if (inode->dirty_from < to)
        memcpy(inode->synced.bytes + inode->dirty_from, inode->now.bytes + inode->dirty_from,
               to - inode->dirty_from);
    settle(inode);
}

void crash_inode_drop(struct crash_inode *inode)
{
    crash_resize(&inode->now, inode->synced.size);
    if (inode->synced.size > 0)
        memcpy(inode->now.bytes, inode->synced.bytes, inode->synced.size);
    settle(inode);
}

/* One run of sectors of the survivor: old, new, or new up to somewhere. */
static void survive_run(uint64_t *seed, struct crash_inode *inode, uint64_t start, uint64_t size)
{
    enum { OLD, NEW, TORN, CASES };
    uint64_t kind = crash_draw(seed, CASES);
    uint64_t new_bytes = kind == NEW ? size : kind == TORN ? crash_draw(seed, size) : 0;
    uint64_t end = start + size;
    for (uint64_t at = start + new_bytes; at < end && at < inode->now.size; at++)
        inode->now.bytes[at] = content_at(&inode->synced, at);
}

void crash_inode_survive(uint64_t *seed, struct crash_inode *inode, uint64_t run_bytes)
{
    uint64_t first = inode->dirty_from / CRASH_SECTOR_BYTES * CRASH_SECTOR_BYTES;
    uint64_t new_size = inode->now.size;
    uint64_t old_size = inode->synced.size;
    uint64_t to = inode->dirty_to;
    if (new_size < old_size && crash_draw(seed, 2) == 0) { /* the truncation is lost */
        crash_resize(&inode->now, old_size);
        memcpy(inode->now.bytes + new_size, inode->synced.bytes + new_size, old_size - new_size);
    }
    for (uint64_t start = first; start < to; start += run_bytes)
        survive_run(seed, inode, start, run_bytes);
    if (new_size > old_size && crash_draw(seed, 2) == 0) /* the new length is lost */
        crash_resize(&inode->now, old_size);
    crash_resize(&inode->synced, inode->now.size);
    if (inode->now.size > 0)
        memcpy(inode->synced.bytes, inode->now.bytes, inode->now.size);
    settle(inode);
}
