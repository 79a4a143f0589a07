/* cms_parts - attributes, algorithms and other parts to put into signatures: sound ones, and one of
 * each kind that is not. Hexadecimal, DER or what looks like it. */
#pragma once

#include "proto/base/bytes.h"

enum { CMS_PART_BYTES_MAX = 1024 };

struct cms_part {
    const char *what;
    const char *type;   /* of an attribute: its OID, content */
    const char *values; /* the content of the SET; of other parts: all of it */
};

size_t cms_attribute_count(void);
const struct cms_part *cms_attribute(size_t index);
/* AlgorithmIdentifiers, whole. */
size_t cms_algorithm_count(void);
const struct cms_part *cms_algorithm(size_t index);

/* The whole element; ret_bytes of CMS_PART_BYTES_MAX. The size, 0 when it does not fit. */
size_t cms_part_write(const struct cms_part *part, uint8_t *ret_bytes);
