/* An I/O error is told by what the system said of it: a full disk a person mends. */
#include "gateway/store/sqlite_reason.h"

#include <errno.h>
#include <stddef.h>

static bool disk_is_full(sqlite3 *database)
{
    int error = database == NULL ? 0 : sqlite3_system_errno(database);
    return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

static enum reason reason_of_io(sqlite3 *database, int extended)
{
    switch (extended) {
    case SQLITE_IOERR_DATA:
    case SQLITE_IOERR_CORRUPTFS:
        return REASON_STORE_CORRUPT;
    case SQLITE_IOERR_NOMEM:
        return REASON_OUT_OF_MEMORY;
    default:
        return disk_is_full(database) ? REASON_STORE_FULL : REASON_STORE_FAILED;
    }
}

enum reason sqlite_reason(sqlite3 *database, int result)
{
    if (result == SQLITE_OK || result == SQLITE_ROW || result == SQLITE_DONE)
        return REASON_NONE;
    int extended = database == NULL ? result : sqlite3_extended_errcode(database);
    switch (result & 0xff) {
    case SQLITE_FULL:
        return REASON_STORE_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return REASON_STORE_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return REASON_STORE_CORRUPT;
    case SQLITE_CONSTRAINT:
        return REASON_DUPLICATE;
    case SQLITE_NOMEM:
        return REASON_OUT_OF_MEMORY;
    case SQLITE_IOERR:
        return reason_of_io(database, extended);
    default:
        return REASON_STORE_FAILED;
    }
}
