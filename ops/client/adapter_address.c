#include "ops/client/adapter_address.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_BYTES_MAX = 2048 };

bool settings_path_find(const char *settings_path, const char *name, char ret_path[PATH_BYTES_MAX])
{
    size_t name_bytes = strlen(name);
    FILE *file = fopen(settings_path, "re");
    if (file == NULL)
        return false;
    char line[LINE_BYTES_MAX];
    bool found = false;
    while (!found && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, name_bytes) != 0)
            continue;
        char *value = line + name_bytes;
        value += strspn(value, " \t\"'");
        value[strcspn(value, "\"'#\r\n")] = 0;
        for (size_t size = strlen(value); size > 0 && value[size - 1] == ' '; size--)
            value[size - 1] = 0;
        const char *slash = strrchr(settings_path, '/');
        int folder = slash == NULL || value[0] == '/' ? 0 : (int)(slash - settings_path + 1);
        found = value[0] != 0 && path_make(ret_path, "%.*s%s", folder, settings_path, value);
    }
    fclose(file);
    return found;
}

/* A folder with a port in it is a state directory, also when it has an adapter.yaml. */
static void look_into_folder(const char *folder, struct adapter_address *address)
{
    char path[PATH_BYTES_MAX];
    bool is_state_directory = !path_make(path, "%s/api.port", folder) || access(path, F_OK) == 0;
    const char *beside = is_state_directory ? "%s/../adapter.yaml" : "%s/adapter.yaml";
    if (!path_make(path, beside, folder) || access(path, R_OK) != 0)
        return;
    (void)snprintf(address->settings, PATH_BYTES_MAX, "%s", path);
    if (!is_state_directory)
        (void)settings_path_find(path, "state_directory:", address->state_directory);
}

enum reason adapter_locate(const char *where, const char *environment,
                           struct adapter_address *ret_address)
{
    if (where == NULL)
        where = environment != NULL && environment[0] != 0 ? environment : ADAPTER_SETTINGS_DEFAULT;
    char path[PATH_BYTES_MAX], port[8];
    struct stat status;
    ret_address->settings[0] = 0;
    snprintf(ret_address->state_directory, PATH_BYTES_MAX, "%s", where);
    if (stat(where, &status) != 0 || strlen(where) >= PATH_BYTES_MAX)
        return errno == EACCES ? REASON_TOKEN_WRONG : REASON_FILE_UNREADABLE;
    if (S_ISDIR(status.st_mode))
        look_into_folder(where, ret_address);
    else if (!settings_path_find(where, "state_directory:", ret_address->state_directory))
        return REASON_FILE_UNREADABLE;
    else
        snprintf(ret_address->settings, PATH_BYTES_MAX, "%s", where);
    if (!path_make(path, "%s/api.port", ret_address->state_directory) ||
        !file_read_line(path, port, sizeof port) || strspn(port, "0123456789") != strlen(port) ||
        !path_make(path, "%s/api.token", ret_address->state_directory) ||
        !file_read_line(path, ret_address->token, sizeof ret_address->token))
        return access(path, R_OK) != 0 && errno == EACCES ? REASON_TOKEN_WRONG
                                                          : REASON_FILE_UNREADABLE;
    snprintf(ret_address->base_url, sizeof ret_address->base_url, "http://127.0.0.1:%s", port);
    return REASON_NONE;
}
