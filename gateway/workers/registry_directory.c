/* The registry's files from their folder. The registry's own code never opens one, so that the
 * simulator and the tests give it texts. */
#include "gateway/workers/registry_directory.h"

#include "routing/registry/registry.h"

static enum reason read_one(const char *folder, enum registry_file file, struct buffer *content,
                            struct registry_files *files)
{
    char path[FILE_PATH_BYTES_MAX];
    buffer_init(content, REGISTRY_FILE_BYTES_MAX);
    if (!file_path_join(folder, registry_file_name(file), path))
        return REASON_FILE_UNREADABLE;
    enum reason reason = file_read(path, content);
    /* A file that is not there is the registry's to judge: some may be absent. */
    if (reason == REASON_NOT_FOUND)
        return REASON_NONE;
    if (reason != REASON_NONE)
        return reason;
    /* An empty file has .data: it is there. */
    const char *text = buffer_text(content);
    files->content[file] = (struct bytes){(const uint8_t *)text, content->size};
    return text == NULL ? REASON_FILE_UNREADABLE : REASON_NONE;
}

enum reason registry_directory_load(const char *path, hash_function *hash,
                                    struct faults *ret_faults, struct registry **ret_registry)
{
    struct buffer contents[REGISTRY_FILE_COUNT] = {{0}};
    struct registry_files files = {0};
    enum reason reason = REASON_NONE;
    faults_init(ret_faults);
    for (size_t i = 0; reason == REASON_NONE && i < REGISTRY_FILE_COUNT; i++)
        reason = read_one(path, (enum registry_file)i, &contents[i], &files);
    if (reason == REASON_NONE)
        reason = registry_new(&files, hash, ret_faults, ret_registry);
    for (size_t i = 0; i < REGISTRY_FILE_COUNT; i++)
        buffer_release(&contents[i]);
    return reason;
}
