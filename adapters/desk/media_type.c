/* The kinds of files that dossiers have. A zip is a document of an office program when its name
 * says so: that much its sender may claim, for nothing here opens it. */
#include "adapters/desk/media_type.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *beginning, *ending; /* ending "": whatever its name is */
    size_t size;
    const char *type;
} kinds[] = {
    {"%PDF-", "", 5, "application/pdf"},
    {"\xff\xd8\xff", "", 3, "image/jpeg"},
    {"\x89PNG\r\n\x1a\n", "", 8, "image/png"},
    {"GIF8", "", 4, "image/gif"},
    {"II*\0", "", 4, "image/tiff"},
    {"MM\0*", "", 4, "image/tiff"},
    {"PK\3\4", ".docx", 4,
     "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"PK\3\4", ".xlsx", 4, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"PK\3\4", ".pptx", 4,
     "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"PK\3\4", ".odt", 4, "application/vnd.oasis.opendocument.text"},
    {"PK\3\4", "", 4, "application/zip"},
    {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".doc", 8, "application/msword"},
    {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".xls", 8, "application/vnd.ms-excel"},
    {"Rar!\x1a\x07", "", 6, "application/vnd.rar"},
    {"7z\xbc\xaf\x27\x1c", "", 6, "application/x-7z-compressed"},
    {"<?xml", "", 5, "application/xml"},
};

static bool ends_with(const char *name, const char *ending)
{
    size_t size = strlen(name), wanted = strlen(ending);
    return size >= wanted && strcasecmp(name + size - wanted, ending) == 0;
}

const char *media_type_of(struct bytes beginning, const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (beginning.size >= kinds[i].size &&
            memcmp(beginning.data, kinds[i].beginning, kinds[i].size) == 0 &&
            ends_with(name, kinds[i].ending))
            return kinds[i].type;
    }
    return "application/octet-stream";
}
