/* What a back office answers, and what a mapping makes of it: any bytes as a reply give a verdict
 * within its bounds, never a success that the status does not allow; and any JSON that a mapping
 * says is a plan that is safe to send, or none. Input: a byte for the status, a byte for the
 * purpose, then the reply. */
#include <stdlib.h>
#include <string.h>

#include "adapters/rest/rest_parts.h"
#include "gateway/api/json_text.h"
#include "proto/base/check.h"
#include "proto/base/limits.h"
#include "proto/base/utf8.h"

static const char *const purposes[] = {"call", "lookup", "login"};
static const long statuses[] = {200, 201, 204, 299, 400, 401, 404, 409, 429, 500, 503};

static struct mapping *read_mapping(const char *path)
{
    static uint8_t text[MAPPING_PROGRAM_BYTES_MAX];
    struct mapping *mapping = NULL;
    char fault[MAPPING_FAULT_BYTES];
    FILE *file = fopen(path, "rb"); /* fuzzers and tests run at the root of the sources */
    check(file != NULL);
    size_t size = fread(text, 1, sizeof text, file);
    (void)fclose(file);
    check(mapping_new((struct bytes){text, size}, &mapping, fault) == REASON_NONE);
    return mapping;
}

static void judge(struct rest_call *call, const char *purpose, long status, struct bytes body)
{
    struct rest_verdict verdict;
    struct http_reply reply = {.was_connected = true, .status = status, .body = body};
    rest_verdict_make(call, purpose, &reply, &verdict);
    check(reason_is_known((uint32_t)verdict.reason));
    check(verdict.reason != REASON_NONE || (status >= 200 && status <= 299));
    check(verdict.office_reference.size <= 64 && verdict.text.size <= REASON_TEXT_BYTES_MAX);
    check(utf8_is_valid(verdict.text, &(size_t){0}));
    json_decref(verdict.json);
}

static bool is_one_line(const char *text)
{
    for (; *text != 0; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    }
    return true;
}

static void plan(struct rest_call *call, const char *purpose)
{
    struct rest_plan plan;
    if (rest_plan_make(call, purpose, &plan) != REASON_NONE)
        return;
    if (plan.kind == REST_PLAN_REQUEST) {
        check(is_one_line(plan.request.url) && strchr(plan.request.url, ' ') == NULL);
        check(strncmp(plan.request.url, call->office->base_url, strlen(call->office->base_url)) ==
              0);
        check(plan.request.header_count <= SAID_HEADERS_MAX &&
              plan.request.body.size <= MAPPING_OUTPUT_BYTES_MAX);
        for (size_t i = 0; i < plan.request.header_count; i++)
            check(is_one_line(plan.request.headers[i]));
    }
    rest_plan_release(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mapping *shipped;
    static struct mapping *echo; /* says what the message is: any JSON at all */
    char fault[MAPPING_FAULT_BYTES];
    char base_url[] = "http://127.0.0.1:8080/api";
    if (size < 2)
        return 0;
    if (shipped == NULL) {
        shipped = read_mapping("adapters/rest/vbdlis.jq");
        check(mapping_new(bytes_of_text(".message"), &echo, fault) == REASON_NONE);
    }
    struct bytes body = {data + 2, size - 2};
    const char *purpose = purposes[data[1] % 3];
    struct rest_office office = {.base_url = base_url, .mapping = shipped};
    struct rest_call call = {.office = &office, .attempt = 1, .id = "id"};
    call.message = json_object();
    judge(&call, purpose, statuses[data[0] % (sizeof statuses / sizeof *statuses)], body);
    json_decref(call.message);
    if (json_text_read(body, &call.message) != REASON_NONE)
        return 0;
    plan(&call, purpose);
    office.mapping = echo;
    plan(&call, purpose);
    json_decref(call.message);
    return 0;
}
