/* version - of the programs, all built from one tree. Not the protocol's: see schema/link.proto.
 * What a version promises: ops/decisions/versions.md. */
#ifndef PROTO_BASE_VERSION_H
#define PROTO_BASE_VERSION_H

#define VERSION_TEXT "1.1.0-dev"

#endif
