/* What a kind of back office reads when it is opened: the dialect's program and the office's
 * credentials. The text of the credentials is wiped once it is parsed; jansson's copy lives as
 * long as the office. */
#include "adapters/http/office_files.h"

#include <string.h>

#include "adapters/http/mapping.h"
#include "gateway/api/json_text.h"

enum { CREDENTIALS_BYTES_MAX = 16 * 1024 };

_Static_assert((int)MAPPING_FAULT_BYTES == (int)OFFICE_FAULT_BYTES, "one fault, two names");

static enum reason read_credentials(const char *path, json_t **ret_credentials)
{
    struct buffer text;
    buffer_init(&text, CREDENTIALS_BYTES_MAX);
    enum reason reason = file_read_secret(path, &text);
    if (reason == REASON_NONE)
        reason = json_text_read(buffer_view(&text), ret_credentials);
    if (text.size > 0)
        explicit_bzero(text.data, text.size);
    buffer_release(&text);
    return reason;
}

enum reason office_files_read(const struct office_settings *settings,
                              struct office_files *ret_files, const char **ret_what)
{
    *ret_files = (struct office_files){.credentials = NULL};
    buffer_init(&ret_files->mapping, MAPPING_PROGRAM_BYTES_MAX);
    *ret_what = settings->mapping;
    enum reason reason = file_read(settings->mapping, &ret_files->mapping);
    if (reason != REASON_NONE || settings->credentials_file[0] == 0)
        return reason;
    *ret_what = settings->credentials_file;
    return read_credentials(settings->credentials_file, &ret_files->credentials);
}

void office_files_release(struct office_files *files)
{
    buffer_release(&files->mapping);
    json_decref(files->credentials);
}
