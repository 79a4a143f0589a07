/* Names of agencies for keys, from a registry that can be read from here. Without one the keys are
 * shown: a command must work on a machine that only has the socket. */
#include "ops/cli/names.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/workers/registry_directory.h"
#include "ops/cli/registry_access.h"
#include "ops/cli/text.h"
#include "ops/client/adapter_address.h"
#include "ops/client/file.h"
#include "ops/terminal/terminal.h"
#include "proto/seal/sha256.h"

void names_open(const struct invocation *invocation, const char *settings, struct names *ret_names)
{
    static struct faults faults;
    char directory[PATH_BYTES_MAX];
    bool is_named = settings != NULL &&
                    settings_path_find(settings, "registry_directory:", directory) &&
                    access(directory, R_OK) == 0;
    const char *place = is_named ? directory : registry_place(NULL);
    *ret_names = (struct names){.language = invocation->language};
    if (registry_directory_load(place, sha256_parts, &faults, &ret_names->registry) != REASON_NONE)
        ret_names->registry = NULL;
}

void names_open_for(const struct invocation *invocation, const char *adapter, const char *gateway,
                    struct names *ret_names)
{
    struct names places = {.language = invocation->language,
                           .invocation = invocation,
                           .adapter = adapter,
                           .gateway = gateway};
    *ret_names = places;
    if (terminal_width(stdout) > 0)
        names_read(&places, ret_names);
}

void names_read(const struct names *places, struct names *ret_names)
{
    struct adapter_address address = {.state_directory = ""};
    if (places->gateway != NULL)
        (void)gateway_locate(places->gateway, &address);
    else
        (void)adapter_locate(places->adapter, getenv("LIENTHONG_ADAPTER"), &address);
    names_open(places->invocation, address.settings[0] != 0 ? address.settings : NULL, ret_names);
}

void names_close(struct names *names)
{
    registry_destroy(&names->registry);
}

static const struct agency *find(const struct names *names, const char *key)
{
    struct key parsed;
    return names->registry != NULL && key_parse(bytes_of_text(key), &parsed)
               ? registry_agency(names->registry, &parsed)
               : NULL;
}

const char *name_of(const struct names *names, const char *key)
{
    const struct agency *agency = find(names, key);
    const char *name =
        agency == NULL ? "" : language_pick(names->language, agency->name_vi, agency->name_en);
    return name[0] != 0 ? name : key;
}

/* For columns: what all names of a list begin with says nothing and takes the room of what does. */
const char *short_name_of(const struct names *names, const char *key)
{
    static const char department[] = "Department of ";
    static const enum text roles[] = {[ROLE_CENTRE] = TEXT_NAME_CENTRE,
                                      [ROLE_PORTAL] = TEXT_NAME_PORTAL,
                                      [ROLE_GATEWAY] = TEXT_NAME_GATEWAY};
    const struct agency *agency = find(names, key);
    const char *name = name_of(names, key);
    if (agency != NULL && agency->role != ROLE_AGENCY &&
        (size_t)agency->role < sizeof roles / sizeof *roles)
        return text_of(roles[agency->role], names->language);
    return strncmp(name, department, sizeof department - 1) == 0 ? name + sizeof department - 1
                                                                 : name;
}
