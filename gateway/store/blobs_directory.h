/* blobs_directory - blobs as files: DIR/aa/bb…, partial ones in DIR/partial/. Contract:
 * gateway/port/blobs.h. DIR is made when it does not exist. */
#pragma once

#include "gateway/port/blobs.h"

enum reason blobs_directory_open(const char *path, uint64_t size_max_bytes,
                                 struct blobs **ret_blobs);
