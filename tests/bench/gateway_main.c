/* Loads one gateway with messages that were signed before, and prints what it did as one line of
 * JSON. With -c it only makes the province and the corpus.
 *
 *   gateway -d DIR -p PROGRAM [-c] [-k rsa|p256] [-s BYTES] [-n MESSAGES] [-m MANIFEST] [-r RUN]
 *           [-a AGENCIES] [-w WINDOW] [-f FRAME] [-i ITEMS] [-t DELAY_US] [-R RATE] [-W WARM_UP]
 *
 *           [-x] [-N NAME] [-A PROVINCE_AGENCIES] [-K] [-g PARTICIPANTS_PER_CARRIER]
 *
 * -g: the receivers come over carriers of so many each; -c makes the province with them. 0, the
 * default: a connection each.
 * DIR holds one province, made by the first -c, and corpora by NAME; the gateway's state is new in
 * every run unless -x keeps it. With -K the gateway is killed in the middle of the run, and printed
 * is how long its next start takes until all participants are welcome; then everything is sent
 * again, as an adapter does, until every message is delivered. */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/workers/file_read.h"
#include "proto/base/check.h"
#include "tests/bench/process.h"
#include "tests/bench/traffic.h"

enum { KEY_FILE_BYTES_MAX = 64 * 1024, TIMEOUT_MS = 20000 };

struct options {
    const char *directory;
    const char *program;
    bool makes_corpus;
    bool keeps_state;
    bool kills;
    const char *corpus_name;
    size_t province_agencies; /* 0: as many as receive */
    enum authority_key key;
    struct corpus_options corpus;
    struct traffic_options traffic;
};

static size_t number(const char *text)
{
    return (size_t)strtoull(text, NULL, 10);
}

static bool parse_corpus(int option, const char *value, struct options *options)
{
    switch (option) {
    case 'k':
        options->key = strcmp(value, "p256") == 0 ? AUTHORITY_P256 : AUTHORITY_RSA_2048;
        return true;
    case 's':
        options->corpus.document_bytes = number(value);
        return true;
    case 'n':
        options->corpus.messages = number(value);
        return true;
    case 'm':
        options->corpus.manifest_messages = number(value);
        return true;
    case 'r':
        options->corpus.run_messages = number(value);
        return true;
    case 'f':
        options->corpus.frame_messages = number(value);
        return true;
    case 'A':
        options->province_agencies = number(value);
        return true;
    default:
        return false;
    }
}

static bool parse_traffic(int option, const char *value, struct options *options)
{
    switch (option) {
    case 'a':
        options->traffic.agencies = number(value);
        return true;
    case 'w':
        options->traffic.window_messages = number(value);
        return true;
    case 'g':
        options->traffic.carried = number(value);
        return true;
    case 'i':
        options->traffic.receipt_items = number(value);
        return true;
    case 't':
        options->traffic.receipt_delay_us = (int64_t)number(value);
        return true;
    case 'W':
        options->traffic.warm_up_messages = number(value);
        return true;
    case 'R':
        options->traffic.rate = strtod(value, NULL);
        return true;
    default:
        return false;
    }
}

static bool parse_run(int option, const char *value, struct options *options)
{
    switch (option) {
    case 'd':
        options->directory = value;
        return true;
    case 'p':
        options->program = value;
        return true;
    case 'c':
        options->makes_corpus = true;
        return true;
    case 'N':
        options->corpus_name = value;
        return true;
    case 'K':
        options->kills = true;
        return true;
    case 'x':
        options->keeps_state = true;
        return true;
    default:
        return false;
    }
}

static bool parse(int count, char **words, struct options *ret_options)
{
    *ret_options = (struct options){
        .key = AUTHORITY_RSA_2048,
        .corpus_name = "corpus",
        .corpus = {.messages = 20000,
                   .run_messages = 1,
                   .document_bytes = 1024,
                   .frame_messages = 16},
        .traffic = {.agencies = 23,
                    .window_messages = 2048,
                    .receipt_items = 64,
                    .receipt_delay_us = 50000,
                    .timeout_ms = TIMEOUT_MS},
    };
    int option;
    while ((option = getopt(count, words, "d:p:ck:s:n:m:r:a:w:f:i:t:R:W:xN:A:Kg:")) != -1) {
        if (!parse_run(option, optarg, ret_options) && !parse_corpus(option, optarg, ret_options) &&
            !parse_traffic(option, optarg, ret_options))
            return false;
    }
    ret_options->corpus.agencies = ret_options->traffic.agencies;
    return ret_options->directory != NULL &&
           (ret_options->makes_corpus || ret_options->program != NULL);
}

/* ---- province and corpus ---- */

static bool make_province(const struct options *options, struct province *ret_province)
{
    char settings[256];
    (void)snprintf(settings, sizeof settings, "window_messages: %d\n%s", MESSAGE_WINDOW_MAX,
                   getenv("BENCH_SETTINGS") == NULL ? "" : getenv("BENCH_SETTINGS"));
    const struct province_options province = {
        .directory = options->directory,
        .agencies = options->province_agencies > options->traffic.agencies
                        ? options->province_agencies
                        : options->traffic.agencies,
        .carried = options->traffic.carried,
        .key = AUTHORITY_P256,
        .gateway_key = AUTHORITY_P256,
        .window_messages = MESSAGE_WINDOW_MAX,
        .gateway_settings = settings,
    };
    const int64_t day_ms = (int64_t)24 * 60 * 60 * 1000;
    const struct authority_request centre = {
        .common_name = "centre",
        .key = options->key,
        .not_before = {peer_now().ms - day_ms},
        .not_after = {peer_now().ms + 30 * day_ms},
    };
    return province_make(ret_province, &province) &&
           province_issue(ret_province, "centre", &centre);
}

static bool open_signer(const struct province *province, struct signer **ret_signer)
{
    struct buffer key;
    struct buffer certificate;
    buffer_init(&key, KEY_FILE_BYTES_MAX);
    buffer_init(&certificate, KEY_FILE_BYTES_MAX);
    bool opened = province_read(province, "keys/centre.pem", &key) &&
                  province_read(province, "keys/centre.crt", &certificate) &&
                  signer_new(buffer_view(&key), buffer_view(&certificate), SIGNER_PADDING_PKCS1,
                             ret_signer) == REASON_NONE;
    buffer_release(&key);
    buffer_release(&certificate);
    return opened;
}

/* The province of an earlier run. */
static bool open_province(const char *directory, struct province *ret_province)
{
    struct buffer secret;
    struct curve_pair pair;
    *ret_province = (struct province){0};
    (void)snprintf(ret_province->directory, sizeof ret_province->directory, "%s", directory);
    buffer_init(&secret, KEY_FILE_BYTES_MAX);
    bool opened = province_read(ret_province, "keys/gateway.curve", &secret) &&
                  curve_pair_of_secret(buffer_view(&secret), &pair);
    if (opened)
        ret_province->gateway_public_key = pair.public_key;
    buffer_release(&secret);
    return opened;
}

static bool has_province(const char *directory)
{
    char path[FILE_PATH_BYTES_MAX];
    return file_path_join(directory, "keys/gateway.curve", path) && access(path, R_OK) == 0;
}

static bool make_all(struct options *options)
{
    struct province province;
    struct corpus corpus;
    struct signer *signer = NULL;
    char path[FILE_PATH_BYTES_MAX];
    bool opened = has_province(options->directory) ? open_province(options->directory, &province)
                                                   : make_province(options, &province);
    if (!opened || !open_signer(&province, &signer) ||
        !file_path_join(options->directory, options->corpus_name, path))
        return false;
    options->corpus.signer = signer;
    options->corpus.sender = key_of("centre");
    bool made = corpus_make(&options->corpus, &corpus);
    if (made) {
        made = corpus_save(&corpus, path);
        corpus_release(&corpus);
    }
    signer_destroy(&signer);
    province_release(&province);
    return made;
}

/* ---- one run ---- */

static void remove_state(const char *directory)
{
    static const char *const names[] = {"store.sqlite", "store.sqlite-wal", "store.sqlite-shm",
                                        "endpoint"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[FILE_PATH_BYTES_MAX];
        (void)snprintf(path, sizeof path, "%s/gateway/%s", directory, names[i]);
        (void)unlink(path);
    }
}

static void print_quantiles(const char *name, const struct histogram *histogram)
{
    (void)printf(",\"%s_us\":{\"p50\":%lu,\"p99\":%lu,\"p999\":%lu,\"max\":%lu}", name,
                 histogram_quantile(histogram, 0.5), histogram_quantile(histogram, 0.99),
                 histogram_quantile(histogram, 0.999), histogram->max_us);
}

static void print_result(const struct traffic_result *result, double gateway_seconds,
                         double driver_seconds, double rss_mb)
{
    double count = (double)result->delivered;
    (void)printf("{\"rate\":%.0f,\"seconds\":%.3f,\"messages\":%zu,\"receipts\":%zu,"
                 "\"gateway_us\":%.1f,\"driver_us\":%.1f,\"rss_mb\":%.1f",
                 result->rate, result->seconds, result->delivered, result->receipts,
                 gateway_seconds / count * 1e6, driver_seconds / count * 1e6, rss_mb);
    print_quantiles("custody", &result->custody);
    print_quantiles("settled", &result->settled);
    (void)printf("}\n");
}

/* Kills the gateway while it is loaded; then the time of the next start. */
static bool kill_and_restart(struct options *options, struct province *province,
                             struct traffic **traffic, int gateway)
{
    static struct traffic_result result;
    char endpoint[LINK_ENDPOINT_BYTES_MAX + 1];
    bool loaded = traffic_run(*traffic, &result);
    process_end(gateway, SIGKILL);
    traffic_close(traffic);
    double started = clock_seconds();
    gateway = province_start_gateway(province, options->program, endpoint);
    options->traffic.stop_after = 0;
    options->traffic.endpoint = endpoint;
    bool done = loaded && gateway > 0 && traffic_open(&options->traffic, traffic);
    double recovery_ms = (clock_seconds() - started) * 1e3;
    size_t before = result.delivered;
    done = done && traffic_run(*traffic, &result);
    if (done)
        (void)printf("{\"recovery_ms\":%.0f,\"rss_mb\":%.1f,\"settled_before\":%zu,"
                     "\"settled\":%zu}\n",
                     recovery_ms, process_rss_max_mb(gateway), before, result.delivered);
    traffic_close(traffic);
    process_end(gateway, SIGTERM);
    return done;
}

/* Thousands of peers need thousands of descriptors, here and in the gateway, which inherits this.
 */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool run(struct options *options)
{
    raise_descriptor_limit();
    static struct traffic_result result;
    char path[FILE_PATH_BYTES_MAX];
    char endpoint[LINK_ENDPOINT_BYTES_MAX + 1];
    struct corpus corpus;
    struct province province;
    struct traffic *traffic = NULL;
    if (!file_path_join(options->directory, options->corpus_name, path) ||
        !corpus_load(path, &corpus) || !open_province(options->directory, &province))
        return false;
    if (!options->keeps_state)
        remove_state(options->directory);
    int gateway = province_start_gateway(&province, options->program, endpoint);
    options->traffic.province = &province;
    options->traffic.endpoint = endpoint;
    options->traffic.corpus = &corpus;
    options->traffic.messages = calloc(corpus.message_count, sizeof *options->traffic.messages);
    check(options->traffic.messages != NULL);
    options->traffic.stop_after = options->kills ? corpus.message_count / 2 : 0;
    bool done = gateway > 0 && traffic_open(&options->traffic, &traffic);
    if (done && options->kills) {
        done = kill_and_restart(options, &province, &traffic, gateway);
        free(options->traffic.messages);
        corpus_release(&corpus);
        return done;
    }
    double gateway_seconds = process_seconds(gateway);
    double driver_seconds = own_seconds();
    done = done && traffic_run(traffic, &result);
    gateway_seconds = process_seconds(gateway) - gateway_seconds;
    driver_seconds = own_seconds() - driver_seconds;
    double rss_mb = process_rss_max_mb(gateway);
    traffic_close(&traffic);
    process_end(gateway, SIGTERM);
    free(options->traffic.messages);
    corpus_release(&corpus);
    if (done)
        print_result(&result, gateway_seconds, driver_seconds, rss_mb);
    return done;
}

int main(int count, char **words)
{
    struct options options;
    if (!parse(count, words, &options)) {
        (void)fprintf(stderr, "usage: see the top of tests/bench/gateway_main.c\n");
        return 2;
    }
    return (options.makes_corpus ? make_all(&options) : run(&options)) ? 0 : 1;
}
