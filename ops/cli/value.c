/* Kinds of values that options take (values.def): how they are named, checked and completed. Words
 * come from the same tables that the daemons parse by, so that the completion cannot offer one
 * that is refused. */
#include "ops/cli/value.h"

#include <string.h>

#include "ops/cli/registry_access.h"
#include "ops/cli/short_id.h"
#include "proto/base/check.h"
#include "proto/base/day.h"
#include "proto/base/key.h"
#include "proto/base/limits.h"
#include "proto/codec/message_type.h"
#include "routing/outbox/entry.h"

enum { WORD_BYTES_MAX = 32, NAME_BYTES_MAX = 64 /* RFC 5280 ub-common-name */ };

static const struct {
    const char *vietnamese, *english, *shape_vietnamese, *shape_english;
} values[VALUE_COUNT] = {
#define VALUE(name, vietnamese, english, shape_vi, shape_en)                                       \
    [VALUE_##name] = {vietnamese, english, shape_vi, shape_en},
#include "ops/cli/values.def"
#undef VALUE
};

const char *value_label(enum value value, enum language language)
{
    check((size_t)value < VALUE_COUNT);
    return language_pick(language, values[value].vietnamese, values[value].english);
}

const char *value_shape(enum value value, enum language language)
{
    check((size_t)value < VALUE_COUNT);
    return language_pick(language, values[value].shape_vietnamese, values[value].shape_english);
}

/* ---- the words of a kind --------------------------------------------------------------------- */

static const enum reason reasons[] = {
#define REASON(name, ...) REASON_##name,
#include "proto/base/reason.def"
#undef REASON
};

/* A refusal that is tried again would be none. */
static void each_reason(value_found *found, void *context)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reason_class(reasons[i]) == REASON_CLASS_PERMANENT)
            found(context, reason_code(reasons[i]));
    }
}

/* Business types alone: receipts and ledger heads are made by the programs. */
static void each_type(value_found *found, void *context)
{
    for (int type = 1; type <= MESSAGE_TYPE_BUSINESS_COUNT; type++)
        found(context, message_type_name((enum message_type)type));
}

static void each_state(value_found *found, void *context)
{
    for (int state = ENTRY_QUEUED; state < ENTRY_STATES; state++)
        found(context, entry_state_name((enum entry_state)state));
}

/* "custody|delivered" */
static void each_part(const char *label, value_found *found, void *context)
{
    while (*label != 0) {
        char word[WORD_BYTES_MAX];
        size_t size = strcspn(label, "|");
        check(size < sizeof word);
        memcpy(word, label, size);
        word[size] = 0;
        found(context, word);
        label += size + (label[size] == '|');
    }
}

bool value_each_word(enum value value, value_found *found, void *context)
{
    switch (value) {
    case VALUE_TYPE:
        each_type(found, context);
        return true;
    case VALUE_STATE:
        each_state(found, context);
        return true;
    case VALUE_REASON:
        each_reason(found, context);
        return true;
    case VALUE_REACHED:
    case VALUE_STANDING:
    case VALUE_ALGORITHM:
        each_part(values[value].english, found, context);
        return true;
    default:
        return false;
    }
}

/* Those of the registry where the commands look for it; none when it cannot be read. */
static void each_party(value_found *found, void *context)
{
    static struct faults faults;
    struct registry *registry = registry_at_hand(&faults);
    for (size_t i = 0; registry != NULL && i < registry_agency_count(registry); i++)
        found(context, registry_agency_at(registry, i)->key.text);
    registry_destroy(&registry);
}

/* ":folders" and ":files" tell the shell's script to complete paths by itself. */
void value_each_offer(enum value value, value_found *found, void *context)
{
    if (value_each_word(value, found, context))
        return;
    if (value == VALUE_PARTY)
        each_party(found, context);
    else if (value == VALUE_FOLDER)
        found(context, ":folders");
    else if (value == VALUE_FILE || value == VALUE_PATH || value == VALUE_SOCKET ||
             value == VALUE_ATTACHMENT)
        found(context, ":files");
}

/* ---- validity -------------------------------------------------------------------------------- */

struct search {
    const char *text;
    bool is_found;
};

static void compare(void *context, const char *word)
{
    struct search *search = context;
    search->is_found = search->is_found || strcmp(search->text, word) == 0;
}

/* What only the daemon can judge, as whether a procedure is in the catalogue, is left to it: a copy
 * of its rules here would be an older one. */
bool value_is_valid(enum value value, const char *text)
{
    struct search search = {.text = text};
    struct bytes bytes = bytes_of_text(text);
    struct key key;
    civil_day_t day;
    enum reason cause;
    if (value_each_word(value, compare, &search))
        return search.is_found;
    switch (value) {
    case VALUE_PARTY:
        return key_parse(bytes, &key);
    case VALUE_MESSAGE:
        return short_id_is_good(text);
    case VALUE_DOSSIER:
        return bytes.size > 0 && bytes.size <= DOSSIER_CODE_BYTES_MAX;
    case VALUE_NAME:
        return bytes.size > 0 && bytes.size <= NAME_BYTES_MAX;
    case VALUE_FIELD:
        return text[0] != '=' && strchr(text, '=') != NULL;
    case VALUE_CAUSE:
        return reason_parse(bytes, &cause);
    case VALUE_DAY:
        return day_parse(bytes, &day);
    default:
        return true;
    }
}
