/* body_needs - does a body say what its type is for? The table is schema/body_needs.def. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct Lienthong__V1__Body;
struct ProtobufCFieldDescriptor;

/* The field that a body of that type needs and does not have, as people name it
 * ("body.owner.name"), in a text that lives for ever. NULL: it has all. */
const char *body_missing(uint32_t type, const struct Lienthong__V1__Body *body);

/* A time of the body that no dossier has: given in seconds or microseconds, most likely. Named in a
 * text that lives for ever ("received_ms"). NULL: none. */
const char *body_time_out_of_bounds(uint32_t type, const struct Lienthong__V1__Body *body);
/* 0, or of the years 2000 to 2199. */
bool body_time_is_ms(int64_t time_ms);

/* Whether a field of a message of protobuf-c's says anything: proto3 does not tell a zero from
 * nothing. */
bool body_field_is_set(const struct ProtobufCFieldDescriptor *field, const void *message);
