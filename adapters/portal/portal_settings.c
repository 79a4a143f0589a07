#include "adapters/portal/portal_settings.h"

#include "adapters/http/http_client.h"
#include "adapters/portal/portal_office.h"

#define FIELD(member) SETTING_FIELD(struct portal_settings, member)

const struct setting portal_settings_table[PORTAL_SETTINGS_ROWS] = {
    {.name = "portal.unit",
     .kind = SETTING_TEXT,
     FIELD(unit),
     .fallback = "",
     .english = "portal: the province's own code (madonvi).",
     .vietnamese = "portal: mã đơn vị (madonvi)."},
    {.name = "portal.dstcode",
     .kind = SETTING_TEXT,
     FIELD(dstcode),
     .fallback = "",
     .english = "portal: destination code for the platform between (header dstcode).",
     .vietnamese = "portal: mã đích trên nền tảng kết nối (dstcode)."},
    {.name = "portal.auth_path",
     .kind = SETTING_TEXT,
     FIELD(auth_path),
     .fallback = "/auth/login",
     .english = "portal: path of the login.",
     .vietnamese = "portal: đường dẫn đăng nhập."},
    {.name = "portal.integration_path",
     .kind = SETTING_TEXT,
     FIELD(integration_path),
     .fallback = "/integration",
     .english = "portal: path of the services.",
     .vietnamese = "portal: đường dẫn dịch vụ."},
    {.name = "portal.headers",
     .kind = SETTING_TEXT,
     FIELD(headers),
     .fallback = "",
     .english =
         "portal: headers for a security server, \"X-Road-Client: VN/GOV/1/2 | Name: value\".",
     .vietnamese = "portal: các header cho máy chủ bảo mật, cách nhau bằng |."},
    {.name = "portal.files_url",
     .kind = SETTING_TEXT,
     FIELD(files_url),
     .fallback = "",
     .english = "portal: address at which the portal fetches files. Empty: the local API's own.",
     .vietnamese = "portal: địa chỉ để Cổng DVCQG tải tệp. Để trống: API của bộ nối."},
    {.name = "portal.maintenance",
     .kind = SETTING_TEXT,
     FIELD(maintenance),
     .fallback = "",
     .english =
         "portal: when nothing is sent, every day, Vietnam's time: \"22:00-23:30 02:00-02:15\".",
     .vietnamese = "portal: giờ bảo trì hằng ngày, ví dụ 22:00-23:30."},
    {.name = "portal.batch",
     .kind = SETTING_INTEGER,
     FIELD(batch),
     .fallback = "50",
     .min = 1,
     .max = PORTAL_RECORDS_MAX,
     .english = "portal: dossiers in one request. 1: the portal takes them one by one.",
     .vietnamese = "portal: số hồ sơ trong một yêu cầu."},
    {.name = "portal.requests",
     .kind = SETTING_INTEGER,
     FIELD(requests),
     .fallback = "4",
     .min = 1,
     .max = HTTP_REQUESTS_MAX,
     .english = "portal: requests at once.",
     .vietnamese = "portal: số yêu cầu đồng thời."},
    {.name = "portal.keep_days",
     .kind = SETTING_INTEGER,
     FIELD(keep_days),
     .fallback = "730",
     .min = 0,
     .max = 36500,
     .english =
         "portal: days after which the messages of a dossier go that has ended and was found "
         "equal. 0: never.",
     .vietnamese =
         "portal: số ngày giữ thông điệp của hồ sơ đã kết thúc và đối soát khớp. 0: giữ mãi."},
    {.name = "portal.repair_missing",
     .kind = SETTING_BOOLEAN,
     FIELD(repair_missing),
     .fallback = "true",
     .english = "portal: a reconciliation tells again what the portal does not have.",
     .vietnamese = "portal: đối soát tự gửi lại hồ sơ còn thiếu."},
    {.name = "portal.repair_state",
     .kind = SETTING_BOOLEAN,
     FIELD(repair_state),
     .fallback = "true",
     .english = "portal: and tells again the states that the portal is behind by.",
     .vietnamese = "portal: đối soát tự gửi lại trạng thái còn thiếu."},
    {.name = "portal.repair_time",
     .kind = SETTING_BOOLEAN,
     FIELD(repair_time),
     .fallback = "true",
     .english = "portal: and corrects dates that differ.",
     .vietnamese = "portal: đối soát tự sửa ngày bị lệch."},
};

_Static_assert(sizeof(struct portal_settings) <= KIND_SETTINGS_BYTES_MAX, "kind.h");

const char *portal_settings_fault(const void *own)
{
    const struct portal_settings *settings = own;
    struct portal_windows windows;
    return portal_windows_parse(settings->maintenance, &windows) ? NULL : "portal.maintenance";
}
