/* The child's side of a mapping: libjq, and nothing else that a program could reach.
 *
 * A mapping is written by an agency's own people and is given citizens' data, so it is treated as
 * a program of strangers: no descriptor but its socket, no file, no environment, no output,
 * bounded memory. libjq ends the process when memory is short; here that is the child's end and
 * not the adapter's. */
#include "adapters/http/mapping_process.h"

#include <errno.h>
#include <fcntl.h>
#include <jq.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "adapters/http/mapping.h"

/* The whole of it one way, however the socket cuts it. False: the other end is gone. */
static bool move_whole(int socket, bool writes, void *data, size_t size)
{
    uint8_t *at = data;
    while (size > 0) {
        ssize_t count = writes ? write(socket, at, size) : read(socket, at, size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        at += count;
        size -= (size_t)count;
    }
    return true;
}

static bool read_whole(int socket, void *ret_data, size_t size)
{
    return move_whole(socket, false, ret_data, size);
}

static bool write_whole(int socket, const void *data, size_t size)
{
    return move_whole(socket, true, (void *)(uintptr_t)data, size);
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

/* Nothing that the program prints by itself, as jq's "stderr" and "debug" would, comes into the
 * adapter's log: there may be a citizen's data in it. A sanitizer's report must. */
static void be_mute(void)
{
    int nothing = open("/dev/null", O_RDWR);
    if (nothing < 0)
        _exit(1);
    (void)dup2(nothing, STDIN_FILENO);
    (void)dup2(nothing, STDOUT_FILENO);
#ifndef __SANITIZE_ADDRESS__
    (void)dup2(nothing, STDERR_FILENO);
#endif
    if (nothing > STDERR_FILENO)
        (void)close(nothing);
}

/* No path of the file system is there for it any more. Kernels before 5.13, or without Landlock,
 * say so and do nothing; then the limit of descriptors alone keeps it from opening any. */
static void leave_files(void)
{
    const struct landlock_ruleset_attr all = {
        .handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 /* all of the first version */};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    if (rules >= 0) {
        (void)syscall(SYS_landlock_restrict_self, rules, 0);
        (void)close(rules);
    }
}

static bool set_limit(int resource, rlim_t value)
{
    const struct rlimit limit = {value, value};
    return setrlimit(resource, &limit) == 0;
}

/* Only what it needs: one socket, memory, time. No other descriptor is there and none can be
 * opened, so that neither "import" with a search path nor anything else reads a file; no
 * environment ($ENV, a home with ~/.jq); no signals meant for the parent; no core file. */
static void shut_in(int socket)
{
    static char *nothing[] = {NULL};
    sigset_t none;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGTERM, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (socket > 3)
        (void)close_range(3, (unsigned)socket - 1, 0);
    (void)close_range((unsigned)socket + 1, ~0u, 0);
    be_mute();
    environ = nothing; /* not clearenv: jq walks it */
    tzset();           /* reads /etc/localtime, once and for all */
    leave_files();
    bool is_shut =
        set_limit(RLIMIT_NOFILE, 0) && set_limit(RLIMIT_FSIZE, 0) && set_limit(RLIMIT_CORE, 0);
#ifndef __SANITIZE_ADDRESS__ /* which reserves terabytes of address space */
    is_shut = is_shut && set_limit(RLIMIT_DATA, MAPPING_MEMORY_BYTES);
#endif
    if (!is_shut)
        _exit(1);
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
