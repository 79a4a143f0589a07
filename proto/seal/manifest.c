/* What one signature covers when a parcel has several messages: a line each, digest and id, in the
 * form of sha256sum, so that a lawyer's expert can check it with tools that every machine has.
 * Only one text is possible for given messages: whatever would not have been written by us is
 * refused. */
#include "proto/seal/manifest.h"

#include <string.h>

enum { HEX_BYTES = 2 * DIGEST_BYTES, ID_BYTES = MESSAGE_ID_TEXT_BYTES - 1 };

/* ret_line holds MANIFEST_LINE_BYTES and a terminator. */
static void format_line(const struct manifest_entry *entry, char *ret_line)
{
    digest_format(&entry->digest, ret_line);
    memcpy(ret_line + HEX_BYTES, "  ", 2);
    id_format(&entry->id, ret_line + HEX_BYTES + 2);
    memcpy(ret_line + HEX_BYTES + 2 + ID_BYTES, MANIFEST_NAME_SUFFIX "\n",
           sizeof MANIFEST_NAME_SUFFIX "\n");
}

static bool parse_line(struct bytes line, struct manifest_entry *ret_entry)
{
    char canonical[MANIFEST_LINE_BYTES + 1];
    if (!digest_parse((struct bytes){line.data, HEX_BYTES}, &ret_entry->digest) ||
        !id_parse((struct bytes){line.data + HEX_BYTES + 2, ID_BYTES}, &ret_entry->id) ||
        !id_is_valid(&ret_entry->id))
        return false;
    /* Capitals, other separators, other names: whatever we would not have written. */
    format_line(ret_entry, canonical);
    return bytes_equal(line, (struct bytes){(const uint8_t *)canonical, MANIFEST_LINE_BYTES});
}

/* Two lines of one id, or of one digest, would let two readers take different ones. */
static bool is_new(const struct manifest_entry *entries, size_t count,
                   const struct manifest_entry *entry)
{
    for (size_t i = 0; i < count; i++) {
        if (digest_equal(&entries[i].digest, &entry->digest) ||
            id_equal(&entries[i].id, &entry->id))
            return false;
    }
    return true;
}

enum reason manifest_parse(struct bytes text, struct manifest *ret_manifest)
{
    size_t count = text.size / MANIFEST_LINE_BYTES;
    if (text.size % MANIFEST_LINE_BYTES != 0 || count == 0 || count > PARCEL_MESSAGES_MAX)
        return REASON_MANIFEST_MALFORMED;
    struct manifest manifest;
    for (size_t i = 0; i < count; i++) {
        struct bytes line = {text.data + i * MANIFEST_LINE_BYTES, MANIFEST_LINE_BYTES};
        struct manifest_entry *entry = &manifest.entries[i];
        if (!parse_line(line, entry) || !is_new(manifest.entries, i, entry))
            return REASON_MANIFEST_MALFORMED;
    }
    memcpy(ret_manifest->entries, manifest.entries, count * sizeof manifest.entries[0]);
    ret_manifest->count = count;
    return REASON_NONE;
}

enum reason manifest_write(const struct manifest_entry *entries, size_t count,
                           struct buffer *ret_text)
{
    if (count == 0 || count > PARCEL_MESSAGES_MAX)
        return REASON_MANIFEST_MALFORMED;
    for (size_t i = 0; i < count; i++) {
        if (!id_is_valid(&entries[i].id) || !is_new(entries, i, &entries[i]))
            return REASON_MANIFEST_MALFORMED;
    }
    uint8_t *room = buffer_extend(ret_text, count * MANIFEST_LINE_BYTES);
    if (room == NULL)
        return REASON_OUT_OF_MEMORY;
    for (size_t i = 0; i < count; i++) {
        char line[MANIFEST_LINE_BYTES + 1];
        format_line(&entries[i], line);
        memcpy(room + i * MANIFEST_LINE_BYTES, line, MANIFEST_LINE_BYTES);
    }
    return REASON_NONE;
}

/* A scan of PARCEL_MESSAGES_MAX lines at most, each compared as memory. */
const struct manifest_entry *manifest_find(const struct manifest *manifest,
                                           const struct digest *digest)
{
    for (size_t i = 0; i < manifest->count; i++) {
        if (digest_equal(&manifest->entries[i].digest, digest))
            return &manifest->entries[i];
    }
    return NULL;
}
