/* program - what every daemon of ours does at its start: the language of the one who calls it, its
 * settings file, its keys, signals, and how it says what keeps it from starting. */
#pragma once

#include "gateway/workers/file_read.h"
#include "proto/base/language.h"
#include "proto/base/time.h"
#include "proto/link/link.h"
#include "proto/settings/settings.h"

struct crypto_openssl;
struct trust;

/* Beside EXIT_SUCCESS and EXIT_FAILURE, in the daemons' manual pages. */
enum { PROGRAM_EXIT_USAGE = 2, PROGRAM_EXIT_SETTINGS = 3 };

/* LC_ALL, LC_MESSAGES, LANG. */
enum language program_language(void);
/* Prints the manual of a settings table. False: standard output takes nothing. */
bool program_print_settings(const struct setting *table, size_t row_count, enum language language);
/* Fills ret_values from the file; relative paths in it are relative to its folder. False: what is
 * wrong was said on standard error, each fault with its line. */
bool program_load_settings(const char *path, const struct setting *table, size_t row_count,
                           enum language language, void *ret_values);
/* A Z85 secret key alone in a file that nobody else may read. REASON_NOT_FOUND,
 * REASON_FILE_UNREADABLE, REASON_KEY_UNREADABLE. */
enum reason program_read_curve_secret(const char *path, struct curve_pair *ret_pair);
/* What signs with the key and verifies by the trust, of which one hold is taken over in any case.
 * Reasons: file_read_secret, file_read, signer_new, crypto_openssl_new. */
enum reason program_crypto_new(const char *key_file, const char *certificate_file,
                               struct trust *trust, struct crypto_openssl **ret_crypto);
/* A descriptor that tells SIGTERM, SIGINT and SIGHUP (signalfd), the caller's; -1: not to be had.
 * Call before any thread is made, so that all of them leave these signals to the loop. SIGPIPE is
 * ignored from here on. */
int program_signals_open(void);
/* The folder of the program's state, made if it is not there, for its user alone (personal data; an
 * operator may have made it open to all), and the lock in it: two programs over one store would
 * each believe that it is theirs. *ret_lock is closed at the end. REASON_STORE_FAILED,
 * REASON_STORE_BUSY, REASON_RESTORE_UNFINISHED (ops/backup). */
enum reason program_state_open(const char *folder, int *ret_lock);
/* The same for who finishes a restore. */
enum reason program_state_lock(const char *folder, int *ret_lock);
/* Such a program runs: what it listens on is taken, by itself. */
bool program_state_is_held(const char *folder);
/* "PROGRAM: WHAT: reason (code)" and a hint, on standard error. */
void program_say_failure(const char *program, enum language language, enum reason reason,
                         const char *what);

wall_t program_wall(void);
mono_t program_mono(void);
/* Processor time of the calling thread. */
uint64_t program_thread_ns(void);
/* Of local time, for what people read. */
int32_t program_offset_minutes(void);
