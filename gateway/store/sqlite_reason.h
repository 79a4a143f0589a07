/* sqlite_reason - SQLite's results as reasons, for all who keep a database: full, busy and corrupt
 * are told apart because different people act on them. */
#pragma once

#include <sqlite3.h>

#include "proto/base/reason.h"

/* result: of a call on this database, before the next one; its errno tells a full disk from one
 * that fails. database: NULL where there is none, as after sqlite3_open. A constraint is
 * REASON_DUPLICATE: who takes it for a mistake of his own checks before. */
enum reason sqlite_reason(sqlite3 *database, int result);
