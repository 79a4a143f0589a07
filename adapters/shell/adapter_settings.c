/* What an operator may set of an adapter: rows of its own, the API's doors, and those that each
 * kind of office brings, which are moved to the place of the kind's struct in struct
 * adapter_settings. All kinds' rows are there whichever is in use, so that one file may be
 * switched from one kind to another. */
#include "adapters/shell/adapter_settings.h"

#include <string.h>

#include "proto/base/check.h"
#include "proto/base/key.h"
#include "proto/link/link.h"

#define ROW(name, kind, member, ...)                                                               \
    SETTING_ROW(name, kind, struct adapter_settings, member, __VA_ARGS__)

#define API_PORT_FALLBACK "7650"

#define KIND(name, english, vietnamese) " " #name
static const char kind_names[] =
#include "adapters/kinds.def"
    ;
#undef KIND
#define KIND(name, english, vietnamese) " " #name ": " english "."
static const char kinds_english[] = "What the back office is."
#include "adapters/kinds.def"
    ;
#undef KIND
#define KIND(name, english, vietnamese) " " #name ": " vietnamese "."
static const char kinds_vietnamese[] = "Cách làm việc với phần mềm cơ quan."
#include "adapters/kinds.def"
    ;
#undef KIND

static const struct setting own_rows[] = {
    {ROW("participant", TEXT, participant, NULL, "Participant key of this adapter in the registry.",
         "Mã đơn vị của bên tham gia này trong danh bạ.")},
    {ROW("gateway.participant", TEXT, gateway.participant, "gateway",
         "Participant key of the gateway.", "Mã đơn vị của cổng trong danh bạ.")},
    {ROW("gateway.endpoint", TEXT, gateway.endpoint, "tcp://127.0.0.1:7600",
         "Where the gateway listens. The adapter only dials out.",
         "Địa chỉ của cổng. Bộ nối chỉ kết nối ra ngoài."),
     .min = 1, .max = LINK_ENDPOINT_BYTES_MAX},
    {ROW("gateway.public_key", TEXT, gateway.public_key, "",
         "CURVE public key of the gateway (Z85). Empty: the one in the registry.",
         "Khóa công khai CURVE của cổng (Z85). Để trống: lấy trong danh bạ.")},
    {ROW("curve_secret_file", PATH, curve_secret_file, NULL,
         "CURVE secret key of this adapter (Z85), mode 0600.",
         "Khóa bí mật CURVE của bộ nối (Z85), quyền 0600.")},
    {ROW("signing_key_file", PATH, signing_key_file, NULL,
         "Private key that seals messages and receipts (PEM), mode 0600.",
         "Khóa ký thông điệp và biên nhận (PEM), quyền 0600.")},
    {ROW("signing_certificate_file", PATH, signing_certificate_file, NULL,
         "Certificate of the signing key (PEM).", "Chứng thư số của khóa ký (PEM).")},
    {ROW("registry_directory", PATH, registry_directory, NULL,
         "Folder of the registry's files and of the trust anchors. Read again on SIGHUP.",
         "Thư mục danh bạ và chứng thư gốc. Đọc lại khi nhận SIGHUP.")},
    {ROW("state_directory", PATH, state_directory, NULL,
         "Folder of the store, of attachments, and of the local API's port and tokens.",
         "Thư mục kho lưu trữ, tệp đính kèm, cổng TCP và mã truy cập của API.")},
#include "gateway/api/api_settings.def"
    {ROW("office.kind", CHOICE, office.kind, "inbox", kinds_english, kinds_vietnamese),
     .choices = kind_names + 1},
    {ROW("office.url", TEXT, office.url, "", "address that the mapping's paths are appended to.",
         "địa chỉ gốc của phần mềm cơ quan.")},
    {ROW("office.mapping", PATH, office.mapping, "",
         "jq program of the office's dialect, as vbdlis.jq, provincial.jq.",
         "tệp ánh xạ (jq), như vbdlis.jq, provincial.jq.")},
    {ROW("office.credentials_file", PATH, office.credentials_file, "",
         "JSON object with the office's credentials, mode 0600. Empty: none.",
         "tệp JSON chứa thông tin đăng nhập, quyền 0600.")},
    {ROW("office.ca_file", PATH, office.ca_file, "",
         "certificates that the office's TLS is checked with. Empty: the system's.",
         "chứng thư gốc để kiểm tra TLS. Để trống: của hệ thống.")},
    {ROW("office.window", INTEGER, office.window, "8", "calls at once.", "số lần gọi đồng thời."),
     .min = 1, .max = OFFICE_WINDOW_MAX},
    {ROW("office.connect_timeout", DURATION, office.connect_timeout_ms, "5s",
         "how long a connection may take.", "thời gian chờ kết nối."),
     .min = 100, .max = OFFICE_TIMEOUT_MAX_MS},
    {ROW("office.timeout", DURATION, office.timeout_ms, "20s",
         "how long one request may take in all.", "thời gian tối đa của một yêu cầu."),
     .min = 100, .max = OFFICE_TIMEOUT_MAX_MS},
    {ROW("log_format", CHOICE, log_format, "text", "How log lines look.", "Dạng dòng nhật ký."),
     .choices = "text json"},
    {ROW("attachment_bytes_max", SIZE, attachment_bytes_max, "100MiB",
         "Largest attachment that is taken.", "Dung lượng tệp đính kèm lớn nhất."),
     .min = 1024, .max = (int64_t)BLOB_BYTES_HARD_MAX},
    {ROW("window_messages", INTEGER, window_messages, "256",
         "How many messages the gateway may have under way to us.",
         "Số thông điệp cổng được gửi trước khi chờ xác nhận."),
     .min = 1, .max = MESSAGE_WINDOW_MAX},
    {ROW("flights_max", INTEGER, flights_max, "1024",
         "Messages under way at once; the rest waits in the store.",
         "Tổng số thông điệp đang gửi; phần còn lại chờ trong kho."),
     .min = 256, .max = 65536},
    {ROW("workers", INTEGER, workers, "1", "Threads that verify signatures.",
         "Số luồng kiểm tra chữ ký."),
     .min = 1, .max = 4},
    {ROW("store_cache_bytes", SIZE, store_cache_bytes, "1MiB", "Page cache of the store.",
         "Bộ nhớ đệm của kho lưu trữ."),
     .min = 65536, .max = INT64_C(1) << 30},
};

enum { OWN_ROWS = sizeof own_rows / sizeof *own_rows };

const struct setting *adapter_settings_rows(size_t *ret_count)
{
    static struct setting rows[SETTINGS_ROWS_MAX];
    size_t count = OWN_ROWS;
    memcpy(rows, own_rows, sizeof own_rows);
    for (size_t i = 0; i < OFFICE_KIND_COUNT; i++) {
        for (size_t k = 0; k < office_kinds[i]->settings_count; k++) {
            check(count < SETTINGS_ROWS_MAX);
            rows[count] = office_kinds[i]->settings[k];
            rows[count++].offset += offsetof(struct adapter_settings, kinds[i]);
        }
    }
    *ret_count = count;
    return rows;
}

const struct office_kind *adapter_settings_kind(const struct adapter_settings *settings)
{
    return office_kinds[settings->office.kind];
}

const void *adapter_settings_of_kind(const struct adapter_settings *settings)
{
    return settings->kinds[settings->office.kind].bytes;
}

static bool is_key(const char *text)
{
    struct key key;
    return key_parse(bytes_of_text(text), &key);
}

static bool is_url(const char *text)
{
    return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

const char *adapter_settings_fault(const void *values)
{
    const struct adapter_settings *settings = values;
    struct curve_key key;
    if (!is_key(settings->participant))
        return "participant";
    if (!is_key(settings->gateway.participant))
        return "gateway.participant";
    if (settings->gateway.public_key[0] != 0 &&
        !curve_key_parse(bytes_of_text(settings->gateway.public_key), &key))
        return "gateway.public_key";
    for (size_t i = 0; i < OFFICE_KIND_COUNT; i++) {
        const struct office_kind *kind = office_kinds[i];
        const char *fault =
            kind->settings_fault == NULL ? NULL : kind->settings_fault(settings->kinds[i].bytes);
        if (fault != NULL)
            return fault;
    }
    const char *door = api_doors_fault(&settings->api);
    if (door != NULL || adapter_settings_kind(settings)->open == NULL)
        return door;
    if (!is_url(settings->office.url))
        return "office.url";
    return settings->office.mapping[0] == 0 ? "office.mapping" : NULL;
}
