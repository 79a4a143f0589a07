/* Writing a tar, and reading it back. */
#include "ops/archive/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK_BYTES = 512, PIECE_BYTES = 64 * BLOCK_BYTES };

/* ustar, as POSIX.1-1988 has it: what every tar reads. */
struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
    char magic[6], version[2], owner[32], group[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct header) == BLOCK_BYTES, "a header is a block");

/* A limit on the size of files is a full disk to who meets it. */
static enum reason of_errno(void)
{
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? REASON_STORE_FULL
                                                                : REASON_STORE_FAILED;
}

static enum reason put(struct archive *archive, struct bytes content)
{
    if (!file_write_all(archive->file, content))
        return of_errno();
    archive->bytes += content.size;
    return REASON_NONE;
}

/* The checksum is the sum of the header's bytes with blanks in its own place. Numbers are octal
 * digits, as they were when the form was made. */
static enum reason put_header(struct archive *archive, const char *name, uint64_t size)
{
    struct header header = {.mode = "0000600",
                            .uid = "0000000",
                            .gid = "0000000",
                            .mtime = "00000000000",
                            .type = '0',
                            .magic = "ustar",
                            .version = {'0', '0'}};
    const uint64_t size_max = (UINT64_C(1) << 33) - 1; /* eleven octal digits */
    unsigned sum = 0;
    if (strlen(name) > ARCHIVE_NAME_BYTES_MAX || size > size_max)
        return REASON_FIELD_TOO_LONG;
    (void)snprintf(header.name, sizeof header.name, "%s", name);
    (void)snprintf(header.size, sizeof header.size, "%011llo", (unsigned long long)size);
    memset(header.checksum, ' ', sizeof header.checksum);
    for (size_t i = 0; i < sizeof header; i++)
        sum += ((const uint8_t *)&header)[i];
    (void)snprintf(header.checksum, sizeof header.checksum, "%06o", sum);
    return put(archive, (struct bytes){(const uint8_t *)&header, sizeof header});
}

/* Members begin on blocks. */
static enum reason put_padding(struct archive *archive, uint64_t size)
{
    static const uint8_t zeros[BLOCK_BYTES];
    size_t over = (size_t)(size % BLOCK_BYTES);
    return over == 0 ? REASON_NONE : put(archive, (struct bytes){zeros, BLOCK_BYTES - over});
}

/* A line as sha256sum writes and reads it. */
static enum reason note_sum(struct buffer *sums, const char *name, const struct digest *digest)
{
    char line[DIGEST_TEXT_BYTES + ARCHIVE_NAME_BYTES_MAX + 8];
    char text[DIGEST_TEXT_BYTES];
    digest_format(digest, text);
    int size = snprintf(line, sizeof line, "%s  %s\n", text, name);
    return buffer_append(sums, (struct bytes){(const uint8_t *)line, (size_t)size})
               ? REASON_NONE
               : REASON_OUT_OF_MEMORY;
}

/* Under another name until it is whole: a folder of archives never shows half of one, and what a
 * kill left is written over by the next. */
enum reason archive_new(const char *path, struct archive *ret_archive)
{
    *ret_archive = (struct archive){.file = -1};
    buffer_init(&ret_archive->sums, ARCHIVE_SUMS_BYTES_MAX);
    if (!path_make(ret_archive->path, "%s", path) || !path_make(ret_archive->part, "%s.part", path))
        return REASON_FIELD_TOO_LONG;
    if (access(path, F_OK) == 0)
        return REASON_STATE_IN_PLACE;
    ret_archive->file = file_create(ret_archive->part, 0600);
    return ret_archive->file < 0 ? of_errno() : REASON_NONE;
}

/* Small enough to be in memory: what a message is made of. */
enum reason archive_add(struct archive *archive, const char *name, struct bytes content)
{
    struct digest digest;
    enum reason reason = put_header(archive, name, content.size);
    if (reason == REASON_NONE)
        reason = put(archive, content);
    if (reason == REASON_NONE)
        reason = put_padding(archive, content.size);
    if (reason != REASON_NONE)
        return reason;
    sha256_parts(&content, 1, &digest);
    archive->members++;
    return note_sum(&archive->sums, name, &digest);
}

/* As long as it was when its header was written: one that is shorter by now is no archive. */
static enum reason copy(struct archive *archive, int from, uint64_t size)
{
    uint8_t piece[PIECE_BYTES];
    enum reason reason = REASON_NONE;
    while (size > 0 && reason == REASON_NONE) {
        ssize_t count = read(from, piece, size < sizeof piece ? (size_t)size : sizeof piece);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return REASON_FILE_UNREADABLE;
        size -= (uint64_t)count;
        reason = put(archive, (struct bytes){piece, (size_t)count});
    }
    return reason;
}

/* Its sum is the name that it goes by: that it is so is seen when it is read back. */
enum reason archive_add_file(struct archive *archive, const char *name, const char *path,
                             const struct digest *digest)
{
    struct stat status;
    int file = -1;
    enum reason reason = file_open_regular(path, UINT64_MAX, &file);
    if (reason != REASON_NONE)
        return reason;
    uint64_t size = fstat(file, &status) == 0 ? (uint64_t)status.st_size : 0;
    reason = put_header(archive, name, size);
    if (reason == REASON_NONE)
        reason = copy(archive, file, size);
    if (reason == REASON_NONE)
        reason = put_padding(archive, size);
    (void)close(file);
    archive->members += reason == REASON_NONE;
    return reason == REASON_NONE ? note_sum(&archive->sums, name, digest) : reason;
}

/* ---- reading back ---- */

/* An end in the middle is damage, and an error of the disk is the disk's. */
static enum reason read_whole(int file, void *block, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t count = read(file, (uint8_t *)block + at, size - at);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return count < 0 ? REASON_STORE_FAILED : REASON_BACKUP_DAMAGED;
        at += (size_t)count;
    }
    return REASON_NONE;
}

/* With its padding, which belongs to no sum. */
static enum reason hash_member(int file, uint64_t size, struct sha256 *hash)
{
    uint8_t piece[PIECE_BYTES];
    enum reason reason = REASON_NONE;
    while (size > 0 && reason == REASON_NONE) {
        size_t part = size < sizeof piece ? (size_t)size : sizeof piece;
        reason = read_whole(file, piece, (part + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES);
        sha256_update(hash, (struct bytes){piece, part});
        size -= part;
    }
    return reason;
}

/* Eleven digits and a zero byte. */
static bool read_octal(const char digits[12], uint64_t *ret_number)
{
    *ret_number = 0;
    for (size_t i = 0; i < 11; i++) {
        if (digits[i] < '0' || digits[i] > '7')
            return false;
        *ret_number = *ret_number * 8 + (uint64_t)(digits[i] - '0');
    }
    return digits[11] == 0;
}

/* As a stranger would read it: sizes and names from the headers, not from what we remember. */
static enum reason read_members(int file, uint64_t members, struct sha256 *hash,
                                struct buffer *sums)
{
    enum reason reason = REASON_NONE;
    for (; members > 0 && reason == REASON_NONE; members--) {
        struct header header;
        struct digest digest;
        uint64_t size = 0;
        reason = read_whole(file, &header, sizeof header);
        if (reason == REASON_NONE &&
            (header.name[ARCHIVE_NAME_BYTES_MAX] != 0 || !read_octal(header.size, &size)))
            reason = REASON_BACKUP_DAMAGED;
        if (reason == REASON_NONE && !sha256_init(hash))
            reason = REASON_OUT_OF_MEMORY;
        if (reason == REASON_NONE)
            reason = hash_member(file, size, hash);
        if (reason != REASON_NONE)
            return reason;
        sha256_final(hash, &digest);
        reason = note_sum(sums, header.name, &digest);
    }
    return reason;
}

/* From the disk and not from memory, as far as the system can be asked to. */
static enum reason read_back(struct archive *archive)
{
    struct buffer sums;
    struct sha256 hash = {NULL};
    buffer_init(&sums, ARCHIVE_SUMS_BYTES_MAX);
    (void)posix_fadvise(archive->file, 0, 0, POSIX_FADV_DONTNEED);
    enum reason reason = lseek(archive->file, 0, SEEK_SET) == 0
                             ? read_members(archive->file, archive->members, &hash, &sums)
                             : REASON_STORE_FAILED;
    if (reason == REASON_NONE && !bytes_equal(buffer_view(&sums), buffer_view(&archive->sums)))
        reason = REASON_BACKUP_DAMAGED;
    sha256_release(&hash);
    buffer_release(&sums);
    return reason;
}

/* The sums are of all members but themselves; two blocks of zeros end a tar. */
static enum reason put_end(struct archive *archive)
{
    static const uint8_t zeros[2 * BLOCK_BYTES];
    uint64_t members = archive->members;
    size_t size = archive->sums.size; /* of the members before this one */
    enum reason reason = archive_add(archive, "SHA256SUMS", buffer_view(&archive->sums));
    archive->members = members;
    archive->sums.size = size;
    return reason == REASON_NONE ? put(archive, (struct bytes){zeros, sizeof zeros}) : reason;
}

/* In this order: on the disk, read back, named, and the name on the disk. Before the last of them
 * nobody may let anything go. */
enum reason archive_finish(struct archive *archive)
{
    char folder[PATH_BYTES_MAX];
    enum reason reason = put_end(archive);
    if (reason == REASON_NONE && fsync(archive->file) != 0)
        reason = of_errno();
    if (reason == REASON_NONE)
        reason = read_back(archive);
    if (reason == REASON_NONE && rename(archive->part, archive->path) != 0)
        reason = of_errno();
    if (reason != REASON_NONE)
        return reason;
    archive->part[0] = 0;
    (void)path_make(folder, "%s", archive->path);
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        *slash = 0;
    return folder_sync(slash == NULL ? "." : slash == folder ? "/" : folder);
}

void archive_release(struct archive *archive)
{
    if (archive->file >= 0)
        (void)close(archive->file);
    if (archive->file >= 0 && archive->part[0] != 0)
        (void)unlink(archive->part);
    buffer_release(&archive->sums);
    archive->file = -1;
}
