/* The words for a decision, in both languages: for `route explain`, and for whoever was refused. It
 * decides nothing; every line is a step that route.c noted, with file and line. */
#include "routing/registry/route.h"

#include "proto/base/check.h"
#include "routing/calendar/calendar.h"
#include "routing/deadline/deadline.h"

struct phrase {
    const char *vietnamese;
    const char *english;
};

static const struct phrase phrases[STEP_KIND_COUNT] = {
#define STEP(name, vietnamese, english) [STEP_##name] = {vietnamese, english},
#include "routing/registry/route_step.def"
#undef STEP
};

/* File and line first, in the form that editors jump to. */
bool route_step_print(const struct route_step *step, enum language language, struct buffer *buffer)
{
    check(step->kind < STEP_KIND_COUNT);
    const struct phrase *phrase = &phrases[step->kind];
    if (step->file < REGISTRY_FILE_COUNT &&
        !buffer_append_text(buffer, registry_file_name(step->file)))
        return false;
    if (step->line != 0 && !buffer_append_format(buffer, ":%u", step->line))
        return false;
    if (step->file < REGISTRY_FILE_COUNT && !buffer_append_text(buffer, ": "))
        return false;
    if (!buffer_append_text(buffer, language_pick(language, phrase->vietnamese, phrase->english)))
        return false;
    return step->subject[0] == 0 || buffer_append_format(buffer, ": %s", step->subject);
}

/* One that is not in the registry has no name; its key is printed beside it anyway. */
static const char *agency_name(const struct registry *registry, const struct key *key,
                               enum language language)
{
    const struct agency *agency = registry_agency(registry, key);
    return agency == NULL ? "" : language_pick(language, agency->name_vi, agency->name_en);
}

static bool print_question(const struct registry *registry, const struct route_question *question,
                           enum language language, struct buffer *buffer)
{
    char day[DAY_TEXT_BYTES];
    day_format(day_of(question->at), day);
    if (!buffer_append_format(
            buffer, language_pick(language, "%s từ %s, ngày %s\n", "%s from %s on %s\n"),
            message_type_label(question->type, language), question->sender.text, day))
        return false;
    const struct procedure *procedure = registry_procedure(registry, question->procedure_code);
    if (procedure == NULL)
        return true;
    return buffer_append_format(
        buffer, language_pick(language, "Thủ tục %s: %s%s\n", "Procedure %s: %s%s\n"),
        procedure->code, language_pick(language, procedure->name_vi, procedure->name_en),
        !procedure->sample ? "" : language_pick(language, " (dữ liệu mẫu)", " (sample data)"));
}

/* When the dossier of a transfer that is received at that moment has to be handed to its agency on
 * paper, and be done: by the procedure's working days and the days off of holidays.csv. */
static bool print_deadlines(const struct registry *registry, const struct route_question *question,
                            enum language language, struct buffer *buffer)
{
    const struct calendar *calendar = registry_calendar(registry);
    const struct procedure *procedure = registry_procedure(registry, question->procedure_code);
    wall_t transfer, due;
    char transfer_text[TIME_TEXT_BYTES], due_text[TIME_TEXT_BYTES];
    wall_t received = question->received.ms != 0 ? question->received : question->at;
    if (question->type != MESSAGE_TYPE_TRANSFER || procedure == NULL ||
        !calendar_transfer_due(calendar, received, false, &transfer) ||
        !deadline_by_law(calendar, received, procedure->processing_days, &due))
        return true;
    stamp_format((struct stamp){transfer, VIETNAM_OFFSET_MINUTES}, transfer_text);
    stamp_format((struct stamp){due, VIETNAM_OFFSET_MINUTES}, due_text);
    return buffer_append_format(
        buffer,
        language_pick(language,
                      "Hạn: chuyển trước %.10s %.5s, trả kết quả trước %.10s %.5s (+07:00; %u ngày "
                      "làm việc)%s\n",
                      "Deadlines: handed over by %.10s %.5s, done by %.10s %.5s (+07:00; working "
                      "days: %u)%s\n"),
        transfer_text, transfer_text + 11, due_text, due_text + 11, procedure->processing_days,
        calendar_knows(calendar, day_of(due))
            ? ""
            : language_pick(language, "; tạm tính: holidays.csv chưa có ngày này",
                            "; provisional: holidays.csv does not reach that day"));
}

static bool print_destinations(const struct registry *registry,
                               const struct route_decision *decision, enum language language,
                               struct buffer *buffer)
{
    static const int64_t ms_per_hour = INT64_C(60) * 60 * 1000;
    for (size_t i = 0; i < decision->destination_count; i++) {
        const struct route_destination *destination = &decision->destinations[i];
        const char *form = destination->copy
                               ? language_pick(language, "  bản sao: %s (%s), hạn giao %lld giờ\n",
                                               "  copy: %s (%s), life %lld h\n")
                               : language_pick(language, "  nơi nhận: %s (%s), hạn giao %lld giờ\n",
                                               "  recipient: %s (%s), life %lld h\n");
        if (!buffer_append_format(buffer, form, destination->key.text,
                                  agency_name(registry, &destination->key, language),
                                  (long long)(destination->life_ms / ms_per_hour)))
            return false;
    }
    return true;
}

/* The code stands beside the words, because a receipt and a log line carry the code. */
static bool print_verdict(const struct route_decision *decision, enum language language,
                          struct buffer *buffer)
{
    enum reason reason = decision->reason;
    const char *text = language_pick(language, reason_vietnamese(reason), reason_english(reason));
    if (reason == REASON_NONE)
        return buffer_append_text(buffer, language_pick(language, "Được gửi\n", "Allowed\n"));
    return buffer_append_format(buffer,
                                language_pick(language, "Từ chối (%s): %s\n", "Refused (%s): %s\n"),
                                reason_code(reason), text);
}

/* The question as it was understood comes first: half of all surprises are a day or a procedure
 * that was not the one meant. Deadlines are told only of what is allowed. */
bool route_explain(const struct registry *registry, const struct route_question *question,
                   const struct route_decision *decision, enum language language,
                   struct buffer *buffer)
{
    if (!print_question(registry, question, language, buffer) ||
        !print_verdict(decision, language, buffer) ||
        !print_destinations(registry, decision, language, buffer) ||
        (decision->reason == REASON_NONE &&
         !print_deadlines(registry, question, language, buffer)) ||
        !buffer_append_text(buffer, language_pick(language, "Căn cứ:\n", "Because:\n")))
        return false;
    for (size_t i = 0; i < decision->step_count; i++) {
        if (!buffer_append_text(buffer, "  ") ||
            !route_step_print(&decision->steps[i], language, buffer) ||
            !buffer_append_text(buffer, "\n"))
            return false;
    }
    return buffer_append_format(
        buffer, language_pick(language, "Phiên bản danh bạ: %s\n", "Registry version: %s\n"),
        decision->registry_version);
}
