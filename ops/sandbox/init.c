/* Makes the sandbox province: an authority, keys and certificates, the registry, everybody's
 * settings, for up.c to run. Nothing is asked of the network and nothing is written outside of the
 * folder. What a failure leaves is a folder that init refuses to use again. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/workers/program.h"
#include "gateway/workers/registry_directory.h"
#include "ops/sandbox/authority.h"
#include "ops/sandbox/sandbox.h"
#include "proto/link/link.h"
#include "proto/seal/sha256.h"
#include "routing/registry/registry.h"

enum { DATA_FILE_BYTES_MAX = 4 * 1024 * 1024, TEXT_BYTES_OF_SETTINGS = 8192, YEAR_DAYS = 365 };
/* What the portal's stand-in wants to hear; see portal.h. */
#define PORTAL_DSTCODE     "VN/GOV/DVCQG/sandbox"
#define PORTAL_CREDENTIALS "{\"username\": \"lienthong\", \"password\": \"sandbox-portal\"}\n"
#define DAY_MS             ((int64_t)24 * 60 * 60 * 1000)

struct making {
    const struct sandbox_init_options *options;
    enum language language;
    struct authority *authority;
    struct registry *registry; /* without participants */
    struct buffer participants;
    struct curve_key gateway_key;
    int gateway_port;
    uint16_t next_port;
};

static bool fail(const char *what)
{
    (void)fprintf(stderr, "lienthong sandbox init: %s\n", what);
    return false;
}

/* ---- files ---- */

/* A province is never made over another: its stores would belong to keys that are gone. */
static bool is_empty(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return errno == ENOENT;
    bool empty = true;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            empty = false;
    }
    (void)closedir(folder);
    return empty;
}

/* For the owner alone: what lies below holds keys and dossiers, if only invented ones. */
static bool make_folder(const struct making *making, const char *name)
{
    char path[PATH_BYTES_MAX];
    return (path_make(path, "%s/%s", making->options->directory, name) &&
            folder_make(path, 0700) == REASON_NONE) ||
           fail(name);
}

static bool write_file(const struct making *making, const char *name, struct bytes content)
{
    char path[PATH_BYTES_MAX];
    return (path_make(path, "%s/%s", making->options->directory, name) &&
            file_write(path, content, 0600) == REASON_NONE) ||
           fail(name);
}

/* The registry of the source tree is data that anybody may read; keys are made anew each time, and
 * so whoever has some: participants, and no carriers. */
static bool copy_data(const struct making *making, enum registry_file file)
{
    char from[PATH_BYTES_MAX] = "";
    char to[PATH_BYTES_MAX];
    struct buffer content;
    const char *name = registry_file_name(file);
    if (file == REGISTRY_FILE_PARTICIPANTS || file == REGISTRY_FILE_CARRIERS)
        return true;
    if (!path_make(from, "%s/%s", making->options->data, name) ||
        !path_make(to, "registry/%s", name))
        return fail(name);
    if (registry_file_is_optional(file) && access(from, F_OK) != 0 && errno == ENOENT)
        return true;
    buffer_init(&content, DATA_FILE_BYTES_MAX);
    bool copied =
        file_load(from, &content) == REASON_NONE && write_file(making, to, buffer_view(&content));
    buffer_release(&content);
    return copied || fail(from);
}

/* Bound and given back: between here and the program's start another one may take it, which shows
 * when the program says that its port is in use. */
static bool is_free(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_bound = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        (void)close(fd);
    return is_bound;
}

/* A port that nobody has now, each given out once; -1: none. They lie below the range from which
 * the kernel takes the local ports of outgoing connections, so that none is lost to one before its
 * program has started; where the row begins is drawn, so that two provinces do not meet. */
static int free_port(struct making *making)
{
    enum { PORT_FIRST = 12000, PORT_COUNT = 20000 };
    if (making->next_port == 0) {
        uint32_t drawn = 0;
        if (getrandom(&drawn, sizeof drawn, 0) != (ssize_t)sizeof drawn)
            return -1;
        making->next_port = (uint16_t)(PORT_FIRST + drawn % PORT_COUNT);
    }
    for (int tried = 0; tried < PORT_COUNT; tried++) {
        uint16_t port = making->next_port;
        making->next_port = (uint16_t)(port + 1 < PORT_FIRST + PORT_COUNT ? port + 1 : PORT_FIRST);
        if (is_free(port))
            return port;
    }
    return -1;
}

/* ---- participants ---------------------------------------------------------------------------- */

/* The gateway signs each commit, agencies sign as most authorities let them
 * (ops/decisions/gateway-signs-with-p256.md). */
static bool make_certificate(struct making *making, const char *key)
{
    char name[PATH_BYTES_MAX];
    struct buffer private_key;
    struct buffer certificate;
    struct authority_request request = {
        .common_name = key,
        .key = strcmp(key, "gateway") == 0 ? AUTHORITY_P256 : AUTHORITY_RSA_2048,
        .not_before = {program_wall().ms - DAY_MS},
        .not_after = {program_wall().ms + YEAR_DAYS * DAY_MS},
    };
    buffer_init(&private_key, AUTHORITY_PEM_BYTES_MAX);
    buffer_init(&certificate, AUTHORITY_PEM_BYTES_MAX);
    bool made =
        authority_issue(making->authority, &request, &private_key, &certificate) == REASON_NONE &&
        path_make(name, "keys/%s.pem", key) &&
        write_file(making, name, buffer_view(&private_key)) &&
        path_make(name, "registry/certificates/%s.pem", key) &&
        write_file(making, name, buffer_view(&certificate));
    buffer_release(&private_key);
    buffer_release(&certificate);
    return made || fail(key);
}

/* The secret half is on disk when the public one goes into the registry, so that a row without its
 * key cannot come to be. */
static bool make_participant(struct making *making, const struct agency *agency)
{
    enum { WINDOW = 256 };
    char name[PATH_BYTES_MAX];
    struct curve_pair pair;
    if (!make_certificate(making, agency->key.text) || curve_pair_make(&pair) != REASON_NONE ||
        !path_make(name, "keys/%s.curve", agency->key.text) ||
        !write_file(making, name, bytes_of_text(pair.secret_key.text)))
        return fail(agency->key.text);
    if (agency->role == ROLE_GATEWAY)
        making->gateway_key = pair.public_key;
    explicit_bzero(&pair.secret_key, sizeof pair.secret_key);
    return buffer_append_format(&making->participants, "%s,%s,\"%s\",certificates/%s.pem,%d\n",
                                agency->key.text, role_name(agency->role), pair.public_key.text,
                                agency->key.text, (int)WINDOW);
}

static bool make_participants(struct making *making)
{
    size_t count = registry_agency_count(making->registry);
    if (!buffer_append_text(&making->participants,
                            "key,role,curve_public_key,certificates,window_messages\n"))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!making->options->is_quiet)
            (void)fprintf(stderr, "\r%s %zu/%zu",
                          language_pick(making->language, "Tạo khóa và chứng thư",
                                        "Making keys and certificates"),
                          i + 1, count);
        if (!make_participant(making, registry_agency_at(making->registry, i)))
            return false;
    }
    if (!making->options->is_quiet)
        (void)fputs("\n", stderr);
    return write_file(making, "registry/participants.csv", buffer_view(&making->participants));
}

/* ---- settings -------------------------------------------------------------------------------- */

static bool write_settings(const struct making *making, const char *name, const char *text)
{
    return write_file(making, name, bytes_of_text(text));
}

/* Paths are relative to the file, so that the province may be moved as a whole. */
static bool make_gateway_settings(struct making *making)
{
    char text[TEXT_BYTES_OF_SETTINGS];
    making->gateway_port = free_port(making);
    (void)snprintf(text, sizeof text,
                   "# Gateway of the sandbox province.\nparticipant: gateway\n"
                   "listen: tcp://127.0.0.1:%d\ncurve_secret_file: ../keys/gateway.curve\n"
                   "signing_key_file: ../keys/gateway.pem\n"
                   "signing_certificate_file: ../registry/certificates/gateway.pem\n"
                   "registry_directory: ../registry\nstate_directory: state\n",
                   making->gateway_port);
    return making->gateway_port > 0 && make_folder(making, "gateway") &&
           write_settings(making, "gateway/gateway.yaml", text);
}

static bool make_adapter_settings(struct making *making, const struct agency *agency)
{
    const char *key = agency->key.text;
    char name[PATH_BYTES_MAX];
    char text[TEXT_BYTES_OF_SETTINGS];
    char office[2048] = "office:\n  kind: inbox\n";
    int port = free_port(making);
    if (port < 0 || !path_make(name, "adapters/%s", key) || !make_folder(making, name))
        return fail(key);
    if (agency->role == ROLE_PORTAL)
        (void)snprintf(office, sizeof office,
                       "office:\n  kind: portal\n  url: http://127.0.0.1:%d\n"
                       "  mapping: ../../provincial.jq\n"
                       "  credentials_file: ../../keys/portal.json\n  window: 64\n"
                       "portal:\n  unit: H38\n  dstcode: " PORTAL_DSTCODE "\n",
                       port);
    if (agency->role == ROLE_AGENCY)
        (void)snprintf(office, sizeof office,
                       "office:\n  kind: rest\n  url: http://127.0.0.1:%d\n"
                       "  mapping: ../../vbdlis.jq\n  window: 4\n",
                       port);
    (void)snprintf(text, sizeof text,
                   "# Adapter of %s in the sandbox province.\nparticipant: %s\n"
                   "gateway:\n  endpoint: tcp://127.0.0.1:%d\n  public_key: \"%s\"\n"
                   "curve_secret_file: ../../keys/%s.curve\n"
                   "signing_key_file: ../../keys/%s.pem\n"
                   "signing_certificate_file: ../../registry/certificates/%s.pem\n"
                   "registry_directory: ../../registry\nstate_directory: state\n"
                   "api:\n  port: 0\n%s",
                   key, key, making->gateway_port, making->gateway_key.text, key, key, key, office);
    if (!path_make(name, "adapters/%s/adapter.yaml", key) || !write_settings(making, name, text))
        return false;
    (void)snprintf(text, sizeof text, "%d\n", port);
    if (agency->role == ROLE_PORTAL)
        return write_settings(making, "keys/portal.json", PORTAL_CREDENTIALS) &&
               make_folder(making, "portal") && write_settings(making, "portal/port", text);
    if (agency->role != ROLE_AGENCY)
        return true;
    return path_make(name, "offices/%s", key) && make_folder(making, name) &&
           path_make(name, "offices/%s/port", key) && write_settings(making, name, text);
}

static bool copy_mapping(const struct making *making, const char *from, const char *name)
{
    struct buffer mapping;
    buffer_init(&mapping, DATA_FILE_BYTES_MAX);
    bool copied =
        file_load(from, &mapping) == REASON_NONE && write_file(making, name, buffer_view(&mapping));
    buffer_release(&mapping);
    return copied;
}

/* The gateway first: the adapters' settings hold its port and its public key. */
static bool make_settings(struct making *making)
{
    bool made = make_gateway_settings(making) &&
                copy_mapping(making, making->options->mapping, "vbdlis.jq") &&
                copy_mapping(making, making->options->portal_mapping, "provincial.jq");
    for (size_t i = 0; made && i < registry_agency_count(making->registry); i++) {
        const struct agency *agency = registry_agency_at(making->registry, i);
        if (agency->role != ROLE_GATEWAY)
            made = make_adapter_settings(making, agency);
    }
    return made || fail("settings");
}

/* ---- all ---- */

static bool make_authority(struct making *making)
{
    struct buffer certificate;
    struct buffer key;
    struct authority_request request = {
        .common_name = "Lien Thong sandbox root",
        .key = AUTHORITY_RSA_2048,
        .not_before = {program_wall().ms - DAY_MS},
        .not_after = {program_wall().ms + 2 * YEAR_DAYS * DAY_MS},
    };
    buffer_init(&key, AUTHORITY_PEM_BYTES_MAX);
    buffer_init(&certificate, AUTHORITY_PEM_BYTES_MAX);
    bool made = authority_new(&request, &making->authority) == REASON_NONE &&
                authority_certificate(making->authority, &certificate) == REASON_NONE &&
                write_file(making, "registry/trust/anchors/root.pem", buffer_view(&certificate)) &&
                authority_key(making->authority, &key) == REASON_NONE &&
                write_file(making, "authority/root.key", buffer_view(&key));
    buffer_release(&certificate);
    buffer_release(&key);
    return made || fail("authority");
}

static bool load_registry(struct making *making)
{
    static struct faults faults;
    char path[PATH_BYTES_MAX];
    return (path_make(path, "%s/registry", making->options->directory) &&
            registry_directory_load(path, sha256_parts, &faults, &making->registry) ==
                REASON_NONE) ||
           fail("registry");
}

bool sandbox_init(const struct sandbox_init_options *options, enum language language)
{
    static const char *const folders[] = {"",
                                          "registry",
                                          "registry/certificates",
                                          "registry/trust/anchors",
                                          "registry/trust/lists",
                                          "authority",
                                          "keys",
                                          "adapters",
                                          "offices",
                                          "desk"};
    struct making making = {.options = options, .language = language};
    if (!is_empty(options->directory))
        return fail(language_pick(language,
                                  "thư mục đã có dữ liệu; nếu lần tạo trước còn dở dang, hãy xóa "
                                  "thư mục",
                                  "the folder is not empty; what an interrupted init left must be "
                                  "removed first"));
    buffer_init(&making.participants, DATA_FILE_BYTES_MAX);
    bool made = true;
    for (size_t i = 0; made && i < sizeof folders / sizeof *folders; i++)
        made = make_folder(&making, folders[i]);
    for (int file = 0; made && file < REGISTRY_FILE_COUNT; file++)
        made = copy_data(&making, (enum registry_file)file);
    made = made && make_authority(&making) && load_registry(&making) &&
           make_participants(&making) && make_settings(&making);
    buffer_release(&making.participants);
    authority_destroy(&making.authority);
    registry_destroy(&making.registry);
    return made;
}
