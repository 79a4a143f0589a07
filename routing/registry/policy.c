/* policy.csv: who may send what to whom. What does not stand there is forbidden. */
#include "routing/registry/registry_parts.h"

#define COLUMNS(X)                                                                                 \
    X(SENDER, "sender", true, BOUNDED_BY_READER, false)                                            \
    X(TYPE, "type", true, BOUNDED_BY_READER, false)                                                \
    X(RECIPIENT, "recipient", true, BOUNDED_BY_READER, false)                                      \
    X(COPIES, "copies", false, BOUNDED_BY_READER, false)                                           \
    X(LIFE_HOURS, "life_hours", true, BOUNDED_BY_READER, false)                                    \
    X(RECEPTION_DAYS, "reception_days", false, BOUNDED_BY_READER, true)

enum column { COLUMNS(CSV_COLUMN_NAME) COLUMN_COUNT };

static const struct csv_column columns[COLUMN_COUNT] = {COLUMNS(CSV_COLUMN_ROW)};

static const struct csv_shape shape = {"policy.csv", columns, COLUMN_COUNT, POLICY_RULES_MAX};

/* A copy names an agency and not a role: who gets one is meant personally, the portal mostly. */
static void read_copies(const struct registry *registry, const struct csv_row *row,
                        struct policy_rule *rule)
{
    const char *names[POLICY_COPIES_MAX];
    size_t count = 0;
    if (!csv_read_list(row, COPIES, names, POLICY_COPIES_MAX, &count))
        return;
    for (size_t i = 0; i < count; i++) {
        struct key key;
        const struct agency *agency =
            key_parse(bytes_of_text(names[i]), &key) ? registry_agency(registry, &key) : NULL;
        if (agency == NULL)
            csv_fault_detail(row, COPIES, FAULT_AGENCY_UNKNOWN, bytes_of_text(names[i]));
        else
            rule->copies[rule->copy_count++] = agency;
    }
}

static bool read_type(const struct csv_row *row, enum message_type *ret_type)
{
    struct bytes name = csv_text(row, TYPE);
    enum message_type type;
    if (name.size == 0)
        return false;
    if (!message_type_parse(name, &type)) {
        csv_fault(row, TYPE, FAULT_TYPE_UNKNOWN);
        return false;
    }
    /* Receipts and ledger heads: what the programs say by themselves. */
    if ((int)type > MESSAGE_TYPE_BUSINESS_COUNT) {
        csv_fault(row, TYPE, FAULT_TYPE_IS_RECEIPT);
        return false;
    }
    *ret_type = type;
    return true;
}

/* A table by sender, type and recipient: a rule is found without a search, and the second one for
 * the same three is seen when it is read. */
static void read_rule(struct registry *registry, const struct csv_row *row)
{
    struct policy_rule *rule = &registry->rules[registry->rule_count];
    *rule = (struct policy_rule){.line = row->line, .reception_days = RECEPTION_DAYS_DEFAULT};
    bool sender = registry_read_role(row, SENDER, false, &rule->sender);
    bool recipient = registry_read_role(row, RECIPIENT, false, &rule->recipient);
    bool type = read_type(row, &rule->type);
    (void)csv_read_number(row, LIFE_HOURS, 1, LIFE_HOURS_MAX, &rule->life_hours);
    (void)csv_read_number(row, RECEPTION_DAYS, 0, RECEPTION_DAYS_MAX, &rule->reception_days);
    read_copies(registry, row, rule);
    if (!sender || !recipient || !type)
        return;
    uint16_t *place = &registry->rule_of[rule->sender][rule->type][rule->recipient];
    if (*place != 0) {
        csv_fault(row, TYPE, FAULT_RULE_REPEATED);
        return;
    }
    *place = (uint16_t)++registry->rule_count;
}

/* A copy is a destination like any other: it needs a rule that allows it. */
static void check_copies(const struct registry *registry, const struct policy_rule *rule,
                         struct faults *faults)
{
    for (size_t i = 0; i < rule->copy_count; i++) {
        const struct agency *copy = rule->copies[i];
        if (registry_policy(registry, rule->sender, rule->type, copy->role) == NULL)
            faults_add(faults, FAULT_COPY_WITHOUT_RULE, shape.file, rule->line,
                       columns[COPIES].name, key_bytes(&copy->key));
    }
}

void registry_read_policy(struct registry *registry, struct faults *faults)
{
    (void)registry_read_table(registry, REGISTRY_FILE_POLICY, &shape, read_rule, faults);
    for (size_t i = 0; i < registry->rule_count; i++)
        check_copies(registry, &registry->rules[i], faults);
}

/* No rule, no right (invariant 3). By role and type, not by single agencies: the table stays short
 * enough for a person to read it whole. */
const struct policy_rule *registry_policy(const struct registry *registry,
                                          enum participant_role sender, enum message_type type,
                                          enum participant_role recipient)
{
    if (sender >= ROLE_COUNT || recipient >= ROLE_COUNT || (int)type < 1 ||
        (int)type > MESSAGE_TYPE_BUSINESS_COUNT)
        return NULL;
    uint16_t place = registry->rule_of[sender][type][recipient];
    return place == 0 ? NULL : &registry->rules[place - 1];
}

size_t registry_policy_count(const struct registry *registry)
{
    return registry->rule_count;
}
