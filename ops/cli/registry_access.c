/* The registry as the commands find it: named, else LIENTHONG_REGISTRY, else its usual place. All
 * commands find it alike, so that "registry check" judges the one that "route explain" explains. */
#include "ops/cli/registry_access.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "gateway/workers/registry_directory.h"
#include "ops/cli/adapter_call.h"
#include "ops/cli/say.h"
#include "ops/cli/text.h"
#include "proto/seal/sha256.h"

const char *registry_place(const char *given)
{
    static const char usual[] = "/etc/lienthong/registry";
    if (given != NULL)
        return given;
    const char *place = getenv("LIENTHONG_REGISTRY");
    return place != NULL && place[0] != 0 ? place : usual;
}

struct registry *registry_at_hand(struct faults *faults)
{
    struct registry *registry = NULL;
    (void)registry_directory_load(registry_place(NULL), sha256_parts, faults, &registry);
    return registry;
}

/* Faults in the files are the answer "no"; a folder that is not there is a failure of the
 * command. */
int registry_open(const struct invocation *invocation, const char *directory,
                  struct faults *ret_faults, struct registry **ret_registry)
{
    struct stat status;
    enum reason reason = REASON_FILE_UNREADABLE;
    if (stat(directory, &status) == 0 && S_ISDIR(status.st_mode))
        reason = registry_directory_load(directory, sha256_parts, ret_faults, ret_registry);
    if (reason == REASON_NONE)
        return EXIT_CODE_OK;
    if (reason == REASON_REGISTRY_INVALID)
        return EXIT_CODE_NEGATIVE;
    enum text text = reason == REASON_OUT_OF_MEMORY ? TEXT_OUT_OF_MEMORY : TEXT_FILE_UNREADABLE;
    say(stderr, text_of(text, invocation->language), directory);
    return EXIT_CODE_UNREACHABLE;
}

void registry_print_faults(const struct invocation *invocation, const struct faults *faults,
                           FILE *to)
{
    enum { TEXT_BYTES_LIMIT = FAULTS_MAX * 512 };
    struct buffer text;
    buffer_init(&text, TEXT_BYTES_LIMIT);
    (void)faults_print(faults, invocation->language, &text);
    say_lines(to, buffer_view(&text));
    say(to, text_of(TEXT_REGISTRY_FAULTS, invocation->language), faults_total(faults));
    buffer_release(&text);
}
