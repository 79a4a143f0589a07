/* What an operator may set of the gateway. Each row is documented in both languages, because
 * `--help-settings` and the manual are made of this table and of nothing else. Bounds of memory
 * follow from these numbers: broker_memory_bytes takes all of it at the start, and a value that is
 * too large fails there and not in the night. */
#include "gateway/shell/gateway_settings.h"

#include "proto/base/limits.h"

#define API_PORT_FALLBACK "-1"
#define ROW(name, kind, member, ...)                                                               \
    SETTING_ROW(name, kind, struct gateway_settings, member, __VA_ARGS__)

const struct setting gateway_settings_table[GATEWAY_SETTINGS_ROWS] = {
    {ROW("participant", TEXT, participant, "gateway",
         "Participant key of this gateway in the registry.",
         "Mã đơn vị của cổng này trong danh bạ.")},
    {ROW("listen", TEXT, listen, "tcp://127.0.0.1:7600",
         "Where adapters connect. Port 0 takes a free one; it is written to "
         "STATE/endpoint.",
         "Địa chỉ nhận kết nối. Cổng TCP 0: tự chọn, ghi vào tệp STATE/endpoint.")},
    {ROW("curve_secret_file", PATH, curve_secret_file, NULL,
         "CURVE secret key of this gateway (Z85), mode 0600.",
         "Khóa bí mật CURVE của cổng (Z85), quyền 0600.")},
    {ROW("signing_key_file", PATH, signing_key_file, NULL,
         "Private key that seals receipts and ledger heads (PEM), mode 0600.",
         "Khóa ký biên nhận và sổ chứng cứ (PEM), quyền 0600.")},
    {ROW("signing_certificate_file", PATH, signing_certificate_file, NULL,
         "Certificate of the signing key (PEM).", "Chứng thư số của khóa ký (PEM).")},
    {ROW("registry_directory", PATH, registry_directory, NULL,
         "Folder of the registry's files and of the trust anchors. Read again on SIGHUP.",
         "Thư mục danh bạ và chứng thư gốc. Đọc lại khi nhận SIGHUP.")},
    {ROW("state_directory", PATH, state_directory, NULL,
         "Folder of the store and of the attachments.", "Thư mục kho lưu trữ và tệp đính kèm.")},
#include "gateway/api/api_settings.def"
    {ROW("log_format", CHOICE, log_format, "text", "How log lines look.", "Dạng dòng nhật ký."),
     .choices = "text json"},
    {ROW("attachment_bytes_max", SIZE, attachment_bytes_max, "100MiB",
         "Largest attachment that is taken.", "Dung lượng tệp đính kèm lớn nhất."),
     .min = 1024, .max = (int64_t)BLOB_BYTES_HARD_MAX},
    {ROW("window_messages", INTEGER, window_messages, "1024",
         "How many messages one adapter may have under way to us.",
         "Số thông điệp mỗi bên được gửi trước khi chờ xác nhận."),
     .min = 1, .max = MESSAGE_WINDOW_MAX},
    {ROW("workers", INTEGER, workers, "2", "Threads that verify signatures.",
         "Số luồng kiểm tra chữ ký."),
     .min = 1, .max = 16},
    {ROW("flights_max", INTEGER, flights_max, "32768",
         "Messages under way to all destinations together; the rest waits in the store.",
         "Tổng số thông điệp đang gửi; phần còn lại chờ trong kho."),
     .min = 256, .max = 1048576},
    {ROW("participants_max", INTEGER, participants_max, "4096",
         "Participants that memory is kept for.", "Số bên tham gia tối đa."),
     .min = 2, .max = PARTICIPANTS_MAX},
    {ROW("store_cache_bytes", SIZE, store_cache_bytes, "8MiB", "Page cache of the store.",
         "Bộ nhớ đệm của kho."),
     .min = 1024 * 1024, .max = 1024 * 1024 * 1024},
    {ROW("batch_delay_ms", INTEGER, batch_delay_ms, "0",
         "How long a commit waits for more messages to share its signature, when the disk is "
         "idle. While the disk writes they are gathered anyway.",
         "Thời gian chờ gom thông điệp vào một lần ghi khi đĩa rỗi (mili giây)."),
     .min = 0, .max = 100},
};
