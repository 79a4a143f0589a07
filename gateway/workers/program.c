/* What the daemons have in common between the operating system and their cores: settings, secrets,
 * signals, clocks, and the lock of the state's folder. Texts of key files are wiped where they
 * were read. */
#include "gateway/workers/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gateway/workers/crypto_openssl.h"
#include "proto/seal/seal.h"
#include "proto/seal/trust.h"

enum {
    CURVE_FILE_BYTES_MAX = 4096,
    SIGNING_FILE_BYTES_MAX = 64 * 1024, /* a key, or a certificate with those above it */
};

/* In the order in which POSIX looks at them. */
enum language program_language(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != 0)
            return language_of(value);
    }
    return LANGUAGE_ENGLISH;
}

bool program_print_settings(const struct setting *table, size_t row_count, enum language language)
{
    struct buffer text;
    buffer_init(&text, SETTINGS_FILE_BYTES_MAX);
    bool printed = settings_print_help(table, row_count, language, &text) &&
                   fwrite(text.data, 1, text.size, stdout) == text.size;
    buffer_release(&text);
    return printed;
}

static void print_faults(const struct settings_faults *faults, const char *path,
                         enum language language)
{
    struct buffer text;
    buffer_init(&text, SETTINGS_FILE_BYTES_MAX);
    if (settings_faults_print(faults, path, language, &text))
        (void)fwrite(text.data, 1, text.size, stderr);
    buffer_release(&text);
}

/* The static list of faults is too large for a stack and needed once, at the start, by one thread.
 */
bool program_load_settings(const char *path, const struct setting *table, size_t row_count,
                           enum language language, void *ret_values)
{
    static struct settings_faults faults;
    struct buffer yaml;
    buffer_init(&yaml, SETTINGS_FILE_BYTES_MAX);
    enum reason reason = file_read(path, &yaml);
    if (reason != REASON_NONE) {
        (void)fprintf(stderr, "%s: %s\n", path,
                      language_pick(language, reason_vietnamese(reason), reason_english(reason)));
        buffer_release(&yaml);
        return false;
    }
    char folder[FILE_PATH_BYTES_MAX] = ".";
    const char *slash = strrchr(path, '/');
    if (slash != NULL && (size_t)(slash - path) < sizeof folder) {
        memcpy(folder, path, (size_t)(slash - path));
        folder[slash - path] = 0;
    }
    bool loaded = settings_load(table, row_count, buffer_view(&yaml), folder, ret_values, &faults);
    if (!loaded)
        print_faults(&faults, path, language);
    buffer_release(&yaml);
    return loaded;
}

/* An end of line is dropped, because editors put one; anything else around the key is a fault. */
enum reason program_read_curve_secret(const char *path, struct curve_pair *ret_pair)
{
    struct buffer text;
    struct curve_pair pair;
    buffer_init(&text, CURVE_FILE_BYTES_MAX);
    enum reason reason = file_read_secret(path, &text);
    struct bytes key = buffer_view(&text);
    while (key.size > 0 && (key.data[key.size - 1] == '\n' || key.data[key.size - 1] == '\r'))
        key.size--;
    if (reason == REASON_NONE && !curve_pair_of_secret(key, &pair))
        reason = REASON_KEY_UNREADABLE;
    if (reason == REASON_NONE)
        *ret_pair = pair;
    explicit_bzero(&pair, sizeof pair);
    if (text.size > 0)
        explicit_bzero(text.data, text.size);
    buffer_release(&text);
    return reason;
}

static enum reason read_signer(const char *key_file, const char *certificate_file,
                               struct signer **ret_signer)
{
    struct buffer key;
    struct buffer certificate;
    buffer_init(&key, SIGNING_FILE_BYTES_MAX);
    buffer_init(&certificate, SIGNING_FILE_BYTES_MAX);
    enum reason reason = file_read_secret(key_file, &key);
    if (reason == REASON_NONE)
        reason = file_read(certificate_file, &certificate);
    if (reason == REASON_NONE)
        reason = signer_new(buffer_view(&key), buffer_view(&certificate), SIGNER_PADDING_PKCS1,
                            ret_signer);
    if (key.size > 0)
        explicit_bzero(key.data, key.size);
    buffer_release(&key);
    buffer_release(&certificate);
    return reason;
}

/* Takes over the trust, also when it fails: the caller has nothing to undo. */
enum reason program_crypto_new(const char *key_file, const char *certificate_file,
                               struct trust *trust, struct crypto_openssl **ret_crypto)
{
    struct signer *signer = NULL;
    enum reason reason = read_signer(key_file, certificate_file, &signer);
    if (reason == REASON_NONE)
        reason = crypto_openssl_new(signer, trust, ret_crypto);
    if (reason != REASON_NONE) {
        signer_destroy(&signer);
        trust_drop(&trust);
    }
    return reason;
}

/* Signals come as something to read in the loop, so that no handler runs in the middle of a step.
 * A peer that is gone is an error of write(), not the end of the program. */
int program_signals_open(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    (void)signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* To standard error and not to the log: a person started the program and waits for an answer. */
void program_say_failure(const char *program, enum language language, enum reason reason,
                         const char *what)
{
    const char *hint = language_pick(language, reason_hint_vietnamese(reason), reason_hint(reason));
    (void)fprintf(stderr, "%s: %s: %s (%s)%s%s\n", program, what,
                  language_pick(language, reason_vietnamese(reason), reason_english(reason)),
                  reason_code(reason), hint[0] != 0 ? "\n  " : "", hint);
}

wall_t program_wall(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (wall_t){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
}

mono_t program_mono(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (mono_t){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
}

uint64_t program_thread_ns(void)
{
    struct timespec used = {0};
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * 1000000000U + (uint64_t)used.tv_nsec;
}

/* Where the machine cannot say, Vietnam's, which is where it stands. */
int32_t program_offset_minutes(void)
{
    time_t now = time(NULL);
    struct tm local;
    return localtime_r(&now, &local) == NULL ? VIETNAM_OFFSET_MINUTES
                                             : (int32_t)(local.tm_gmtoff / 60);
}

/* ---- state ---- */

/* flock and not a file with a number in it: the kernel ends the lock with the program, whatever
 * ended that. The folder is the daemon's alone, since everything in it is personal data or secret.
 */
enum reason program_state_open(const char *folder, int *ret_lock)
{
    char path[FILE_PATH_BYTES_MAX];
    enum reason reason = program_state_lock(folder, ret_lock);
    bool is_half = reason == REASON_NONE && file_path_join(folder, "restore-under-way", path) &&
                   access(path, F_OK) == 0;
    if (!is_half)
        return reason;
    (void)close(*ret_lock);
    *ret_lock = -1;
    return REASON_RESTORE_UNFINISHED;
}

enum reason program_state_lock(const char *folder, int *ret_lock)
{
    char path[FILE_PATH_BYTES_MAX];
    if ((mkdir(folder, 0700) != 0 && errno != EEXIST) || !file_path_join(folder, "lock", path))
        return REASON_STORE_FAILED;
    (void)chmod(folder, 0700);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return REASON_STORE_FAILED;
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        (void)close(lock);
        return REASON_STORE_BUSY;
    }
    *ret_lock = lock;
    return REASON_NONE;
}

/* A shared lock is tried, so that two who look do not see each other. */
bool program_state_is_held(const char *folder)
{
    char path[FILE_PATH_BYTES_MAX];
    int lock = file_path_join(folder, "lock", path) ? open(path, O_RDWR | O_CLOEXEC) : -1;
    bool is_held = lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) != 0;
    if (lock >= 0)
        (void)close(lock);
    return is_held;
}
