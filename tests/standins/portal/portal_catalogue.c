/* What the portal says of procedures, agencies and fields: a registry's files, or a few made-up
 * rows. A changed catalogue: the first procedure has another name, the last one is gone, one and
 * one agency are new. */
#include <stdio.h>
#include <string.h>

#include "tests/standins/portal/portal.h"

struct row {
    const char *procedure, *name, *field, *unit, *unit_name;
};

static const struct row made_up[] = {
    {"1.900001", "Thủ tục mẫu một", "LV-01", "H38.01", "Cơ quan mẫu một"},
    {"1.900002", "Thủ tục mẫu hai", "LV-02", "H38.02", "Cơ quan mẫu hai"},
    {"1.900003", "Thủ tục mẫu ba", "LV-03", "H38.03", "Cơ quan mẫu ba"},
};
static const struct row added = {"1.909999", "Thủ tục mới", "LV-99", "H38.99", "Cơ quan mới"};

static size_t procedure_count(const struct portal *portal)
{
    return portal->registry == NULL ? sizeof made_up / sizeof *made_up
                                    : registry_procedure_count(portal->registry);
}

static struct row procedure_at(const struct portal *portal, size_t index)
{
    if (portal->registry == NULL)
        return made_up[index];
    const struct procedure *procedure = registry_procedure_at(portal->registry, index);
    return (struct row){procedure->code, procedure->name_vi, procedure->field_code,
                        procedure->agency->official_code, procedure->agency->name_vi};
}

static size_t unit_count(const struct portal *portal)
{
    return portal->registry == NULL ? sizeof made_up / sizeof *made_up
                                    : registry_agency_count(portal->registry);
}

static struct row unit_at(const struct portal *portal, size_t index)
{
    if (portal->registry == NULL)
        return made_up[index];
    const struct agency *agency = registry_agency_at(portal->registry, index);
    return (struct row){.unit = agency->role == ROLE_AGENCY ? agency->official_code : "",
                        .unit_name = agency->name_vi};
}

static json_t *procedure_row(const struct row *row, bool with_version)
{
    json_t *one =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "MATTHC", row->procedure, "TENTTHC", row->name,
                  "MALINHVUC", row->field, "TENLINHVUC", row->field, "MADONVI", row->unit);
    if (with_version)
        (void)json_object_set_new(one, "PHIENBAN", json_string("1"));
    return one;
}

static json_t *procedures(const struct portal *portal, const char *only, bool is_changed)
{
    json_t *list = json_array();
    size_t count = procedure_count(portal);
    for (size_t i = 0; i < count; i++) {
        struct row row = procedure_at(portal, i);
        if (is_changed && i == count - 1)
            row = added;
        else if (is_changed && i == 0)
            row.name = "Tên mới";
        if (only == NULL || strcmp(only, row.procedure) == 0)
            (void)json_array_append_new(list, procedure_row(&row, only != NULL));
    }
    return list;
}

static json_t *units(const struct portal *portal, bool is_changed)
{
    enum { PROVINCIAL = 2 };
    json_t *list = json_array();
    size_t count = unit_count(portal);
    for (size_t i = 0; i < count + (is_changed ? 1 : 0); i++) {
        struct row row = i < count ? unit_at(portal, i) : added;
        if (row.unit[0] != 0)
            (void)json_array_append_new(list, json_pack("{s:s, s:s, s:i}", "MADONVI", row.unit,
                                                        "TENDONVI", row.unit_name, "CAPDONVI",
                                                        (int)PROVINCIAL));
    }
    return list;
}

static json_t *fields(const struct portal *portal)
{
    json_t *list = json_array();
    json_t *seen = json_object();
    for (size_t i = 0; i < procedure_count(portal); i++) {
        struct row row = procedure_at(portal, i);
        if (row.field[0] == 0 || json_object_get(seen, row.field) != NULL)
            continue;
        (void)json_object_set_new(seen, row.field, json_true());
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "MALINHVUC", row.field,
                                                    "TENLINHVUC", row.field, "MANGANH", "H38"));
    }
    json_decref(seen);
    return list;
}

json_t *portal_catalogue(const struct portal *portal, const char *service, const char *procedure,
                         bool is_changed)
{
    if (strcmp(service, "LayThuTuc") == 0)
        return procedures(portal, procedure, is_changed);
    if (strcmp(service, "LayDanhSachTTHC") == 0)
        return procedures(portal, NULL, is_changed);
    if (strcmp(service, "LayDanhMucCoQuan") == 0)
        return units(portal, is_changed);
    if (strcmp(service, "LayDanhMucLinhVuc") == 0)
        return fields(portal);
    return NULL;
}
