#include "adapters/rest/mapping_process.h"

#include <errno.h>
#include <jq.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "adapters/rest/mapping.h"

static bool read_whole(int socket, void *ret_data, size_t size)
{
    uint8_t *at = ret_data;
    while (size > 0) {
        ssize_t count = read(socket, at, size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        at += count;
        size -= (size_t)count;
    }
    return true;
}

static bool write_whole(int socket, const void *data, size_t size)
{
    const uint8_t *at = data;
    while (size > 0) {
        ssize_t count = write(socket, at, size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        at += count;
        size -= (size_t)count;
    }
    return true;
}

/* value is consumed. */
static bool send_value(int socket, jv value)
{
    jv text = jv_dump_string(value, 0);
    uint32_t size = (uint32_t)jv_string_length_bytes(jv_copy(text));
    bool sent = size <= MAPPING_OUTPUT_BYTES_MAX && write_whole(socket, &size, sizeof size) &&
                write_whole(socket, jv_string_value(text), size);
    jv_free(text);
    return sent;
}

/* Only what it needs: no other descriptors, no home for ~/.jq, no signals meant for the parent. */
static void shut_in(int socket)
{
    static char *nothing[] = {NULL};
    sigset_t none;
    struct rlimit no_core = {0, 0};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGTERM, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (socket > 3)
        (void)close_range(3, (unsigned)socket - 1, 0);
    (void)close_range((unsigned)socket + 1, ~0u, 0);
    environ = nothing; /* not clearenv: jq walks it */
    (void)setrlimit(RLIMIT_CORE, &no_core);
#ifndef __SANITIZE_ADDRESS__ /* which reserves terabytes of address space */
    struct rlimit memory = {MAPPING_MEMORY_BYTES, MAPPING_MEMORY_BYTES};
    (void)setrlimit(RLIMIT_DATA, &memory);
#endif
}

struct complaint {
    char text[MAPPING_FAULT_BYTES];
};

static void keep_first(void *context, jv message)
{
    struct complaint *complaint = context;
    if (complaint->text[0] == 0 && jv_get_kind(message) == JV_KIND_STRING) {
        (void)snprintf(complaint->text, sizeof complaint->text, "%s", jv_string_value(message));
        complaint->text[strcspn(complaint->text, "\n")] = 0;
    }
    jv_free(message);
}

static jv evaluate(jq_state *jq, const char *text, size_t size)
{
    jv input = jv_parse_sized(text, (int)size);
    if (!jv_is_valid(input)) {
        jv_free(input);
        return jv_null();
    }
    jq_start(jq, input, 0);
    jv output = jq_next(jq);
    if (jv_is_valid(output))
        return JV_ARRAY(output);
    jv_free(output);
    return jv_null();
}

static bool serve_one(int socket, jq_state *jq)
{
    uint32_t size;
    if (!read_whole(socket, &size, sizeof size) || size > MAPPING_INPUT_BYTES_MAX)
        return false;
    char *text = malloc(size + 1u);
    bool served = text != NULL && read_whole(socket, text, size) &&
                  send_value(socket, evaluate(jq, text, size));
    free(text);
    return served;
}

_Noreturn void mapping_process(int socket, const char *program)
{
    struct complaint complaint = {{0}};
    shut_in(socket);
    jq_state *jq = jq_init();
    if (jq == NULL)
        _exit(1);
    jq_set_error_cb(jq, keep_first, &complaint);
    if (jq_compile(jq, program) == 0) {
        (void)send_value(socket, jv_string(complaint.text));
        _exit(1);
    }
    bool serves = send_value(socket, jv_true());
    while (serves)
        serves = serve_one(socket, jq);
    _exit(0);
}
