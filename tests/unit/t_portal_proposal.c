/* A catalogue is a stranger's words: as a proposal they stay within their own fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "gateway/workers/registry_directory.h"
#include "ops/cli/portal_proposal.h"
#include "ops/client/file.h"
#include "proto/seal/sha256.h"
#include "tests/unit/scratch.h"

#define DATA "routing/data"
#define ROW  "9.999999,x,x,x,stnmt,none,1,2026-01-01,,no"

static size_t lines_of(const char *folder, const char *name, const char *beginning)
{
    char path[PATH_BYTES_MAX];
    struct buffer text;
    size_t count = 0;
    buffer_init(&text, 8 * 1024 * 1024);
    assert_true(path_make(path, "%s/%s", folder, name));
    assert_int_equal(file_load(path, &text), REASON_NONE);
    const char *rest = buffer_text(&text);
    for (const char *at = rest; at != NULL; at = strchr(at, '\n')) {
        at += *at == '\n';
        count += strncmp(at, beginning, strlen(beginning)) == 0;
    }
    buffer_release(&text);
    return count;
}

/* All procedures as they are, but that the first has another name, which brings a row of its own.
 */
static json_t *hostile(const struct registry *registry)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < registry_procedure_count(registry); i++) {
        const struct procedure *procedure = registry_procedure_at(registry, i);
        assert_int_equal(
            json_array_append_new(rows, json_pack("{s:s, s:s}", "code", procedure->code, "name",
                                                  i == 0 ? "renamed\n" ROW : procedure->name_vi)),
            0);
    }
    return rows;
}

static void a_name_begins_no_row(void **state)
{
    static struct faults faults;
    (void)state;
    struct scratch scratch;
    struct registry *registry;
    char output[PATH_BYTES_MAX];
    assert_true(scratch_open(&scratch));
    assert_true(path_make(output, "%s/proposal", scratch.folder));
    assert_int_equal(registry_directory_load(DATA, sha256_parts, &faults, &registry), REASON_NONE);
    json_t *procedures = hostile(registry), *agencies = json_array();
    const struct portal_proposal proposal = {.directory = DATA,
                                             .output = output,
                                             .today = {INT64_C(1796100000000)},
                                             .registry = registry,
                                             .procedures = procedures,
                                             .agencies = agencies};
    assert_int_equal(portal_proposal_write(&proposal), REASON_NONE);
    assert_int_equal(lines_of(output, "procedures.csv", ""), lines_of(DATA, "procedures.csv", ""));
    assert_int_equal(lines_of(output, "procedures.csv", "9.999999"), 0);
    json_decref(procedures);
    json_decref(agencies);
    registry_destroy(&registry);
    scratch_close(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_name_begins_no_row)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
