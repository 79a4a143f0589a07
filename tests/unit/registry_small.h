/* A small registry without faults, written here, and the faults when one of its files is replaced.
 * Include after cmocka. */
#pragma once

#include "tests/unit/registry_fixture.h"

#define AGENCIES_HEADER                                                                            \
    "key,official_code,former_codes,name_vi,name_en,role,valid_from,valid_to,successor,system,"    \
    "sample\n"
#define PROCEDURES_HEADER                                                                          \
    "code,name_vi,name_en,field_code,agency,service_level,processing_days,valid_from,valid_to,"    \
    "sample\n"
#define PARTICIPANTS_HEADER "key,role,curve_public_key,certificates,window_messages\n"
#define POLICY_HEADER       "sender,type,recipient,copies,life_hours\n"
#define CURVE_KEY           "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"

#define RULE   "centre,transfer,agency,,168\n"
#define CENTRE "centre,,,a,b,centre,,,,,yes\n"
#define ENDED  ",,,a,b,agency,,2025-02-28,"
#define STP    PARTICIPANTS_HEADER "stp,agency,"

static const char good_agencies[] =
    AGENCIES_HEADER "centre,H38.30,,Trung tâm,Centre,centre,,,,,yes\n"
                    "stp,H38.03,000.00.03.H38;H38.93,Sở Tư pháp,Justice,agency,,,,,yes\n"
                    "gateway,,,Cổng,Gateway,gateway,,,,,no\n";
static const char good_procedures[] =
    PROCEDURES_HEADER "2.000635,Cấp bản sao,Copy,G15-TP01,stp,full,0,2020-01-01,,no\n";
static const char good_policy[] = POLICY_HEADER "centre,transfer,agency,,168\n";
static const char good_participants[] =
    PARTICIPANTS_HEADER "stp,agency," CURVE_KEY ",certificates/stp.pem;certificates/stp-2.pem,"
                        "100\n";

static inline struct registry_files good_files(void)
{
    return (struct registry_files){{
        [REGISTRY_FILE_VERSION] = bytes_of_text("2026-11-24.1\n"),
        [REGISTRY_FILE_AGENCIES] = bytes_of_text(good_agencies),
        [REGISTRY_FILE_PARTICIPANTS] = bytes_of_text(good_participants),
        [REGISTRY_FILE_PROCEDURES] = bytes_of_text(good_procedures),
        [REGISTRY_FILE_POLICY] = bytes_of_text(good_policy),
    }};
}

/* Of the last build. */
static struct faults faults;

/* Builds with one file replaced; NULL when it has faults. */
static inline struct registry *build(enum registry_file file, const char *text)
{
    struct registry_files files = good_files();
    struct registry *registry = NULL;
    files.content[file] = fixture_text(text);
    enum reason reason = registry_new(&files, fixture_hash, &faults, &registry);
    assert_true(reason == REASON_NONE || reason == REASON_REGISTRY_INVALID);
    assert_int_equal(reason == REASON_NONE, registry != NULL);
    assert_int_equal(reason == REASON_NONE, faults_total(&faults) == 0);
    return registry;
}

static inline bool has_fault(enum fault_kind kind, const char *file, unsigned line,
                             const char *column)
{
    for (size_t i = 0; i < faults.count; i++) {
        const struct fault *fault = &faults.items[i];
        if (fault->kind == kind && strcmp(fault->file, file) == 0 && fault->line == line &&
            (column == NULL ? fault->column == NULL
                            : fault->column != NULL && strcmp(fault->column, column) == 0))
            return true;
    }
    return false;
}

static inline void assert_only_fault(enum registry_file file, const char *text,
                                     enum fault_kind kind, unsigned line, const char *column)
{
    assert_null(build(file, text));
    if (!has_fault(kind, registry_file_name(file), line, column))
        fail_msg("fault %s of %s:%u not reported", fault_name(kind), registry_file_name(file),
                 line);
    assert_int_equal(faults_total(&faults), 1);
}
