/* The pages' files, from the program itself: no folder on a disk is served, so that no path leads
 * out of it. */
#include "adapters/desk/desk.h"

#include <string.h>

#include "adapters/desk/assets.h"

static const struct asset *find(const char *name)
{
    for (size_t i = 0; i < asset_count; i++) {
        if (strcmp(assets[i].name, name) == 0)
            return &assets[i];
    }
    return NULL;
}

/* "gzip" as a word of the list; "gzip;q=0" is asked for by nobody who can read it. */
static bool takes_gzip(const struct api_request *request)
{
    const char *codings = api_header(request, "Accept-Encoding");
    return codings != NULL && strstr(codings, "gzip") != NULL;
}

static void answer(struct api_request *request, const struct asset *asset, const char *caching)
{
    bool is_small = takes_gzip(request);
    struct bytes content = {asset->plain, asset->plain_size};
    if (is_small)
        content = (struct bytes){asset->gzip, asset->gzip_size};
    api_answer_lasting(request, asset->media_type, content);
    if (is_small)
        api_answer_header(request, "Content-Encoding", "gzip");
    api_answer_header(request, "Vary", "Accept-Encoding");
    api_answer_header(request, "Cache-Control", caching);
}

/* Never kept: it names the version of all that it loads. */
void page_get(struct api_request *request)
{
    answer(request, find("index.html"), "no-store");
}

/* HASH/NAME. A page of before a restart asks for another hash: 404, and it loads itself anew. */
void static_get(struct api_request *request)
{
    const char *path = api_argument(request);
    size_t size = strlen(assets_hash);
    const struct asset *asset =
        strncmp(path, assets_hash, size) == 0 && path[size] == '/' ? find(path + size + 1) : NULL;
    if (asset == NULL || strcmp(asset->name, "index.html") == 0)
        api_answer_reason(request, REASON_NOT_FOUND, "path");
    else
        answer(request, asset, "public, max-age=31536000, immutable");
}
