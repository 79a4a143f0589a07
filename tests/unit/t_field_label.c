/* What `lienthong inbox show` calls the fields of a message: every field of the schema has a name
 * in Vietnamese and in English. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "ops/cli/field_label.h"
#include "schema/body.pb-c.h"

enum { DEPTH_MAX = 8 }; /* the schema has no message within itself */

static int missing;

static void look_at(const ProtobufCMessageDescriptor *message, bool is_kind, int depth)
{
    assert_true(depth < DEPTH_MAX);
    for (unsigned i = 0; i < message->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->fields[i];
        const char *vietnamese = field_label(field->name, LANGUAGE_VIETNAMESE);
        const char *english = field_label(field->name, LANGUAGE_ENGLISH);
        /* The kind of a body has no row of its own. */
        if (!is_kind &&
            (strcmp(vietnamese, field->name) == 0 || strcmp(english, field->name) == 0)) {
            printf("# %s.%s has no FIELD in ops/cli/texts.def\n", message->name, field->name);
            missing++;
        }
        if (field->type == PROTOBUF_C_TYPE_MESSAGE)
            look_at(field->descriptor, false, depth + 1);
    }
}

static void every_field_of_the_schema_has_a_name(void **state)
{
    (void)state;
    look_at(&lienthong__v1__body__descriptor, true, 0);
    assert_int_equal(missing, 0);
}

static void a_field_that_is_not_known_keeps_its_own_name(void **state)
{
    (void)state;
    assert_string_equal(field_label("owner", LANGUAGE_VIETNAMESE), "Chủ hồ sơ");
    assert_string_equal(field_label("owner", LANGUAGE_ENGLISH), "Owner");
    assert_string_equal(field_label("no_such_field", LANGUAGE_VIETNAMESE), "no_such_field");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_the_schema_has_a_name),
        cmocka_unit_test(a_field_that_is_not_known_keeps_its_own_name),
    };
    return cmocka_run_group_tests_name("field_label", tests, NULL, NULL);
}
