/* What an operator may set of the kind "portal". Paths and codes are settings because the
 * interface is to be replaced (decree 278/2025/NĐ-CP) and provinces stand behind different
 * platforms; what the words mean is the mapping's. */
#include "adapters/portal/portal_settings.h"

#include "adapters/http/http_client.h"
#include "adapters/portal/portal_office.h"

#define ROW(name, kind, member, ...)                                                               \
    SETTING_ROW(name, kind, struct portal_settings, member, __VA_ARGS__)

const struct setting portal_settings_table[PORTAL_SETTINGS_ROWS] = {
    {ROW("portal.unit", TEXT, unit, "", "portal: the province's own code (madonvi).",
         "portal: mã đơn vị (madonvi).")},
    {ROW("portal.dstcode", TEXT, dstcode, "",
         "portal: destination code for the platform between (header dstcode).",
         "portal: mã đích trên nền tảng kết nối (dstcode).")},
    {ROW("portal.auth_path", TEXT, auth_path, "/auth/login", "portal: path of the login.",
         "portal: đường dẫn đăng nhập.")},
    {ROW("portal.integration_path", TEXT, integration_path, "/integration",
         "portal: path of the services.", "portal: đường dẫn dịch vụ.")},
    {ROW("portal.headers", TEXT, headers, "",
         "portal: headers for a security server, \"X-Road-Client: VN/GOV/1/2 | Name: value\".",
         "portal: các header cho máy chủ bảo mật, cách nhau bằng |.")},
    {ROW("portal.files_url", TEXT, files_url, "",
         "portal: address at which the portal fetches files. Empty: the local API's own.",
         "portal: địa chỉ để Cổng DVCQG tải tệp. Để trống: API của bộ nối.")},
    {ROW("portal.maintenance", TEXT, maintenance, "",
         "portal: when nothing is sent, every day, Vietnam's time: \"22:00-23:30 02:00-02:15\".",
         "portal: giờ bảo trì hằng ngày, ví dụ 22:00-23:30.")},
    {ROW("portal.batch", INTEGER, batch, "50",
         "portal: dossiers in one request. 1: the portal takes them one by one.",
         "portal: số hồ sơ trong một yêu cầu."),
     .min = 1, .max = PORTAL_RECORDS_MAX},
    {ROW("portal.requests", INTEGER, requests, "4", "portal: requests at once.",
         "portal: số yêu cầu đồng thời."),
     .min = 1, .max = HTTP_REQUESTS_MAX},
    {ROW("portal.keep_days", INTEGER, keep_days, "730",
         "portal: days after which the messages of a dossier go that has ended and was found "
         "equal. 0: never.",
         "portal: số ngày giữ thông điệp của hồ sơ đã kết thúc và đối soát khớp. 0: giữ mãi."),
     .min = 0, .max = 36500},
    {ROW("portal.repair_missing", BOOLEAN, repair_missing, "true",
         "portal: a reconciliation tells again what the portal does not have.",
         "portal: đối soát tự gửi lại hồ sơ còn thiếu.")},
    {ROW("portal.repair_state", BOOLEAN, repair_state, "true",
         "portal: and tells again the states that the portal is behind by.",
         "portal: đối soát tự gửi lại trạng thái còn thiếu.")},
    {ROW("portal.repair_time", BOOLEAN, repair_time, "true",
         "portal: and corrects dates that differ.", "portal: đối soát tự sửa ngày bị lệch.")},
};

_Static_assert(sizeof(struct portal_settings) <= KIND_SETTINGS_BYTES_MAX, "kind.h");

const char *portal_settings_fault(const void *own)
{
    const struct portal_settings *settings = own;
    struct portal_windows windows;
    return portal_windows_parse(settings->maintenance, &windows) ? NULL : "portal.maintenance";
}
