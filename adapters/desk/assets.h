/* assets - the files of adapters/desk/web, compiled in by ops/build/assets.
 *
 * All stand under one hash of all of them (/static/HASH/NAME), so that what a page loads is of one
 * version, may be kept for ever, and relative imports work. index.html names them by it.
 */
#pragma once

#include <stddef.h>

struct asset {
    const char *name; /* "app.js" */
    const char *media_type;
    const unsigned char *plain, *gzip;
    size_t plain_size, gzip_size;
};

extern const struct asset assets[];
extern const size_t asset_count;
extern const char assets_hash[];
