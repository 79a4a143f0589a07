/* The table of reasons (reason.def) as functions: code, class, whose turn it is, and texts in two
 * languages. Numbers go over the wire and into evidence; they are never given to another reason.
 */
#include "proto/base/reason.h"

#include <stddef.h>

enum reason_turn { TURN_NOBODY, TURN_SENDER, TURN_OFFICE, TURN_OPERATOR, TURN_REGISTRY };

struct row {
    enum reason reason;
    enum reason_class class;
    enum reason_turn turn;
    const char *code;
    const char *vietnamese;
    const char *english;
    const char *hint;
};

static const struct row rows[] = {
#define REASON(name, number, code, class, turn, vi, en, hint)                                      \
    {REASON_##name, REASON_CLASS_##class, TURN_##turn, code, vi, en, hint},
#include "proto/base/reason.def"
#undef REASON
};

static const struct {
    enum reason reason;
    const char *vietnamese;
} hints[] = {
#define HINT(name, vietnamese) {REASON_##name, vietnamese},
#include "proto/base/reason_hint.def"
#undef HINT
};

static const struct row unknown_row = {
    .class = REASON_CLASS_UNKNOWN,
    .turn = TURN_OPERATOR,
    .code = "unknown",
    .vietnamese = "Lý do không có trong danh mục",
    .english = "A reason that is not in the table",
    .hint = "The other side may be newer.",
};

/* In order of the table and not by number: numbers have gaps, and this is asked where something
 * failed. */
static const struct row *find(enum reason reason)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].reason == reason)
            return &rows[i];
    }
    return &unknown_row;
}

const char *reason_code(enum reason reason)
{
    return find(reason)->code;
}

enum reason_class reason_class(enum reason reason)
{
    return find(reason)->class;
}

const char *reason_vietnamese(enum reason reason)
{
    return find(reason)->vietnamese;
}

const char *reason_english(enum reason reason)
{
    return find(reason)->english;
}

const char *reason_hint(enum reason reason)
{
    return find(reason)->hint;
}

const char *reason_hint_vietnamese(enum reason reason)
{
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if (hints[i].reason == reason)
            return hints[i].vietnamese;
    return "";
}

const char *reason_text(enum reason reason, enum language language)
{
    return language == LANGUAGE_VIETNAMESE ? reason_vietnamese(reason) : reason_english(reason);
}

const char *reason_hint_text(enum reason reason, enum language language)
{
    return language == LANGUAGE_VIETNAMESE ? reason_hint_vietnamese(reason) : reason_hint(reason);
}

/* The same reason is another person's turn at each place: "the office does not answer" is the
 * portal's matter where the office is the portal (invariant 15). */
enum actor reason_actor(enum reason reason, enum party party)
{
    switch (find(reason)->turn) {
    case TURN_NOBODY:
        return ACTOR_NOBODY;
    case TURN_SENDER:
        return ACTOR_SENDER;
    case TURN_OFFICE:
        return party == PARTY_PORTAL ? ACTOR_PORTAL : ACTOR_OFFICE;
    case TURN_OPERATOR:
        return party == PARTY_GATEWAY ? ACTOR_GATEWAY : ACTOR_AGENCY_IT;
    case TURN_REGISTRY:
        return party == PARTY_GATEWAY ? ACTOR_CENTRE : ACTOR_AGENCY_IT;
    }
    return ACTOR_NOBODY;
}

static const struct {
    const char *code, *vietnamese, *english;
} actors[] = {
    [ACTOR_NOBODY] = {"nobody", "không ai, tự đi tiếp", "nobody: it goes on by itself"},
    [ACTOR_SENDER] = {"sender", "bên gửi", "the sender"},
    [ACTOR_OFFICE] = {"office", "hệ thống cơ quan", "the office"},
    [ACTOR_AGENCY_IT] = {"agency_it", "cán bộ CNTT của đơn vị", "the agency's IT"},
    [ACTOR_CENTRE] = {"centre", "trung tâm", "the centre"},
    [ACTOR_PORTAL] = {"portal", "Cổng DVCQG", "the national portal"},
    [ACTOR_GATEWAY] = {"gateway_operator", "cán bộ vận hành cổng", "the gateway's operators"},
};

const char *actor_code(enum actor actor)
{
    return actors[actor].code;
}

const char *actor_vietnamese(enum actor actor)
{
    return actors[actor].vietnamese;
}

const char *actor_english(enum actor actor)
{
    return actors[actor].english;
}

bool reason_parse(struct bytes code, enum reason *ret_reason)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (bytes_equal(code, bytes_of_text(rows[i].code))) {
            *ret_reason = rows[i].reason;
            return true;
        }
    }
    return false;
}

bool reason_is_known(uint32_t number)
{
    return find((enum reason)number) != &unknown_row;
}
