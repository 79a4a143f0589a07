#include "tests/support/province.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gateway/workers/file_read.h"
#include "proto/base/check.h"
#include "tests/support/patience.h"

enum { LIST_BYTES_MAX = 8 * 1024 * 1024, DAY_MS = 24 * 60 * 60 * 1000, YEAR_DAYS = 365 };

static wall_t wall_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (wall_t){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
}

struct key province_agency(size_t index)
{
    char text[24];
    (void)snprintf(text, sizeof text, "a%04zu", index);
    return key_of(text);
}

struct key province_carrier(size_t index)
{
    char text[24];
    (void)snprintf(text, sizeof text, "h%04zu", index);
    return key_of(text);
}

void province_procedure(size_t index, char ret_code[16])
{
    (void)snprintf(ret_code, 16, "1.%06zu", index % 1000000);
}

static bool fail(const char *what)
{
    (void)fprintf(stderr, "province: %s failed\n", what);
    return false;
}

bool province_write(const struct province *province, const char *name, struct bytes content)
{
    char path[FILE_PATH_BYTES_MAX];
    if (!file_path_join(province->directory, name, path))
        return fail(name);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    bool written = fd >= 0 && write(fd, content.data, content.size) == (ssize_t)content.size;
    if (fd >= 0 && close(fd) != 0)
        written = false;
    return written || fail(name);
}

bool province_read(const struct province *province, const char *name, struct buffer *ret_content)
{
    char path[FILE_PATH_BYTES_MAX];
    return (file_path_join(province->directory, name, path) &&
            file_read(path, ret_content) == REASON_NONE) ||
           fail(name);
}

static bool write_key_file(const struct province *province, const char *name, const char *suffix,
                           struct bytes content)
{
    char path[128];
    (void)snprintf(path, sizeof path, "keys/%s.%s", name, suffix);
    return province_write(province, path, content);
}

bool province_issue(struct province *province, const char *name,
                    const struct authority_request *request)
{
    struct buffer key;
    struct buffer certificate;
    buffer_init(&key, AUTHORITY_PEM_BYTES_MAX);
    buffer_init(&certificate, AUTHORITY_PEM_BYTES_MAX);
    bool issued =
        authority_issue(province->authority, request, &key, &certificate) == REASON_NONE &&
        write_key_file(province, name, "pem", buffer_view(&key)) &&
        write_key_file(province, name, "crt", buffer_view(&certificate));
    char path[128];
    (void)snprintf(path, sizeof path, "registry/%s.crt", name);
    issued = issued && province_write(province, path, buffer_view(&certificate));
    buffer_release(&key);
    buffer_release(&certificate);
    return issued || fail(name);
}

static bool make_participant(struct province *province, const struct province_options *options,
                             const char *name, const char *role, struct buffer *participants)
{
    struct curve_pair pair;
    struct authority_request request = {
        .common_name = name,
        .key = strcmp(role, "gateway") == 0 ? options->gateway_key : options->key,
        .not_before = {wall_now().ms - DAY_MS},
        .not_after = {wall_now().ms + (int64_t)YEAR_DAYS * DAY_MS},
    };
    if (!province_issue(province, name, &request) || curve_pair_make(&pair) != REASON_NONE)
        return fail(name);
    if (strcmp(role, "gateway") == 0)
        province->gateway_public_key = pair.public_key;
    return write_key_file(province, name, "curve", bytes_of_text(pair.secret_key.text)) &&
           buffer_append_format(participants, "%s,%s,\"%s\",%s.crt,%u\n", name, role,
                                pair.public_key.text, name, options->window_messages);
}

static bool make_agencies(struct province *province, const struct province_options *options,
                          struct buffer *agencies, struct buffer *participants,
                          struct buffer *procedures)
{
    for (size_t i = 1; i <= options->agencies; i++) {
        struct key key = province_agency(i);
        char code[16];
        province_procedure(i, code);
        if (!make_participant(province, options, key.text, "agency", participants) ||
            !buffer_append_format(agencies,
                                  "%s,H99.%02zu.%02zu,,Cơ quan %zu,Agency %zu,agency,,,,test,yes\n",
                                  key.text, i / 100, i % 100, i, i) ||
            !buffer_append_format(procedures, "%s,Thủ tục %zu,Procedure %zu,,%s,full,5,,,yes\n",
                                  code, i, i, key.text))
            return fail("agencies");
    }
    return true;
}

/* carriers.csv: the agencies in turn, so many for each. */
static bool make_carriers(const struct province *province, const struct province_options *options)
{
    struct buffer carriers;
    buffer_init(&carriers, LIST_BYTES_MAX);
    bool made = buffer_append_text(&carriers, "key,curve_public_key,participants");
    for (size_t i = 0; made && i < options->agencies; i++) {
        struct curve_pair pair;
        struct key key = province_carrier(i / options->carried + 1);
        if (i % options->carried == 0)
            made =
                curve_pair_make(&pair) == REASON_NONE &&
                write_key_file(province, key.text, "curve", bytes_of_text(pair.secret_key.text)) &&
                buffer_append_format(&carriers, "\n%s,\"%s\",", key.text, pair.public_key.text);
        made = made && buffer_append_format(&carriers, "%s;", province_agency(i + 1).text);
    }
    made = made && buffer_append_text(&carriers, "\n") &&
           province_write(province, "registry/carriers.csv", buffer_view(&carriers));
    buffer_release(&carriers);
    return made || fail("carriers");
}

static bool make_registry(struct province *province, const struct province_options *options)
{
    static const char policy[] = "sender,type,recipient,copies,life_hours\n"
                                 "centre,transfer,agency,,168\n"
                                 "centre,supplement,agency,,168\n"
                                 "centre,withdrawal,agency,,168\n"
                                 "agency,progress,centre,,168\n"
                                 "agency,supplement_request,centre,,168\n"
                                 "agency,result,centre,,720\n";
    struct buffer agencies;
    struct buffer participants;
    struct buffer procedures;
    buffer_init(&agencies, LIST_BYTES_MAX);
    buffer_init(&participants, LIST_BYTES_MAX);
    buffer_init(&procedures, LIST_BYTES_MAX);
    bool made =
        buffer_append_text(&agencies, "key,official_code,former_codes,name_vi,name_en,role,"
                                      "valid_from,valid_to,successor,system,sample\n"
                                      "centre,H99,,Trung tâm,Centre,centre,,,,,yes\n"
                                      "gateway,,,Cổng,Gateway,gateway,,,,,yes\n") &&
        buffer_append_text(&participants,
                           "key,role,curve_public_key,certificates,window_messages\n") &&
        buffer_append_text(&procedures, "code,name_vi,name_en,field_code,agency,service_level,"
                                        "processing_days,valid_from,valid_to,sample\n") &&
        make_participant(province, options, "centre", "centre", &participants) &&
        make_participant(province, options, "gateway", "gateway", &participants) &&
        make_agencies(province, options, &agencies, &participants, &procedures) &&
        province_write(province, "registry/version", bytes_of_text("2026-11-24.1\n")) &&
        province_write(province, "registry/agencies.csv", buffer_view(&agencies)) &&
        province_write(province, "registry/participants.csv", buffer_view(&participants)) &&
        province_write(province, "registry/procedures.csv", buffer_view(&procedures)) &&
        province_write(province, "registry/policy.csv", bytes_of_text(policy)) &&
        (options->carried == 0 || make_carriers(province, options));
    buffer_release(&agencies);
    buffer_release(&participants);
    buffer_release(&procedures);
    return made;
}

static bool make_folders(const struct province *province)
{
    static const char *const folders[] = {"registry", "registry/trust", "registry/trust/anchors",
                                          "registry/trust/lists", "keys"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char path[FILE_PATH_BYTES_MAX];
        if (!file_path_join(province->directory, folders[i], path) || mkdir(path, 0700) != 0)
            return fail(folders[i]);
    }
    return true;
}

bool province_make(struct province *province, const struct province_options *options)
{
    *province = (struct province){0};
    (void)snprintf(province->directory, sizeof province->directory, "%s", options->directory);
    struct authority_request root = {
        .common_name = "Test root",
        .key = AUTHORITY_RSA_2048,
        .not_before = {wall_now().ms - DAY_MS},
        .not_after = {wall_now().ms + (int64_t)2 * YEAR_DAYS * DAY_MS},
    };
    struct buffer anchor;
    struct buffer settings;
    buffer_init(&anchor, AUTHORITY_PEM_BYTES_MAX);
    buffer_init(&settings, AUTHORITY_PEM_BYTES_MAX);
    bool made =
        make_folders(province) && authority_new(&root, &province->authority) == REASON_NONE &&
        authority_certificate(province->authority, &anchor) == REASON_NONE &&
        province_write(province, "registry/trust/anchors/root.pem", buffer_view(&anchor)) &&
        make_registry(province, options) &&
        buffer_append_format(&settings,
                             "participant: gateway\nlisten: tcp://127.0.0.1:0\n"
                             "curve_secret_file: keys/gateway.curve\n"
                             "signing_key_file: keys/gateway.pem\n"
                             "signing_certificate_file: keys/gateway.crt\n"
                             "registry_directory: registry\nstate_directory: gateway\n"
                             "%s",
                             options->gateway_settings == NULL ? "" : options->gateway_settings) &&
        province_write(province, "gateway.yaml", buffer_view(&settings));
    buffer_release(&anchor);
    buffer_release(&settings);
    return made || fail("province");
}

void province_release(struct province *province)
{
    authority_destroy(&province->authority);
}

static bool read_endpoint(const char *path, char *ret_endpoint)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool read = fgets(ret_endpoint, LINK_ENDPOINT_BYTES_MAX + 1, file) != NULL &&
                strchr(ret_endpoint, '\n') != NULL;
    (void)fclose(file);
    if (read)
        *strchr(ret_endpoint, '\n') = 0;
    return read;
}

int province_start_gateway(struct province *province, const char *program, char *ret_endpoint)
{
    enum { WAIT_MS = 20, WAIT_ROUNDS = 30000 / WAIT_MS };
    char settings[FILE_PATH_BYTES_MAX];
    char endpoint[FILE_PATH_BYTES_MAX];
    char log[FILE_PATH_BYTES_MAX];
    if (!file_path_join(province->directory, "gateway.yaml", settings) ||
        !file_path_join(province->directory, "gateway/endpoint", endpoint) ||
        !file_path_join(province->directory, "gateway.log", log))
        return -1;
    (void)unlink(endpoint);
    pid_t child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        int fd = open(log, O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600);
        if (fd >= 0)
            (void)dup2(fd, STDERR_FILENO);
        (void)execl(program, program, "--settings", settings, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; child > 0 && i < patience_ms(WAIT_ROUNDS); i++) {
        if (read_endpoint(endpoint, ret_endpoint))
            return child;
        if (waitpid(child, NULL, WNOHANG) == child)
            break;
        (void)poll(NULL, 0, WAIT_MS);
    }
    (void)fail("gateway");
    return -1;
}
