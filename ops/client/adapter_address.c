#include "ops/client/adapter_address.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_BYTES_MAX = 2048 };

/* The value of the file's top-level `state_directory`. Only that one row is looked for: the file
 * may hold settings that this program does not know. */
static bool find_state_directory(const char *settings_path, char ret_path[PATH_BYTES_MAX])
{
    static const char name[] = "state_directory:";
    FILE *file = fopen(settings_path, "re");
    if (file == NULL)
        return false;
    char line[LINE_BYTES_MAX];
    bool found = false;
    while (!found && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, sizeof name - 1) != 0)
            continue;
        char *value = line + sizeof name - 1;
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
static void look_into_folder(const char *folder, char state_directory[PATH_BYTES_MAX])
{
    char path[PATH_BYTES_MAX];
    bool is_state_directory = !path_make(path, "%s/api.port", folder) || access(path, F_OK) == 0;
    if (!is_state_directory && path_make(path, "%s/adapter.yaml", folder))
        (void)find_state_directory(path, state_directory);
}

enum reason adapter_locate(const char *where, const char *environment,
                           struct adapter_address *ret_address)
{
    if (where == NULL)
        where = environment != NULL && environment[0] != 0 ? environment : ADAPTER_SETTINGS_DEFAULT;
    char path[PATH_BYTES_MAX], port[8];
    struct stat status;
    snprintf(ret_address->state_directory, PATH_BYTES_MAX, "%s", where);
    if (stat(where, &status) != 0 || strlen(where) >= PATH_BYTES_MAX)
        return errno == EACCES ? REASON_TOKEN_WRONG : REASON_FILE_UNREADABLE;
    if (S_ISDIR(status.st_mode))
        look_into_folder(where, ret_address->state_directory);
    else if (!find_state_directory(where, ret_address->state_directory))
        return REASON_FILE_UNREADABLE;
    if (!path_make(path, "%s/api.port", ret_address->state_directory) ||
        !file_read_line(path, port, sizeof port) || strspn(port, "0123456789") != strlen(port) ||
        !path_make(path, "%s/api.token", ret_address->state_directory) ||
        !file_read_line(path, ret_address->token, sizeof ret_address->token))
        return access(path, R_OK) != 0 && errno == EACCES ? REASON_TOKEN_WRONG
                                                          : REASON_FILE_UNREADABLE;
    snprintf(ret_address->base_url, sizeof ret_address->base_url, "http://127.0.0.1:%s", port);
    return REASON_NONE;
}
