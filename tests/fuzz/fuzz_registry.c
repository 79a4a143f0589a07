/* Registry files: any bytes give either a registry that every look-up and route can be asked of,
 * with carriers and participants that name each other, or faults that can be printed. The input is
 * the files one after another, each behind a line
 * "== name"; files that are not there are absent. */
#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "routing/registry/route.h"

static void no_hash(const struct bytes *parts, size_t part_count, struct digest *ret_digest)
{
    memset(ret_digest, (int)(part_count & parts[0].size & 0xff), sizeof *ret_digest);
}

static void split(struct bytes input, struct registry_files *ret_files)
{
    const char *at = (const char *)input.data;
    const char *end = at + input.size;
    struct bytes *current = NULL;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)((stop == NULL ? end : stop + 1) - at);
        for (size_t i = 0; size > 3 && memcmp(at, "== ", 3) == 0 && i < REGISTRY_FILE_COUNT; i++) {
            const char *name = registry_file_name((enum registry_file)i);
            if (size - 3 > strlen(name) && memcmp(at + 3, name, strlen(name)) == 0) {
                current = &ret_files->content[i];
                *current = (struct bytes){(const uint8_t *)at + size, 0};
            }
        }
        if (current != NULL && (const uint8_t *)at >= current->data)
            current->size += size;
        at += size;
    }
}

static void ask(const struct registry *registry, size_t index)
{
    const struct procedure *procedure =
        registry_procedure_at(registry, index % registry_procedure_count(registry));
    const struct agency *agency =
        registry_agency_at(registry, index % registry_agency_count(registry));
    struct route_question question = {.sender = registry_centre(registry)->key,
                                      .type = (enum message_type)(index % 40),
                                      .procedure_code = bytes_of_text(procedure->code),
                                      .at = {(int64_t)index * INT64_C(86400000000)}};
    struct route_decision decision;
    struct buffer text;
    if (index % 3 == 0)
        question.recipient = agency->key;
    if (index % 5 == 0)
        question.sender = agency->key;
    check((route_resolve(registry, &question, &decision) == REASON_NONE) ==
          (decision.destination_count > 0));
    buffer_init(&text, 64 * 1024);
    check(route_explain(registry, &question, &decision, LANGUAGE_VIETNAMESE, &text));
    buffer_release(&text);
}

static void check_carriers(const struct registry *registry)
{
    size_t carried = 0;
    for (size_t i = 0; i < registry_carrier_count(registry); i++) {
        const struct carrier *carrier = registry_carrier_at(registry, i);
        check(registry_carrier(registry, &carrier->key) == carrier);
        check(registry_agency(registry, &carrier->key) == NULL);
        for (size_t k = 0; k < registry_participant_count(registry); k++)
            check(strcmp(registry_participant_at(registry, k)->curve_public_key,
                         carrier->curve_public_key) != 0);
        check(carrier->participant_count >= 1 && carrier->participant_count <= CARRIED_MAX);
        for (size_t k = 0; k < carrier->participant_count; k++)
            check(carrier->participants[k]->carrier == carrier);
        carried += carrier->participant_count;
    }
    for (size_t i = 0; i < registry_participant_count(registry); i++)
        carried -= registry_participant_at(registry, i)->carrier != NULL ? 1 : 0;
    check(carried == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct faults faults;
    struct registry_files files = {0};
    struct registry *registry = NULL;
    struct buffer text;
    split((struct bytes){data, size}, &files);
    enum reason reason = registry_new(&files, no_hash, &faults, &registry);
    check((reason == REASON_NONE) == (faults_total(&faults) == 0));
    for (size_t i = 0; reason == REASON_NONE && i < 60; i++)
        ask(registry, i);
    if (reason == REASON_NONE)
        check_carriers(registry);
    registry_destroy(&registry);
    buffer_init(&text, 1024 * 1024);
    check(faults_print(&faults, LANGUAGE_VIETNAMESE, &text));
    buffer_release(&text);
    return 0;
}
