/* Where a daemon's API is, from what an operator has at hand: its socket, its state folder, its
 * settings or their folder. Settings are read for two lines only and not parsed: a command has to
 * reach a daemon whose settings file is being edited. */
#include "ops/client/adapter_address.h"

#include <errno.h>
#include <stdio.h>
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

static bool is_there(char path[PATH_BYTES_MAX], const char *format, const char *folder,
                     const char *name)
{
    return path_make(path, format, folder, name) && access(path, F_OK) == 0;
}

/* Its settings lie in the folder, or beside the state directory that the folder is. */
static void look_into_folder(const char *folder, const char *name, struct adapter_address *address)
{
    char path[PATH_BYTES_MAX];
    bool is_state_directory = is_there(path, "%s/%s", folder, "api.socket") ||
                              is_there(path, "%s/%s", folder, "api.port");
    if (is_there(path, is_state_directory ? "%s/../%s" : "%s/%s", folder, name))
        (void)snprintf(address->settings, PATH_BYTES_MAX, "%s", path);
    if (!is_state_directory && address->settings[0] != 0)
        (void)settings_path_find(path, "state_directory:", address->state_directory);
}

static bool is_socket(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* The socket, and what there is beside it. */
static enum reason find_doors(struct adapter_address *address)
{
    char path[PATH_BYTES_MAX], port[8];
    bool has_socket = path_make(address->socket, "%s/api.socket", address->state_directory) &&
                      is_socket(address->socket);
    if (!has_socket)
        address->socket[0] = 0;
    if (path_make(path, "%s/api.port", address->state_directory) &&
        file_read_line(path, port, sizeof port) && strspn(port, "0123456789") == strlen(port) &&
        path_make(path, "%s/api.token", address->state_directory) &&
        file_read_line(path, address->token, sizeof address->token))
        snprintf(address->base_url, sizeof address->base_url, "http://127.0.0.1:%s", port);
    else if (!has_socket)
        return access(path, R_OK) != 0 && errno == EACCES ? REASON_ACCESS_DENIED
                                                          : REASON_FILE_UNREADABLE;
    return REASON_NONE;
}

static void take_socket(const char *where, const char *name, struct adapter_address *address)
{
    char folder[PATH_BYTES_MAX];
    const char *slash = strrchr(where, '/');
    snprintf(address->socket, PATH_BYTES_MAX, "%s", where);
    snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - where),
             slash == NULL ? "." : where);
    look_into_folder(folder, name, address);
}

/* Whatever somebody has at hand: a socket, a state folder, the settings file, or its folder. */
static enum reason locate(const char *where, const char *name, struct adapter_address *ret_address)
{
    struct stat status;
    *ret_address = (struct adapter_address){.base_url = "http://localhost"};
    snprintf(ret_address->state_directory, PATH_BYTES_MAX, "%s", where);
    if (strlen(where) >= PATH_BYTES_MAX || stat(where, &status) != 0)
        return errno == EACCES ? REASON_ACCESS_DENIED : REASON_FILE_UNREADABLE;
    if (S_ISSOCK(status.st_mode)) {
        take_socket(where, name, ret_address);
        return REASON_NONE;
    }
    if (S_ISDIR(status.st_mode))
        look_into_folder(where, name, ret_address);
    else if (settings_path_find(where, "state_directory:", ret_address->state_directory))
        snprintf(ret_address->settings, PATH_BYTES_MAX, "%s", where);
    else
        return REASON_FILE_UNREADABLE;
    return find_doors(ret_address);
}

enum reason adapter_locate(const char *where, const char *environment,
                           struct adapter_address *ret_address)
{
    if (where == NULL)
        where = environment != NULL && environment[0] != 0 ? environment : ADAPTER_SETTINGS_DEFAULT;
    return locate(where, "adapter.yaml", ret_address);
}

enum reason gateway_locate(const char *where, struct adapter_address *ret_address)
{
    return locate(where[0] != 0 ? where : GATEWAY_SOCKET_DEFAULT, "gateway.yaml", ret_address);
}
