#include "proto/codec/body_rules.h"

#include "proto/base/digest.h"
#include "proto/base/id.h"
#include "proto/base/limits.h"
#include "proto/codec/envelope_fields.h"

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

#define TEXT(bytes_max)                                                                            \
    {                                                                                              \
        .kind = FIELD_TEXT, .max = (bytes_max)                                                     \
    }
/* What people write is counted as they count it: in Vietnamese a character has up to three bytes.
 */
#define CHARACTERS(most)                                                                           \
    {                                                                                              \
        .kind = FIELD_TEXT, .max = UTF8_BYTES_MAX * (most), .characters_max = (most)               \
    }
#define LONG_TEXT CHARACTERS(TEXT_CHARACTERS_MAX)
#define NAME      CHARACTERS(NAME_CHARACTERS_MAX)
#define BYTES(exactly)                                                                             \
    {                                                                                              \
        .kind = FIELD_BYTES, .min = (exactly), .max = (exactly)                                    \
    }
#define RANGE(from, to)                                                                            \
    {                                                                                              \
        .kind = FIELD_UINT, .min = (from), .max = (to)                                             \
    }
#define UPTO(most) RANGE(0, most)
#define TIME                                                                                       \
    {                                                                                              \
        .kind = FIELD_TIME                                                                         \
    }
#define MESSAGE(of)                                                                                \
    {                                                                                              \
        .kind = FIELD_MESSAGE, .message = &(of)                                                    \
    }
#define MESSAGES(of, most)                                                                         \
    {                                                                                              \
        .kind = FIELD_MESSAGE, .message = &(of), .repeated_max = (most)                            \
    }
#define RULE(name, ...)                                                                            \
    static const struct field_rule name##_fields[] = {__VA_ARGS__};                                \
    static const struct message_rule name##_rule = {                                               \
        .fields = name##_fields, .field_count = sizeof name##_fields / sizeof *name##_fields};

/* clang-format off */
RULE(person,
    [1] = NAME,
    [2] = TEXT(IDENTITY_BYTES_MAX),
    [3] = UPTO(3),
    [4] = UPTO(4),
    [5] = LONG_TEXT,
    [6] = TEXT(PHONE_BYTES_MAX),
    [7] = NAME)

RULE(component,
    [1] = LONG_TEXT,
    [2] = TEXT(SHORT_BYTES_MAX),
    [3] = UPTO(UINT32_MAX),
    [4] = UPTO(UINT32_MAX),
    [5] = UPTO(3))

RULE(official,
    [1] = CHARACTERS(OFFICIAL_CHARACTERS_MAX),
    [2] = NAME,
    [3] = NAME)

RULE(transfer,
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
    [12] = UPTO(2))

RULE(refusal, [1] = UPTO(1), [2] = LONG_TEXT, [3] = MESSAGE(official_rule))

RULE(progress,
    [1] = MESSAGE(official_rule),
    [2] = MESSAGE(official_rule),
    [3] = LONG_TEXT,
    [4] = UPTO(STATE_MAX),
    [5] = TIME,
    [6] = TIME,
    [7] = TIME)

RULE(supplement_request,
    [1] = LONG_TEXT,
    [2] = MESSAGES(component_rule, ROWS_MAX),
    [3] = MESSAGE(official_rule),
    [4] = TIME,
    [5] = TIME)

RULE(supplement,
    [1] = LONG_TEXT,
    [2] = MESSAGES(component_rule, ROWS_MAX),
    [3] = TIME,
    [4] = TIME,
    [5] = TIME)

RULE(suspend, [1] = LONG_TEXT, [2] = MESSAGE(official_rule), [3] = TIME)
RULE(resume, [1] = LONG_TEXT, [2] = MESSAGE(official_rule), [3] = TIME)

RULE(fee,
    [1] = LONG_TEXT,
    [2] = TEXT(SHORT_BYTES_MAX),
    [3] = UPTO(UINT64_MAX),
    [4] = UPTO(UINT32_MAX))

RULE(financial_obligation,
    [1] = MESSAGES(fee_rule, ROWS_MAX),
    [2] = TEXT(SHORT_BYTES_MAX),
    [3] = LONG_TEXT,
    [4] = TIME)

RULE(result,
    [1] = RANGE(8, 9),
    [2] = TEXT(SHORT_BYTES_MAX),
    [3] = TEXT(SHORT_BYTES_MAX),
    [4] = LONG_TEXT,
    [5] = MESSAGE(official_rule),
    [6] = TIME)

RULE(result_objection, [1] = LONG_TEXT, [2] = MESSAGE(official_rule))
RULE(extension, [1] = TIME, [2] = TIME, [3] = LONG_TEXT, [4] = MESSAGE(official_rule))
RULE(withdrawal, [1] = LONG_TEXT, [2] = MESSAGE(official_rule))
RULE(handed_over, [1] = TIME, [2] = UPTO(2), [3] = LONG_TEXT)
RULE(consultation_request, [1] = LONG_TEXT, [2] = TIME, [3] = MESSAGE(official_rule))
RULE(consultation_reply, [1] = LONG_TEXT, [2] = UPTO(1), [3] = MESSAGE(official_rule))
/* clang-format on */

static const struct field_rule receipt_item_fields[] = {
    [ITEM_ID] = BYTES(MESSAGE_ID_BYTES),
    [ITEM_DIGEST] = BYTES(DIGEST_BYTES),
    [ITEM_DESTINATION] = TEXT(PARTICIPANT_KEY_BYTES_MAX),
    [ITEM_REASON] = UPTO(UINT32_MAX),
    [ITEM_TEXT] = TEXT(REASON_TEXT_BYTES_MAX),
    [ITEM_AT] = TIME,
    [ITEM_OFFICE_REFERENCE] = TEXT(SHORT_BYTES_MAX),
    [ITEM_RECIPIENTS] = TEXT(RECEIPT_RECIPIENTS_BYTES_MAX),
};
static const struct message_rule receipt_item_rule = {.fields = receipt_item_fields,
                                                      .field_count = ITEM_FIELD_COUNT,
                                                      .required = RULE_BIT(ITEM_DIGEST)};

static const struct field_rule receipt_fields[] = {
    [RECEIPT_ITEMS] = MESSAGES(receipt_item_rule, RECEIPT_ITEMS_MAX),
    [RECEIPT_LEDGER_ID] = BYTES(LEDGER_BYTES),
    [RECEIPT_FIRST_INDEX] = UPTO(UINT64_MAX),
    [RECEIPT_REGISTRY_VERSION] = TEXT(SHORT_BYTES_MAX),
};
static const struct message_rule receipt_rule = {.fields = receipt_fields,
                                                 .field_count = RECEIPT_FIELD_COUNT,
                                                 .required = RULE_BIT(RECEIPT_ITEMS)};

static const struct field_rule tree_head_fields[] = {
    [HEAD_LEDGER_ID] = BYTES(LEDGER_BYTES),
    [HEAD_TREE_SIZE] = UPTO(UINT64_MAX),
    [HEAD_ROOT] = BYTES(DIGEST_BYTES),
    [HEAD_AT] = TIME,
};
static const struct message_rule tree_head_rule = {.fields = tree_head_fields,
                                                   .field_count = HEAD_FIELD_COUNT,
                                                   .required = RULE_BIT(HEAD_LEDGER_ID) |
                                                               RULE_BIT(HEAD_ROOT)};

static const struct field_rule body_fields[BODY_FIELD_COUNT] = {
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
    [BODY_RECEIPT] = MESSAGE(receipt_rule),
    [BODY_TREE_HEAD] = MESSAGE(tree_head_rule),
};
const struct message_rule body_rule = {
    .fields = body_fields, .field_count = BODY_FIELD_COUNT, .is_choice = true};
