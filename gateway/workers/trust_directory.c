/* The trust part of registry_directory.h: anchors, intermediates and revocation lists of their
 * folders, and the certificate files that participants.csv names. All of it is read before anything
 * is judged (proto/seal/trust_builder.c), and the first file that cannot be used is named, for
 * whoever put it there. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/workers/registry_directory.h"
#include "proto/seal/trust.h"
#include "routing/registry/registry.h"

enum { CERTIFICATE_FILE_BYTES_MAX = 16 * 1024 * 1024 /* a national CA's revocation list */ };

typedef enum reason add_file(struct trust_builder *builder, struct bytes content);

static enum reason read_and_add(struct trust_builder *builder, add_file *add, const char *path)
{
    struct buffer content;
    buffer_init(&content, CERTIFICATE_FILE_BYTES_MAX);
    enum reason reason = file_read(path, &content);
    if (reason == REASON_NONE)
        reason = add(builder, buffer_view(&content));
    buffer_release(&content);
    return reason;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Every file of a folder, in the order of names. ret_culprit: where it stopped. In the order of
 * names, so that the same folder makes the same snapshot on every machine. A folder of anchors
 * without a file is refused: nobody's signature would be good. */
static enum reason add_folder(struct trust_builder *builder, add_file *add, const char *folder,
                              bool is_optional, char *ret_culprit)
{
    struct dirent **names = NULL;
    int count = scandir(folder, &names, is_visible, alphasort);
    (void)snprintf(ret_culprit, FILE_PATH_BYTES_MAX, "%s", folder);
    if (count < 0)
        return is_optional ? REASON_NONE : REASON_NOT_FOUND;
    enum reason reason = count > TRUST_FILES_MAX ? REASON_REGISTRY_INVALID : REASON_NONE;
    if (count == 0 && !is_optional)
        reason = REASON_NOT_FOUND;
    for (int i = 0; i < count; i++) {
        if (reason == REASON_NONE && !file_path_join(folder, names[i]->d_name, ret_culprit))
            reason = REASON_FILE_UNREADABLE;
        if (reason == REASON_NONE)
            reason = read_and_add(builder, add, ret_culprit);
        free(names[i]);
    }
    free(names);
    return reason;
}

static enum reason add_authorities(struct trust_builder *builder, const char *path,
                                   char *ret_culprit)
{
    static const struct {
        const char *folder;
        add_file *add;
        bool is_optional;
    } parts[] = {
        {"trust/anchors", trust_builder_add_anchors, false},
        {"trust/intermediates", trust_builder_add_intermediates, true},
        {"trust/lists", trust_builder_add_lists, true},
    };
    enum reason reason = REASON_NONE;
    for (size_t i = 0; reason == REASON_NONE && i < sizeof parts / sizeof *parts; i++) {
        char folder[FILE_PATH_BYTES_MAX];
        if (!file_path_join(path, parts[i].folder, folder))
            return REASON_FILE_UNREADABLE;
        reason = add_folder(builder, parts[i].add, folder, parts[i].is_optional, ret_culprit);
    }
    return reason;
}

static enum reason add_participant(struct trust_builder *builder, const char *path,
                                   const struct participant *participant, char *ret_culprit)
{
    for (size_t i = 0; i < participant->certificate_count; i++) {
        struct buffer content;
        if (!file_path_join(path, participant->certificates[i], ret_culprit))
            return REASON_FILE_UNREADABLE;
        buffer_init(&content, CERTIFICATE_FILE_BYTES_MAX);
        enum reason reason = file_read(ret_culprit, &content);
        if (reason == REASON_NONE)
            reason =
                trust_builder_register(builder, &participant->agency->key, buffer_view(&content));
        buffer_release(&content);
        if (reason != REASON_NONE)
            return reason;
    }
    return REASON_NONE;
}

enum reason trust_directory_load(const char *path, const struct registry *registry, wall_t now,
                                 struct trust **ret_trust, char ret_culprit[FILE_PATH_BYTES_MAX])
{
    struct trust_builder *builder = NULL;
    ret_culprit[0] = 0;
    enum reason reason = trust_builder_new(&builder);
    if (reason != REASON_NONE)
        return reason;
    reason = add_authorities(builder, path, ret_culprit);
    for (size_t i = 0; reason == REASON_NONE && i < registry_participant_count(registry); i++)
        reason = add_participant(builder, path, registry_participant_at(registry, i), ret_culprit);
    if (reason != REASON_NONE) {
        trust_builder_destroy(&builder);
        return reason;
    }
    ret_culprit[0] = 0;
    return trust_freeze(&builder, now, ret_trust);
}
