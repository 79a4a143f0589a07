/* Dossiers by number. Everything about one is made of its number by a hash, so that the asking side
 * knows it without a list. Names are as frequent as in the country: more than a third are Nguyễn,
 * which is what makes words expensive to search. */
#include "tests/bench/desk_fill.h"

#include <stdio.h>
#include <string.h>

#include "gateway/workers/program.h"

enum { ITEM_TEXT_BYTES = 256, PROCEDURES = 1500 };

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define DAY_MS      INT64_C(86400000)

static const char *const families[] = {
    "Nguyễn", "Nguyễn", "Nguyễn", "Nguyễn", "Nguyễn", "Nguyễn", "Nguyễn", "Trần", "Trần", "Lê",
    "Lê",     "Phạm",   "Hoàng",  "Vũ",     "Phan",   "Trương", "Bùi",    "Đặng", "Đỗ",   "Lý"};
static const char *const middles[] = {"Văn",   "Văn",  "Thị", "Thị",   "Đức", "Minh",
                                      "Thanh", "Ngọc", "Hữu", "Quang", "Thu", "Kim"};
static const char *const givens[] = {
    "An",     "Anh",  "Bình", "Châu", "Cường", "Dung",  "Dũng", "Duy",   "Đào",  "Đạt",
    "Giang",  "Hà",   "Hải",  "Hạnh", "Hiền",  "Hoa",   "Hòa",  "Hùng",  "Huy",  "Hương",
    "Khoa",   "Lan",  "Linh", "Long", "Mai",   "Nam",   "Nga",  "Nhung", "Oanh", "Phúc",
    "Phương", "Quân", "Sơn",  "Tâm",  "Thảo",  "Thắng", "Thủy", "Trang", "Tú",   "Tuấn",
    "Uyên",   "Vân",  "Việt", "Xuân", "Yến",   "Ơn",    "Kiên", "Lộc"};
static const char *const subjects[] = {"Cấp giấy chứng nhận quyền sử dụng đất",
                                       "Đăng ký biến động đất đai",
                                       "Cấp giấy phép xây dựng nhà ở",
                                       "Đổi giấy phép lái xe",
                                       "Cấp phiếu lý lịch tư pháp",
                                       "Đăng ký thành lập doanh nghiệp",
                                       "Cấp chứng chỉ hành nghề dược",
                                       "Công nhận bằng tốt nghiệp",
                                       "Cấp thẻ hướng dẫn viên du lịch",
                                       "Hỗ trợ chi phí mai táng"};
static const char *const agencies[] = {
    "vpubnd", "snv",   "stp",   "stc",   "skhdt", "sct", "sgtvtxd", "snnptnt", "stnmt", "sldtbxh",
    "syt",    "sgddt", "skhcn", "stttt", "svhtt", "sdl", "sngv",    "bdt",     "bqlkkt"};

/* splitmix64: a number's own bits. */
static uint64_t mix(uint64_t number, uint64_t salt)
{
    uint64_t bits = number + salt * UINT64_C(0x9e3779b97f4a7c15) + UINT64_C(0x9e3779b97f4a7c15);
    bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
    return bits ^ (bits >> 31);
}

static size_t choose(int64_t number, uint64_t salt, size_t count)
{
    return (size_t)(mix((uint64_t)number, salt) % count);
}

void desk_fill_code(int64_t number, char *ret_code, size_t capacity)
{
    (void)snprintf(ret_code, capacity, "H38.%02d-%06d-%04d", (int)(number / 10000 % 100),
                   (int)(160101 + number / 1000000 * 10000), (int)(number % 10000));
}

void desk_fill_owner(int64_t number, char *ret_name, size_t capacity)
{
    (void)snprintf(ret_name, capacity, "%s %s %s", families[choose(number, 1, COUNT(families))],
                   middles[choose(number, 2, COUNT(middles))],
                   givens[choose(number, 3, COUNT(givens))]);
}

const char *desk_fill_agency(int64_t number)
{
    return agencies[choose(number, 4, COUNT(agencies))];
}

enum reason desk_fill_open(struct desk_fill *fill, const char *path, int64_t dossiers,
                           int64_t waiting)
{
    *fill = (struct desk_fill){.dossiers = dossiers, .waiting = waiting, .now = program_wall()};
    enum reason reason = book_open(path, &fill->book);
    fill->index = (struct index){&fill->book, key_of("centre"), true};
    return reason;
}

void desk_fill_close(struct desk_fill *fill)
{
    book_close(&fill->book);
}

/* ---- items of the feed ---- */

/* body is taken over. */
static enum reason put(struct desk_fill *fill, int64_t number, const char *type, int64_t at_ms,
                       json_t *body)
{
    char id[ITEM_TEXT_BYTES], digest[ITEM_TEXT_BYTES], code[ITEM_TEXT_BYTES];
    char procedure[ITEM_TEXT_BYTES], moment[TIME_TEXT_BYTES];
    bool is_ours = strcmp(type, "transfer") == 0;
    bool is_receipt = strncmp(type, "receipt_", 8) == 0;
    const char *agency = desk_fill_agency(number);
    fill->seq++;
    desk_fill_code(number, code, sizeof code);
    (void)snprintf(id, sizeof id, "01997b6e-0000-7000-8000-%012lld", (long long)fill->seq);
    (void)snprintf(digest, sizeof digest, "%016llx%016llx%016llx%016llx",
                   (unsigned long long)mix((uint64_t)fill->seq, 11), (unsigned long long)fill->seq,
                   (unsigned long long)mix((uint64_t)fill->seq, 12),
                   (unsigned long long)mix((uint64_t)fill->seq, 13));
    (void)snprintf(procedure, sizeof procedure, "1.%06zu", 11000 + choose(number, 5, PROCEDURES));
    stamp_format((struct stamp){{at_ms}, VIETNAM_OFFSET_MINUTES}, moment);
    json_t *item =
        json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "seq",
                  (json_int_t)fill->seq, "message_id", id, "sha256", digest, "type", type, "sender",
                  is_ours ? "centre" : agency, "to", is_ours ? agency : "centre", "dossier_code",
                  is_receipt ? "" : code, "procedure_code", procedure, "state",
                  is_ours ? "custody" : "delivered", "custody_time", moment, "body", body);
    enum reason reason = item == NULL ? REASON_OUT_OF_MEMORY : index_message(&fill->index, item);
    json_decref(item);
    return reason;
}

static enum reason put_transfer(struct desk_fill *fill, int64_t number, int64_t at_ms,
                                int64_t due_ms)
{
    char owner[ITEM_TEXT_BYTES], summary[ITEM_TEXT_BYTES];
    desk_fill_owner(number, owner, sizeof owner);
    (void)snprintf(summary, sizeof summary, "%s số %zu",
                   subjects[choose(number, 6, COUNT(subjects))], choose(number, 7, 100000));
    return put(fill, number, "transfer", at_ms,
               json_pack("{s:{s:s}, s:s, s:I, s:I, s:i}", "owner", "name", owner, "summary",
                         summary, "received_ms", (json_int_t)at_ms, "due_ms", (json_int_t)due_ms,
                         "channel", (int)choose(number, 8, 3) + 1));
}

/* Of the transfer that was the last message. */
static enum reason put_taken(struct desk_fill *fill, int64_t number, int64_t at_ms)
{
    char digest[ITEM_TEXT_BYTES];
    (void)snprintf(digest, sizeof digest, "%016llx%016llx%016llx%016llx",
                   (unsigned long long)mix((uint64_t)fill->seq, 11), (unsigned long long)fill->seq,
                   (unsigned long long)mix((uint64_t)fill->seq, 12),
                   (unsigned long long)mix((uint64_t)fill->seq, 13));
    return put(fill, number, "receipt_delivered", at_ms,
               json_pack("{s:[{s:s, s:s, s:s, s:I}]}", "items", "sha256", digest, "reason", "ok",
                         "destination", desk_fill_agency(number), "at_ms", (json_int_t)at_ms));
}

/* Half of the open ones are being worked on, the others in each state that a view is about. */
static enum reason put_open(struct desk_fill *fill, int64_t number, int64_t at_ms)
{
    static const char *const types[] = {"progress", "progress",           "progress",
                                        "refusal",  "supplement_request", "result"};
    const char *type = types[choose(number, 9, COUNT(types))];
    return put(fill, number, type, at_ms,
               json_pack("{s:i}", "national_state", strcmp(type, "result") == 0 ? 9 : 4));
}

/* Three years, evenly: the newest a minute ago; each is to be done within one to twenty days. */
enum reason desk_fill_dossier(struct desk_fill *fill, int64_t number)
{
    int64_t before = fill->dossiers - number;
    bool waits = before <= fill->waiting, is_open = before <= 2 * fill->waiting;
    int64_t at_ms = fill->now.ms - 60000 - before * (3 * 365 * DAY_MS / fill->dossiers);
    int64_t due_ms = at_ms + (1 + (int64_t)choose(number, 10, 20)) * DAY_MS;
    enum reason reason = put_transfer(fill, number, at_ms, due_ms);
    if (reason == REASON_NONE && !waits)
        reason = put_taken(fill, number, at_ms + 60000);
    if (reason != REASON_NONE || waits)
        return reason;
    if (is_open)
        return put_open(fill, number, at_ms + 120000);
    reason =
        put(fill, number, "result", due_ms - DAY_MS / 2, json_pack("{s:i}", "national_state", 9));
    if (reason == REASON_NONE)
        reason = put(fill, number, "handed_over", due_ms, json_object());
    return reason;
}
