/* version - of the programs, all built from one tree. Not the protocol's: see schema/link.proto.
 * What a version promises: ops/decisions/versions.md. */
#pragma once

#define VERSION_TEXT "1.1.0-dev"
