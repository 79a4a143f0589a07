/* What a file is called that somebody brings to the desk: by how it begins, not by its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "adapters/desk/media_type.h"

static void a_file_is_what_it_begins_with(void **state)
{
    static const struct {
        const char *beginning, *name, *type;
        size_t size;
    } cases[] = {
        {"%PDF-1.7\n", "don.pdf", "application/pdf", 9},
        {"%PDF-1.7\n", "don.jpg", "application/pdf", 9},
        {"MZ\x90\0\3", "don.pdf", "application/octet-stream", 5},
        {"%PD", "don.pdf", "application/octet-stream", 3},
        {"", "don.pdf", "application/octet-stream", 0},
        {"\xff\xd8\xff\xe0", "anh.JPG", "image/jpeg", 4},
        {"\x89PNG\r\n\x1a\n", "anh.png", "image/png", 8},
        {"II*\0", "quet.tif", "image/tiff", 4},
        {"PK\3\4\x14", "don.DOCX",
         "application/vnd.openxmlformats-officedocument."
         "wordprocessingml.document",
         5},
        {"PK\3\4\x14", "ho-so.zip", "application/zip", 5},
        {"<html><script>", "trang.pdf", "application/octet-stream", 14},
        {"<svg onload=", "anh.png", "application/octet-stream", 12},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes beginning = {(const uint8_t *)cases[i].beginning, cases[i].size};
        assert_string_equal(media_type_of(beginning, cases[i].name), cases[i].type);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_file_is_what_it_begins_with)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
