/* media_type - what a file is, by how it begins; its name only tells kinds apart that begin alike.
 *
 * "application/octet-stream" when it is none that is known here: a file named .pdf that is no PDF
 * is not called one (the formats' own specifications; RFC 6838).
 */
#pragma once

#include "proto/base/bytes.h"

enum { MEDIA_TYPE_LOOKS_AT = 16 /* bytes of a file's beginning */ };

const char *media_type_of(struct bytes beginning, const char *name);
