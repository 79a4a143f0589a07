/* Bounds of every field of a body, by its number in body.proto. Numbers of characters are those of
 * the national portal's interface, where it has one: what it would cut off must not get in here. A
 * rule without a member of a struct (transfer and most others) is checked and skipped: those
 * bodies are read by who shows them (adapters/json/body_json.h). */
#include "proto/codec/body_rules.h"

#include "proto/base/limits.h"

enum {
    NAME_CHARACTERS_MAX = 255,
    SHORT_BYTES_MAX = 64, /* codes and numbers of forms */
    IDENTITY_BYTES_MAX = 32,
    PHONE_BYTES_MAX = 32,
    VERSION_BYTES_MAX = 32,
    OFFICIAL_CHARACTERS_MAX = 50,  /* NguoiXuLy of the national portal */
    SUMMARY_CHARACTERS_MAX = 1000, /* TrichYeuHoSo */
    FORM_JSON_BYTES_MAX = 64 * 1024,
    ROWS_MAX = 64, /* components, fees */
    LEDGER_BYTES = 16,
    STATE_MAX = 10, /* the national dossier states are 1 to 10 */
};

/* clang-format off */
#define TEXT(most)         {.kind = FIELD_TEXT, .max = (most)}
/* What people write is counted as they count it: a Vietnamese character has up to three bytes. */
#define CHARACTERS(most) \
    {.kind = FIELD_TEXT, .max = UTF8_BYTES_MAX * (most), .characters_max = (most)}
#define LONG_TEXT          CHARACTERS(TEXT_CHARACTERS_MAX)
#define NAME               CHARACTERS(NAME_CHARACTERS_MAX)
#define RANGE(from, to)    {.kind = FIELD_UINT, .min = (from), .max = (to)}
#define UPTO(most)         RANGE(0, most)
#define TIME               {.kind = FIELD_TIME}
#define MESSAGE(of)        {.kind = FIELD_MESSAGE, .message = &(of)}
#define MESSAGES(of, most) {.kind = FIELD_MESSAGE, .message = &(of), .repeated_max = (most)}

RULE(person, 0,
    [1] = NAME,
    [2] = TEXT(IDENTITY_BYTES_MAX),
    [3] = UPTO(3),
    [4] = UPTO(4),
    [5] = LONG_TEXT,
    [6] = TEXT(PHONE_BYTES_MAX),
    [7] = NAME);

RULE(component, 0,
    [1] = LONG_TEXT,
    [2] = TEXT(SHORT_BYTES_MAX),
    [3] = UPTO(UINT32_MAX),
    [4] = UPTO(UINT32_MAX),
    [5] = UPTO(3));

RULE(official, 0,
    [1] = CHARACTERS(OFFICIAL_CHARACTERS_MAX),
    [2] = NAME,
    [3] = NAME);

RULE(transfer, 0,
    [1] = LONG_TEXT,
    [2] = TEXT(VERSION_BYTES_MAX),
    [3] = MESSAGE(person_rule),
    [4] = CHARACTERS(SUMMARY_CHARACTERS_MAX),
    [5] = UPTO(3),
    [6] = TIME,
    [7] = TIME,
    [8] = MESSAGE(official_rule),
    [9] = MESSAGES(component_rule, ROWS_MAX),
    [10] = TEXT(FORM_JSON_BYTES_MAX),
    [11] = UPTO(1),
    [12] = UPTO(2),
    [13] = TEXT(AREA_CODE_BYTES_MAX));

RULE(refusal, 0, [1] = UPTO(1), [2] = LONG_TEXT, [3] = MESSAGE(official_rule));

RULE(progress, 0,
    [1] = MESSAGE(official_rule),
    [2] = MESSAGE(official_rule),
    [3] = LONG_TEXT,
    [4] = UPTO(STATE_MAX),
    [5] = TIME,
    [6] = TIME,
    [7] = TIME);

RULE(supplement_request, 0,
    [1] = LONG_TEXT,
    [2] = MESSAGES(component_rule, ROWS_MAX),
    [3] = MESSAGE(official_rule),
    [4] = TIME,
    [5] = TIME);

RULE(supplement, 0,
    [1] = LONG_TEXT,
    [2] = MESSAGES(component_rule, ROWS_MAX),
    [3] = TIME,
    [4] = TIME,
    [5] = TIME);

RULE(suspend, 0, [1] = LONG_TEXT, [2] = MESSAGE(official_rule), [3] = TIME);
RULE(resume, 0, [1] = LONG_TEXT, [2] = MESSAGE(official_rule), [3] = TIME);

RULE(fee, 0,
    [1] = LONG_TEXT,
    [2] = TEXT(SHORT_BYTES_MAX),
    [3] = UPTO(UINT64_MAX),
    [4] = UPTO(UINT32_MAX));

RULE(financial_obligation, 0,
    [1] = MESSAGES(fee_rule, ROWS_MAX),
    [2] = TEXT(SHORT_BYTES_MAX),
    [3] = LONG_TEXT,
    [4] = TIME);

RULE(result, 0,
    [1] = RANGE(8, 9),
    [2] = TEXT(SHORT_BYTES_MAX),
    [3] = TEXT(SHORT_BYTES_MAX),
    [4] = LONG_TEXT,
    [5] = MESSAGE(official_rule),
    [6] = TIME);

RULE(result_objection, 0, [1] = LONG_TEXT, [2] = MESSAGE(official_rule));
RULE(extension, 0, [1] = TIME, [2] = TIME, [3] = LONG_TEXT, [4] = MESSAGE(official_rule));
RULE(withdrawal, 0, [1] = LONG_TEXT, [2] = MESSAGE(official_rule));
RULE(handed_over, 0, [1] = TIME, [2] = UPTO(2), [3] = LONG_TEXT);
RULE(consultation_request, 0, [1] = LONG_TEXT, [2] = TIME, [3] = MESSAGE(official_rule));
RULE(consultation_reply, 0, [1] = LONG_TEXT, [2] = UPTO(1), [3] = MESSAGE(official_rule));

RULE(receipt_item, RULE_BIT(2),
    [1] = RULE_ID(struct receipt_item, message_id),
    [2] = RULE_ARRAY(struct receipt_item, digest),
    [3] = RULE_KEY(struct receipt_item, destination),
    [4] = RULE_UPTO(struct receipt_item, reason, UINT32_MAX),
    [5] = RULE_TEXT(struct receipt_item, text, REASON_TEXT_BYTES_MAX),
    [6] = RULE_TIME(struct receipt_item, at),
    [7] = RULE_TEXT(struct receipt_item, office_reference, SHORT_BYTES_MAX),
    [8] = RULE_TEXT(struct receipt_item, recipients, RECEIPT_RECIPIENTS_BYTES_MAX),
    [9] = RULE_KEY(struct receipt_item, sender),
    [10] = {.kind = FIELD_TEXT, .form = FORM_VIEW, RULE_AT(struct receipt_item, acting_for),
            .max = UTF8_BYTES_MAX * PERSON_NAME_CHARACTERS_MAX,
            .characters_max = PERSON_NAME_CHARACTERS_MAX});

RULE(receipt, RULE_BIT(1),
    [1] = RULE_STRUCTS(struct receipt, items, item_count, receipt_item_rule, RECEIPT_ITEMS_MAX),
    [2] = RULE_VIEW(struct receipt, ledger_id, LEDGER_BYTES, LEDGER_BYTES),
    [3] = RULE_UPTO(struct receipt, ledger_first_index, UINT64_MAX),
    [4] = RULE_TEXT(struct receipt, registry_version, SHORT_BYTES_MAX));

RULE(tree_head, RULE_BIT(1) | RULE_BIT(3),
    [1] = RULE_VIEW(struct tree_head, ledger_id, LEDGER_BYTES, LEDGER_BYTES),
    [2] = RULE_UPTO(struct tree_head, tree_size, UINT64_MAX),
    [3] = RULE_ARRAY(struct tree_head, root),
    [4] = RULE_TIME(struct tree_head, at));

static const struct field_rule body_fields[] = {
    [1] = MESSAGE(transfer_rule),
    [2] = MESSAGE(refusal_rule),
    [3] = MESSAGE(progress_rule),
    [4] = MESSAGE(supplement_request_rule),
    [5] = MESSAGE(supplement_rule),
    [6] = MESSAGE(suspend_rule),
    [7] = MESSAGE(resume_rule),
    [8] = MESSAGE(financial_obligation_rule),
    [9] = MESSAGE(result_rule),
    [10] = MESSAGE(result_objection_rule),
    [11] = MESSAGE(extension_rule),
    [12] = MESSAGE(withdrawal_rule),
    [13] = MESSAGE(handed_over_rule),
    [14] = MESSAGE(consultation_request_rule),
    [15] = MESSAGE(consultation_reply_rule),
    [BODY_RECEIPT] = RULE_STRUCT(struct body_content, receipt, receipt_rule),
    [BODY_TREE_HEAD] = RULE_STRUCT(struct body_content, tree_head, tree_head_rule),
};
/* clang-format on */
const struct message_rule body_rule = {
    .fields = body_fields,
    .field_count = sizeof body_fields / sizeof *body_fields,
    .is_choice = true,
    .choice_at = offsetof(struct body_content, kind),
};
