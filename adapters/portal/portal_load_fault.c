/* Lines of a first load that are passed over: named, and the others go on.
 *
 * A batch is one request, so that one dossier whose facts have wrong types would keep all of it
 * from being said. Which one it is, the mapping itself tells, asked for one dossier at a time;
 * which field it is, portal_fact_fault. Neither tells a value: those are personal data.
 */
#include <stdio.h>
#include <string.h>

#include "adapters/portal/portal_fact_fault.h"
#include "adapters/portal/portal_load_parts.h"

/* ---- naming ---------------------------------------------------------------------------------- */

void load_note_fault(struct load *load, uint64_t line, const char *code, enum reason reason,
                     const char *field)
{
    struct portal_load_figures *figures = &load->figures;
    if (figures->faulty < PORTAL_LOAD_FAULTS_MAX) {
        struct portal_load_fault *fault = &figures->faults[figures->faulty];
        *fault = (struct portal_load_fault){.line = line, .reason = reason};
        (void)snprintf(fault->code, sizeof fault->code, "%s", code);
        (void)snprintf(fault->field, sizeof fault->field, "%s", field);
    }
    figures->faulty++;
}

/* On the work list, where a person finds it after this run too. */
static void put_on_list(struct load *load, const struct item *item, const char *field)
{
    enum { TEXT_BYTES = PORTAL_FIELD_BYTES + 64 };
    char text[TEXT_BYTES];
    if (item->line > 0)
        (void)snprintf(text, sizeof text, "%s (dòng/line %llu)", field,
                       (unsigned long long)item->line);
    else
        (void)snprintf(text, sizeof text, "%s", field);
    load_put_refused(load, item, REASON_FIELD_INVALID, text);
    (void)portal_ledger_forget(load->options->ledger, item->code);
}

/* ---- which line ------------------------------------------------------------------------------ */

static bool can_say(const struct load *load, const char *service, json_t *facts)
{
    json_t *items = json_array();
    struct portal_question question = {.service = service, .items = items};
    bool can = json_array_append(items, facts) != 0 ||
               portal_client_can_say(load->options->client, &question);
    json_decref(items);
    return can;
}

/* Its other facts are what the mapping fails on: without them it does not, so that the mapping
 * itself is whole. */
static bool is_unsayable(const struct load *load, const struct item *item)
{
    static const char *const services[] = {"create", "update"};
    json_t *bare =
        json_pack("{s:s, s:O}", "code", item->code, "state", json_object_get(item->facts, "state"));
    bool is_bad = false;
    for (size_t i = 0; i < sizeof services / sizeof services[0] && bare != NULL && !is_bad; i++)
        is_bad = !can_say(load, services[i], item->facts) && can_say(load, services[i], bare);
    json_decref(bare);
    return is_bad;
}

enum reason load_pass_over(struct load *load, bool *ret_any)
{
    bool is_bad[PORTAL_LOAD_BATCH_MAX] = {false};
    bool any = false;
    for (size_t i = 0; i < load->count; i++) {
        is_bad[i] = !load->items[i].is_over && is_unsayable(load, &load->items[i]);
        any = any || is_bad[i];
    }
    *ret_any = any;
    if (!any)
        return REASON_NONE;
    enum reason reason = portal_ledger_begin(load->options->ledger);
    for (size_t i = 0; i < load->count && reason == REASON_NONE; i++) {
        struct item *item = &load->items[i];
        char field[PORTAL_FIELD_BYTES] = "";
        if (!is_bad[i])
            continue;
        portal_fact_fault(item->facts, field);
        put_on_list(load, item, field);
        load_note_fault(load, item->line, item->code, REASON_FIELD_INVALID, field);
        item->is_over = true;
    }
    return reason == REASON_NONE ? portal_ledger_commit(load->options->ledger) : reason;
}
