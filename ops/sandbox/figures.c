/* What a run has done, read from the stand-ins' own books and not from the programs under test:
 * what the gateway says of itself is not evidence that it works. */
#include "ops/sandbox/figures.h"

#include "ops/client/file.h"
#include "ops/sandbox/database.h"

static uint64_t count_of(sqlite3 *database, const char *sql, const char *agency)
{
    return (uint64_t)database_number(database, 0, sql, agency == NULL ? "" : "t", agency);
}

/* Acceptance times are the office's, forwarding times the desk's: one machine, one clock. */
static void read_times(sqlite3 *desk, sqlite3 *office, struct figures_row *row)
{
    sqlite3_stmt *accepted = database_prepare(
        office, "SELECT message_id, at_ms FROM accepted WHERE operation = 'TiepNhanHoSo'", "");
    uint64_t sum = 0;
    uint64_t count = 0;
    while (accepted != NULL && sqlite3_step(accepted) == SQLITE_ROW) {
        int64_t from =
            database_number(desk, 0, "SELECT forwarded_ms FROM dossier WHERE message_id = ?1", "t",
                            (const char *)sqlite3_column_text(accepted, 0));
        int64_t took = sqlite3_column_int64(accepted, 1) - from;
        if (from == 0)
            continue;
        /* The office may have it before the desk has written down that it sent it. */
        uint64_t took_ms = took > 0 ? (uint64_t)took : 0;
        sum += took_ms;
        count++;
        if (took_ms > row->max_ms)
            row->max_ms = took_ms;
    }
    (void)sqlite3_finalize(accepted);
    row->mean_ms = count == 0 ? 0 : sum / count;
}

/* False: this office's book is not there yet, and the row stays at nothing accepted. */
static bool read_office(const char *directory, sqlite3 *desk, struct figures_row *row)
{
    char path[PATH_BYTES_MAX];
    sqlite3 *office = NULL;
    if (!path_make(path, "%s/offices/%s/office.sqlite", directory, row->agency->key.text) ||
        !database_open(path, "", true, &office))
        return false;
    row->accepted = count_of(office,
                             "SELECT count(DISTINCT dossier_code) FROM accepted WHERE "
                             "operation = 'TiepNhanHoSo'",
                             NULL);
    row->twice =
        count_of(office, "SELECT count(*) - count(DISTINCT message_id) FROM accepted", NULL);
    read_times(desk, office, row);
    (void)sqlite3_close(office);
    return true;
}

static void read_desk(sqlite3 *desk, struct figures_row *row)
{
    const char *key = row->agency->key.text;
    row->forwarded = count_of(
        desk, "SELECT count(*) FROM dossier WHERE agency = ?1 AND forwarded_ms IS NOT NULL", key);
    row->progress =
        count_of(desk, "SELECT count(*) FROM dossier WHERE agency = ?1 AND progress > 0", key);
    row->supplements =
        count_of(desk, "SELECT sum(supplements) FROM dossier WHERE agency = ?1", key);
    row->results =
        count_of(desk, "SELECT count(*) FROM dossier WHERE agency = ?1 AND results > 0", key);
}

/* A dossier is right when the portal shows the state that the desk's book has, and was told of
 * every state on the way there: received, processing, for each supplement there and back, finished.
 */
static const char as_in_the_book[] =
    "SELECT count(*) FROM desk.dossier d JOIN dossier p ON p.code = d.code WHERE d.agency = ?1"
    " AND p.state = CASE WHEN d.results > 0 THEN 9 WHEN d.progress > 0 THEN 4 ELSE 2 END"
    " AND (SELECT count(*) FROM state_change s WHERE s.code = d.code)"
    " = 1 + d.progress + 2 * d.supplements + d.results";

static void read_portal(const char *directory, struct figures *figures)
{
    char portal_path[PATH_BYTES_MAX], desk_path[PATH_BYTES_MAX];
    sqlite3 *portal = NULL;
    if (!path_make(portal_path, "%s/portal/portal.sqlite", directory) ||
        !path_make(desk_path, "%s/desk/desk.sqlite", directory) ||
        !database_open(portal_path, "", true, &portal))
        return;
    if (database_do(portal, "ATTACH DATABASE ?1 AS desk", "t", desk_path)) {
        for (size_t i = 0; i < figures->row_count; i++) {
            struct figures_row *row = &figures->rows[i];
            row->at_portal = count_of(portal, as_in_the_book, row->agency->key.text);
            figures->total.at_portal += row->at_portal;
        }
        figures->portal_twice =
            count_of(portal, "SELECT count(*) FROM record WHERE times > 1", NULL) +
            count_of(portal,
                     "SELECT count(*) FROM dossier WHERE code NOT IN (SELECT code FROM "
                     "desk.dossier)",
                     NULL);
    }
    (void)sqlite3_close(portal);
}

/* Lost is what the one side handed over and the other has not, at this moment: during a run it is
 * mostly under way, and only at the end a finding. */
static void add(struct figures *figures, const struct figures_row *row)
{
    struct figures_row *total = &figures->total;
    total->forwarded += row->forwarded;
    total->accepted += row->accepted;
    total->progress += row->progress;
    total->supplements += row->supplements;
    total->results += row->results;
    total->twice += row->twice;
    if (row->max_ms > total->max_ms)
        total->max_ms = row->max_ms;
    total->mean_ms += row->mean_ms * row->accepted;
    figures->lost += row->forwarded > row->accepted ? row->forwarded - row->accepted : 0;
    figures->lost += row->accepted > row->results ? row->accepted - row->results : 0;
}

bool figures_read(const char *directory, const struct registry *registry,
                  struct figures *ret_figures)
{
    char path[PATH_BYTES_MAX];
    sqlite3 *desk = NULL;
    *ret_figures = (struct figures){0};
    if (!path_make(path, "%s/desk/desk.sqlite", directory) || !database_open(path, "", true, &desk))
        return false;
    bool read = true;
    for (size_t i = 0; i < registry_agency_count(registry); i++) {
        const struct agency *agency = registry_agency_at(registry, i);
        if (agency->role != ROLE_AGENCY || ret_figures->row_count == FIGURES_ROWS_MAX)
            continue;
        struct figures_row *row = &ret_figures->rows[ret_figures->row_count++];
        row->agency = agency;
        read_desk(desk, row);
        read = read_office(directory, desk, row) && read;
        add(ret_figures, row);
    }
    read_portal(directory, ret_figures);
    if (ret_figures->total.accepted > 0)
        ret_figures->total.mean_ms /= ret_figures->total.accepted;
    uint64_t at_desk =
        count_of(desk, "SELECT count(*) FROM fault WHERE kind = 'duplicate'", NULL) +
        count_of(desk, "SELECT coalesce(sum(results - 1), 0) FROM dossier WHERE results > 1", NULL);
    ret_figures->duplicated = ret_figures->total.twice + at_desk;
    ret_figures->out_of_order =
        count_of(desk, "SELECT count(*) FROM fault WHERE kind = 'order'", NULL);
    ret_figures->bad_papers =
        count_of(desk, "SELECT count(*) FROM fault WHERE kind = 'attachment'", NULL);
    (void)sqlite3_close(desk);
    return read;
}
