/* The table of message types (message_type.def) as functions. Its numbers stand in the wire's
 * schema too, and in evidence that is kept for years: the compiler compares the two. */
#include "proto/codec/message_type.h"

#include "schema/envelope.pb-c.h"

struct row {
    enum message_type type;
    const char *name;
    const char *vietnamese;
    const char *english;
    bool is_receipt;
};

static const struct row rows[] = {
#define MESSAGE_TYPE(name, number, wire_name, vietnamese, english, is_receipt)                     \
    {MESSAGE_TYPE_##name, wire_name, vietnamese, english, is_receipt},
#include "proto/codec/message_type.def"
#undef MESSAGE_TYPE
};

#define MESSAGE_TYPE(name, number, wire_name, vietnamese, english, is_receipt)                     \
    _Static_assert((int)LIENTHONG__V1__MESSAGE_TYPE__##name == (number),                           \
                   "message_type.def and envelope.proto agree");
#include "proto/codec/message_type.def"
#undef MESSAGE_TYPE

static const struct row unknown_row = {
    .name = "unknown",
    .vietnamese = "Loại không có trong danh mục",
    .english = "A type that is not in the table",
};

/* A scan of some twenty rows. A type that is not in the table has a row too, so that whoever shows
 * one from a newer program need not ask first. */
static const struct row *find(enum message_type type)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].type == type)
            return &rows[i];
    }
    return &unknown_row;
}

/* The bound before the conversion: a number from the wire may be larger than the enum holds. */
bool message_type_is_known(uint32_t number)
{
    return number < MESSAGE_TYPE_NUMBER_END && find((enum message_type)number) != &unknown_row;
}

bool message_type_is_receipt(enum message_type type)
{
    return find(type)->is_receipt;
}

const char *message_type_name(enum message_type type)
{
    return find(type)->name;
}

const char *message_type_label(enum message_type type, enum language language)
{
    const struct row *row = find(type);
    return language_pick(language, row->vietnamese, row->english);
}

bool message_type_parse(struct bytes name, enum message_type *ret_type)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (bytes_equal(name, bytes_of_text(rows[i].name))) {
            *ret_type = rows[i].type;
            return true;
        }
    }
    return false;
}
