/* What an operator may set of a carrier. It has no signing key and no store: it carries frames
 * that it cannot read the documents of, so its CURVE key and the registry, which names whom it
 * carries, are all it needs. */
#include "adapters/carrier/carrier_settings.h"

#include "proto/base/key.h"

#define ROW(name, kind, member, ...)                                                               \
    SETTING_ROW(name, kind, struct carrier_settings, member, __VA_ARGS__)

const struct setting carrier_settings_table[CARRIER_SETTINGS_ROWS] = {
    {ROW("carrier", TEXT, carrier, NULL, "Key of this carrier in carriers.csv.",
         "Mã của đường truyền chung này trong carriers.csv.")},
    {ROW("listen", TEXT, listen, "tcp://127.0.0.1:7610",
         "Where the participants' adapters connect. Port 0 takes a free one; see the log.",
         "Địa chỉ chờ các bộ nối. Cổng TCP 0: tự chọn, xem nhật ký."),
     .min = 1, .max = LINK_ENDPOINT_BYTES_MAX},
    {ROW("gateway.participant", TEXT, gateway.participant, "gateway",
         "Participant key of the gateway.", "Mã đơn vị của cổng trong danh bạ.")},
    {ROW("gateway.endpoint", TEXT, gateway.endpoint, "tcp://127.0.0.1:7600",
         "Where the gateway listens. One connection is opened to it, for all participants.",
         "Địa chỉ của cổng. Chỉ mở một kết nối cho tất cả các bên."),
     .min = 1, .max = LINK_ENDPOINT_BYTES_MAX},
    {ROW("gateway.public_key", TEXT, gateway.public_key, "",
         "CURVE public key of the gateway (Z85). Empty: the one in the registry.",
         "Khóa công khai CURVE của cổng (Z85). Để trống: lấy trong danh bạ.")},
    {ROW("curve_secret_file", PATH, curve_secret_file, NULL,
         "CURVE secret key of this carrier (Z85), mode 0600: shown to the gateway, and to "
         "the adapters.",
         "Khóa bí mật CURVE (Z85), quyền 0600: dùng với cả cổng và các bộ nối.")},
    {ROW("registry_directory", PATH, registry_directory, NULL,
         "Folder of the registry's files: who is carried, and their keys. Read again on "
         "SIGHUP.",
         "Thư mục danh bạ: các bên đi chung và khóa của họ. Đọc lại khi nhận SIGHUP.")},
    {ROW("log_format", CHOICE, log_format, "text", "How log lines look.", "Dạng dòng nhật ký."),
     .choices = "text json"},
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
