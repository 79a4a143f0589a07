#include "adapters/carrier/carrier_settings.h"

#include "proto/base/key.h"

#define FIELD(member) SETTING_FIELD(struct carrier_settings, member)

const struct setting carrier_settings_table[CARRIER_SETTINGS_ROWS] = {
    {.name = "carrier",
     .kind = SETTING_TEXT,
     FIELD(carrier),
     .english = "Key of this carrier in carriers.csv.",
     .vietnamese = "Mã của đường truyền chung này trong carriers.csv."},
    {.name = "listen",
     .kind = SETTING_TEXT,
     FIELD(listen),
     .fallback = "tcp://127.0.0.1:7610",
     .min = 1,
     .max = LINK_ENDPOINT_BYTES_MAX,
     .english = "Where the participants' adapters connect. Port 0 takes a free one; see the log.",
     .vietnamese = "Địa chỉ chờ các bộ nối. Cổng TCP 0: tự chọn, xem nhật ký."},
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
     .english = "Where the gateway listens. One connection is opened to it, for all participants.",
     .vietnamese = "Địa chỉ của cổng. Chỉ mở một kết nối cho tất cả các bên."},
    {.name = "gateway.public_key",
     .kind = SETTING_TEXT,
     FIELD(gateway.public_key),
     .fallback = "",
     .english = "CURVE public key of the gateway (Z85). Empty: the one in the registry.",
     .vietnamese = "Khóa công khai CURVE của cổng (Z85). Để trống: lấy trong danh bạ."},
    {.name = "curve_secret_file",
     .kind = SETTING_PATH,
     FIELD(curve_secret_file),
     .english = "CURVE secret key of this carrier (Z85), mode 0600: shown to the gateway, and to "
                "the adapters.",
     .vietnamese = "Khóa bí mật CURVE (Z85), quyền 0600: dùng với cả cổng và các bộ nối."},
    {.name = "registry_directory",
     .kind = SETTING_PATH,
     FIELD(registry_directory),
     .english = "Folder of the registry's files: who is carried, and their keys. Read again on "
                "SIGHUP.",
     .vietnamese = "Thư mục danh bạ: các bên đi chung và khóa của họ. Đọc lại khi nhận SIGHUP."},
    {.name = "log_format",
     .kind = SETTING_CHOICE,
     FIELD(log_format),
     .fallback = "text",
     .choices = "text json",
     .english = "How log lines look.",
     .vietnamese = "Dạng dòng nhật ký."},
};

static bool is_key(const char *text)
{
    struct key key;
    return key_parse(bytes_of_text(text), &key);
}

const char *carrier_settings_fault(const struct carrier_settings *settings)
{
    struct curve_key key;
    if (!is_key(settings->carrier))
        return "carrier";
    if (!is_key(settings->gateway.participant))
        return "gateway.participant";
    if (settings->gateway.public_key[0] != 0 &&
        !curve_key_parse(bytes_of_text(settings->gateway.public_key), &key))
        return "gateway.public_key";
    return NULL;
}
