/* body_rules - the bounds of schema/body.proto as tables, so that every field of every kind of body
 * is checked by one walk (codec/rules.h). A unit test compares them with the generated schema. */
#pragma once

#include "proto/codec/envelope.h"
#include "proto/codec/rules.h"

/* Field numbers of Body. The kinds 1 to 15 have the numbers of their message types. */
enum { BODY_RECEIPT = 32, BODY_TREE_HEAD = 33 };

/* What body_rule reads and writes. Business bodies are checked only: protobuf-c has them. */
struct body_content {
    uint32_t kind; /* field number of Body */
    struct receipt receipt;
    struct tree_head tree_head;
};

extern const struct message_rule body_rule;
