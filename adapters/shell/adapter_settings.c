#include "adapters/shell/adapter_settings.h"

#include <string.h>

#include "proto/base/check.h"
#include "proto/base/key.h"
#include "proto/link/link.h"

#define FIELD(member) SETTING_FIELD(struct adapter_settings, member)

#define API_FIELD(member) FIELD(api.member)
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
    {.name = "participant",
     .kind = SETTING_TEXT,
     FIELD(participant),
     .english = "Participant key of this adapter in the registry.",
     .vietnamese = "Mã đơn vị của bên tham gia này trong danh bạ."},
    {.name = "gateway.participant",
     .kind = SETTING_TEXT,
     FIELD(gateway.participant),
     .fallback = "gateway",
     .english = "Participant key of the gateway.",
     .vietnamese = "Mã đơn vị của cổng trong danh bạ."},
    {.name = "gateway.endpoint",
     .kind = SETTING_TEXT,
     FIELD(gateway.endpoint),
     .fallback = "tcp://127.0.0.1:7600",
     .min = 1,
     .max = LINK_ENDPOINT_BYTES_MAX,
     .english = "Where the gateway listens. The adapter only dials out.",
     .vietnamese = "Địa chỉ của cổng. Bộ nối chỉ kết nối ra ngoài."},
    {.name = "gateway.public_key",
     .kind = SETTING_TEXT,
     FIELD(gateway.public_key),
     .fallback = "",
     .english = "CURVE public key of the gateway (Z85). Empty: the one in the registry.",
     .vietnamese = "Khóa công khai CURVE của cổng (Z85). Để trống: lấy trong danh bạ."},
    {.name = "curve_secret_file",
     .kind = SETTING_PATH,
     FIELD(curve_secret_file),
     .english = "CURVE secret key of this adapter (Z85), mode 0600.",
     .vietnamese = "Khóa bí mật CURVE của bộ nối (Z85), quyền 0600."},
    {.name = "signing_key_file",
     .kind = SETTING_PATH,
     FIELD(signing_key_file),
     .english = "Private key that seals messages and receipts (PEM), mode 0600.",
     .vietnamese = "Khóa ký thông điệp và biên nhận (PEM), quyền 0600."},
    {.name = "signing_certificate_file",
     .kind = SETTING_PATH,
     FIELD(signing_certificate_file),
     .english = "Certificate of the signing key (PEM).",
     .vietnamese = "Chứng thư số của khóa ký (PEM)."},
    {.name = "registry_directory",
     .kind = SETTING_PATH,
     FIELD(registry_directory),
     .english = "Folder of the registry's files and of the trust anchors. Read again on SIGHUP.",
     .vietnamese = "Thư mục danh bạ và chứng thư gốc. Đọc lại khi nhận SIGHUP."},
    {.name = "state_directory",
     .kind = SETTING_PATH,
     FIELD(state_directory),
     .english = "Folder of the store, of attachments, and of the local API's port and tokens.",
     .vietnamese = "Thư mục kho lưu trữ, tệp đính kèm, cổng TCP và mã truy cập của API."},
#include "gateway/api/api_settings.def"
    {.name = "office.kind",
     .kind = SETTING_CHOICE,
     FIELD(office.kind),
     .fallback = "inbox",
     .choices = kind_names + 1,
     .english = kinds_english,
     .vietnamese = kinds_vietnamese},
    {.name = "office.url",
     .kind = SETTING_TEXT,
     FIELD(office.url),
     .fallback = "",
     .english = "address that the mapping's paths are appended to.",
     .vietnamese = "địa chỉ gốc của phần mềm cơ quan."},
    {.name = "office.mapping",
     .kind = SETTING_PATH,
     FIELD(office.mapping),
     .fallback = "",
     .english = "jq program of the office's dialect, as vbdlis.jq, provincial.jq.",
     .vietnamese = "tệp ánh xạ (jq), như vbdlis.jq, provincial.jq."},
    {.name = "office.credentials_file",
     .kind = SETTING_PATH,
     FIELD(office.credentials_file),
     .fallback = "",
     .english = "JSON object with the office's credentials, mode 0600. Empty: none.",
     .vietnamese = "tệp JSON chứa thông tin đăng nhập, quyền 0600."},
    {.name = "office.ca_file",
     .kind = SETTING_PATH,
     FIELD(office.ca_file),
     .fallback = "",
     .english = "certificates that the office's TLS is checked with. Empty: the system's.",
     .vietnamese = "chứng thư gốc để kiểm tra TLS. Để trống: của hệ thống."},
    {.name = "office.window",
     .kind = SETTING_INTEGER,
     FIELD(office.window),
     .fallback = "8",
     .min = 1,
     .max = OFFICE_WINDOW_MAX,
     .english = "calls at once.",
     .vietnamese = "số lần gọi đồng thời."},
    {.name = "office.connect_timeout",
     .kind = SETTING_DURATION,
     FIELD(office.connect_timeout_ms),
     .fallback = "5s",
     .min = 100,
     .max = OFFICE_TIMEOUT_MAX_MS,
     .english = "how long a connection may take.",
     .vietnamese = "thời gian chờ kết nối."},
    {.name = "office.timeout",
     .kind = SETTING_DURATION,
     FIELD(office.timeout_ms),
     .fallback = "20s",
     .min = 100,
     .max = OFFICE_TIMEOUT_MAX_MS,
     .english = "how long one request may take in all.",
     .vietnamese = "thời gian tối đa của một yêu cầu."},
    {.name = "log_format",
     .kind = SETTING_CHOICE,
     FIELD(log_format),
     .fallback = "text",
     .choices = "text json",
     .english = "How log lines look.",
     .vietnamese = "Dạng dòng nhật ký."},
    {.name = "attachment_bytes_max",
     .kind = SETTING_SIZE,
     FIELD(attachment_bytes_max),
     .fallback = "100MiB",
     .min = 1024,
     .max = (int64_t)BLOB_BYTES_HARD_MAX,
     .english = "Largest attachment that is taken.",
     .vietnamese = "Dung lượng tệp đính kèm lớn nhất."},
    {.name = "window_messages",
     .kind = SETTING_INTEGER,
     FIELD(window_messages),
     .fallback = "256",
     .min = 1,
     .max = MESSAGE_WINDOW_MAX,
     .english = "How many messages the gateway may have under way to us.",
     .vietnamese = "Số thông điệp cổng được gửi trước khi chờ xác nhận."},
    {.name = "flights_max",
     .kind = SETTING_INTEGER,
     FIELD(flights_max),
     .fallback = "1024",
     .min = 256,
     .max = 65536,
     .english = "Messages under way at once; the rest waits in the store.",
     .vietnamese = "Tổng số thông điệp đang gửi; phần còn lại chờ trong kho."},
    {.name = "workers",
     .kind = SETTING_INTEGER,
     FIELD(workers),
     .fallback = "1",
     .min = 1,
     .max = 4,
     .english = "Threads that verify signatures.",
     .vietnamese = "Số luồng kiểm tra chữ ký."},
    {.name = "store_cache_bytes",
     .kind = SETTING_SIZE,
     FIELD(store_cache_bytes),
     .fallback = "1MiB",
     .min = 65536,
     .max = INT64_C(1) << 30,
     .english = "Page cache of the store.",
     .vietnamese = "Bộ nhớ đệm của kho lưu trữ."},
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
