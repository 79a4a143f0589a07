#include "tests/standins/portal/portal_fields.h"

#include <string.h>

#include "tests/standins/portal/portal_rules.h"

enum {
    NAME = 500,
    LONG_TEXT = 1000,
    OFFICER = 50,
    FILE_NAME = 4000,
    ADDRESS = 2000,
    LIST = 200, /* papers, fees, supplements of one dossier */
};

#define STATES       "1 2 3 4 5 6 7 8 9 10"
#define YES_NO       "0 1"
#define COUNT(rules) (sizeof(rules) / sizeof *(rules))
#define TABLE(rules)                                                                               \
    {                                                                                              \
        rules, COUNT(rules)                                                                        \
    }

/* ---- transitions -------------------------------------------------------------------------- */

bool portal_may_go(enum portal_state from, enum portal_state to)
{
    static const uint16_t next[] = {
        [PORTAL_NONE] = ALWAYS & ~IN_STATE(0),
        [PORTAL_REGISTERED] = IN_STATE(2) | IN_STATE(3) | IN_STATE(5) | IN_STATE(7),
        [PORTAL_RECEIVED] = IN_STATE(4) | IN_STATE(7),
        [PORTAL_PROCESSING] =
            IN_STATE(4) | IN_STATE(5) | IN_STATE(6) | IN_STATE(7) | IN_STATE(8) | IN_STATE(9),
        [PORTAL_SUPPLEMENT] = IN_STATE(4) | IN_STATE(7) | IN_STATE(8),
        [PORTAL_FINANCE] = IN_STATE(4) | IN_STATE(7) | IN_STATE(8) | IN_STATE(9),
        [PORTAL_DONE] = IN_STATE(10) | IN_STATE(4),
        [PORTAL_RETURNED] = 0,
    };
    return from == to || (from < COUNT(next) && to >= PORTAL_REGISTERED && to <= PORTAL_RETURNED &&
                          (next[from] >> to & 1U) != 0);
}

/* ---- the provincial interface ------------------------------------------------------------- */

static const struct field_rule owner_identity_rules[] = {
    {"LoaiDinhDanh", FIELD_CODE, 0, ALWAYS, "1 2", NULL},
    {"SoDinhDanh", FIELD_TEXT, 12, ALWAYS, NULL, NULL},
};
static const struct field_table owner_identity = TABLE(owner_identity_rules);

static const struct field_rule database_rules[] = {
    {"MaCSDL", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
};
static const struct field_table database = TABLE(database_rules);

static const struct field_rule paper_rules[] = {
    {"TepDinhKemId", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"TenTepDinhKem", FIELD_TEXT, FILE_NAME, ALWAYS, NULL, NULL},
    {"IsDeleted", FIELD_CODE, 0, NEVER, "0 1 True False", NULL},
    {"MaThanhPhanHoSo", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"DuongDanTaiTepTin", FIELD_ADDRESS, ADDRESS, ALWAYS, NULL, NULL},
    {"DuocSoHoa", FIELD_CODE, 0, NEVER, YES_NO, NULL},
    {"DuocTaiSuDung", FIELD_CODE, 0, NEVER, YES_NO, NULL},
    {"DuocLayTuKhoDMQG", FIELD_CODE, 0, NEVER, YES_NO, NULL},
    {"MaKetQuaThayThe", FIELD_TEXT, NAME, NEVER, NULL, NULL},
};
static const struct field_table paper = TABLE(paper_rules);

static const struct field_rule fee_rules[] = {
    {"TenPhiLePhi", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"MaPhiLePhi", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"HinhThucThu", FIELD_NUMBER, 0, NEVER, "1 2 3 4", NULL},
    {"Gia", FIELD_AMOUNT, 0, ALWAYS, NULL, NULL},
    {"LoaiPhiLePhi", FIELD_NUMBER, 0, NEVER, "1 2", NULL},
};
static const struct field_table fee = TABLE(fee_rules);

static const struct field_rule other_paper_rules[] = {
    {"TenGiayTo", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"SoLuong", FIELD_AMOUNT, 0, ALWAYS, NULL, NULL},
    {"LoaiGiayTo", FIELD_TEXT, NAME, NEVER, NULL, NULL},
};
static const struct field_table other_paper = TABLE(other_paper_rules);

static const struct field_rule supplement_rules[] = {
    {"HoSoBoSungId", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"NguoiYeuCauBoSung", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"NoiDungBoSung", FIELD_TEXT, LONG_TEXT, ALWAYS, NULL, NULL},
    {"NgayBoSung", FIELD_DATE, 0, ALWAYS, NULL, NULL},
    {"NguoiTiepNhanBoSung", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"ThongTinTiepNhan", FIELD_TEXT, LONG_TEXT, NEVER, NULL, NULL},
    {"NgayTiepNhanBoSung", FIELD_DATE, 0, NEVER, NULL, NULL},
    {"TrangThaiBoSung", FIELD_NUMBER, 0, NEVER, "0 1 2", NULL},
    {"DanhSachGiayToBoSung", FIELD_LIST, LIST, NEVER, NULL, &other_paper},
    {"DanhSachLePhiBoSung", FIELD_LIST, LIST, NEVER, NULL, &fee},
    {"NgayHenTraTruoc", FIELD_DATE, 0, NEVER, NULL, NULL},
    {"NgayHenTraMoi", FIELD_DATE, 0, NEVER, NULL, NULL},
};
static const struct field_table supplement = TABLE(supplement_rules);

static const struct field_rule result_paper_rules[] = {
    {"TenGiayTo", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"MaThanhPhanHoSo", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"GiayToId", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"DuongDanTepTinKetQua", FIELD_ADDRESS, ADDRESS, ALWAYS, NULL, NULL},
    {"MaGiayToKetQua", FIELD_TEXT, NAME, NEVER, NULL, NULL},
};
static const struct field_table result_paper = TABLE(result_paper_rules);

/* A date of appointment stands on the receipt, form 01: every state behind reception has one. */
enum {
    AFTER_RECEPTION = IN_STATE(2) | IN_STATE(4) | IN_STATE(5) | IN_STATE(6) | IN_STATE(8) |
                      IN_STATE(9) | IN_STATE(10),
    RECEIVED_ONCE = AFTER_RECEPTION | IN_STATE(7),
    WORK_ENDED = IN_STATE(9) | IN_STATE(10),
};

static const struct field_rule record_rules[] = {
    {"MaHoSo", FIELD_TEXT, PORTAL_CODE_CHARACTERS, ALWAYS, NULL, NULL},
    {"MaTTHC", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"TenTTHC", FIELD_TEXT, LONG_TEXT, ALWAYS, NULL, NULL},
    {"MaLinhVuc", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"TenLinhVuc", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"KenhThucHien", FIELD_CODE, 0, ALWAYS, "1 2 3", NULL},
    {"SoGiayToChuHoSo", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"ChuHoSo", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"LoaiDoiTuong", FIELD_CODE, 0, ALWAYS, "1 2 3 4", NULL},
    {"MaDoiTuong", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"ThongTinKhac", FIELD_TEXT, LONG_TEXT, NEVER, NULL, NULL},
    {"Email", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"Fax", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"SoDienThoai", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"TrichYeuHoSo", FIELD_TEXT, LONG_TEXT, ALWAYS, NULL, NULL},
    {"NgayTiepNhan", FIELD_DATE, 0, RECEIVED_ONCE, NULL, NULL},
    {"NgayHenTra", FIELD_DATE, 0, AFTER_RECEPTION, NULL, NULL},
    {"TrangThaiHoSo", FIELD_CODE, 0, ALWAYS, STATES, NULL},
    {"NgayTra", FIELD_DATE, 0, IN_STATE(10), NULL, NULL},
    {"ThongTinTra", FIELD_TEXT, LONG_TEXT, NEVER, NULL, NULL},
    {"HinhThuc", FIELD_CODE, 0, NEVER, YES_NO, NULL},
    {"NgayKetThucXuLy", FIELD_DATE, 0, WORK_ENDED, NULL, NULL},
    {"DonViXuLy", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"GhiChu", FIELD_TEXT, LONG_TEXT, NEVER, NULL, NULL},
    {"NoiNopHoSo", FIELD_CODE, 0, ALWAYS, "1 2", NULL},
    {"HoSoCoThanhPhanSoHoa", FIELD_CODE, 0, ALWAYS, YES_NO, NULL},
    {"TaiKhoanDuocXacThucVoiVNeID", FIELD_CODE, 0, ALWAYS, YES_NO, NULL},
    {"DuocThanhToanTrucTuyen", FIELD_CODE, 0, ALWAYS, "0 1 2 3", NULL},
    {"NgayTuChoi", FIELD_DATE, 0, IN_STATE(3), NULL, NULL},
    {"NgayNopHoSo", FIELD_DATE, 0, NEVER, NULL, NULL},
    {"DinhDanhCHS", FIELD_OBJECT, 0, NEVER, NULL, &owner_identity},
    {"DSKetNoiCSDL", FIELD_LIST, LIST, NEVER, NULL, &database},
    {"TaiLieuNop", FIELD_LIST, LIST, ALWAYS, NULL, &paper},
    {"DanhSachLePhi", FIELD_LIST, LIST, NEVER, NULL, &fee},
    {"DanhSachTepDinhKemKhac", FIELD_LIST, LIST, NEVER, NULL, &other_paper},
    {"DanhSachHoSoBoSung", FIELD_LIST, LIST, NEVER, NULL, &supplement},
    {"DanhSachGiayToKetQua", FIELD_LIST, LIST, NEVER, NULL, &result_paper},
};
static const struct field_table record = TABLE(record_rules);

static const struct field_rule progress_rules[] = {
    {"MaHoSo", FIELD_TEXT, PORTAL_CODE_CHARACTERS, ALWAYS, NULL, NULL},
    {"NguoiXuLy", FIELD_TEXT, OFFICER, ALWAYS, NULL, NULL},
    {"ChucDanh", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"ThoiDiemXuLy", FIELD_DATE, 0, ALWAYS, NULL, NULL},
    {"PhongBanXuLy", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"NoiDungXuLy", FIELD_TEXT, LONG_TEXT, ALWAYS, NULL, NULL},
    {"TrangThai", FIELD_CODE, 0, ALWAYS, STATES, NULL},
    {"NgayBatDau", FIELD_DATE, 0, NEVER, NULL, NULL},
    {"NgayKetThucTheoQuyDinh", FIELD_DATE, 0, NEVER, NULL, NULL},
};
static const struct field_table progress = TABLE(progress_rules);

/* A citizen's number has 12 digits, an old identity card's 9. */
static bool identity_is_faulty(const json_t *identity, struct portal_fault *ret_fault)
{
    const char *number = portal_text(identity, "SoDinhDanh");
    size_t wanted = portal_code(identity, "LoaiDinhDanh") == 1 ? 12 : 9;
    bool good = strlen(number) == wanted && strspn(number, "0123456789") == wanted;
    return !good && fault_at(ret_fault, "SoDinhDanh");
}

bool portal_record_is_faulty(const json_t *entry, struct portal_fault *ret_fault)
{
    enum { ONLINE = 2 };
    int state = portal_code(entry, "TrangThaiHoSo");
    const json_t *identity = json_object_get(entry, "DinhDanhCHS");
    bool is_online = portal_code(entry, "KenhThucHien") == ONLINE;
    if (entry_is_faulty(&record, entry, state < 0 || state > PORTAL_RETURNED ? 0 : state,
                        ret_fault))
        return true;
    if (!is_online && portal_text(entry, "MaDoiTuong")[0] != 0)
        return fault_at(ret_fault, "MaDoiTuong");
    if (is_online && portal_text(entry, "NgayNopHoSo")[0] == 0)
        return fault_at(ret_fault, "NgayNopHoSo");
    return identity != NULL && identity_is_faulty(identity, ret_fault);
}

bool portal_progress_is_faulty(const json_t *entry, struct portal_fault *ret_fault)
{
    return entry_is_faulty(&progress, entry, 0, ret_fault);
}

/* ---- the ministries' interface ------------------------------------------------------------ */

static const struct field_rule attached_rules[] = {
    {"IdGiayTo", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"MaKetQua", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"TenGiayTo", FIELD_TEXT, FILE_NAME, ALWAYS, NULL, NULL},
    {"HashTepTin", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
};
static const struct field_table attached = TABLE(attached_rules);

static const struct field_rule component_rules[] = {
    {"MaThanhPhanHoSo", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"TenThanhPhanHoSo", FIELD_TEXT, LONG_TEXT, ALWAYS, NULL, NULL},
    {"SoLuong", FIELD_AMOUNT, 0, ALWAYS, NULL, NULL},
    {"LoaiBan", FIELD_NUMBER, 0, ALWAYS, "0 1 2", NULL},
    {"GiayToDinhKem", FIELD_LIST, LIST, NEVER, NULL, &attached},
};
static const struct field_table component = TABLE(component_rules);

static const struct field_rule applicant_detail_rules[] = {
    {"TenNguoiNop", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"SoDinhDanh", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"NgayCapDinhDanh", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"NgaySinh", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"SoDienThoai", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"Email", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"Fax", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"MaTinh", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"MaHuyen", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"MaXa", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"DiaChiChiTiet", FIELD_TEXT, LONG_TEXT, NEVER, NULL, NULL},
    {"TenChuHs", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"SoDinhDanhChuHs", FIELD_TEXT, NAME, NEVER, NULL, NULL},
};
static const struct field_table applicant_detail = TABLE(applicant_detail_rules);

static const struct field_rule applicant_rules[] = {
    {"LoaiDoiTuong", FIELD_NUMBER, 0, ALWAYS, "0 1 2", NULL},
    {"IdDoiTuong", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"ThongTinChiTiet", FIELD_OBJECT, 0, ALWAYS, NULL, &applicant_detail},
};
static const struct field_table applicant = TABLE(applicant_rules);

static const struct field_rule ministry_dossier_rules[] = {
    {"MaHoSo", FIELD_TEXT, PORTAL_CODE_CHARACTERS, ALWAYS, NULL, NULL},
    {"MaTTHC", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"MaDichVuCong", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"ChuHoSo", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"LoaiDoiTuong", FIELD_NUMBER, 0, ALWAYS, "0 1 2", NULL},
    {"MaDonViTiepNhan", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"NgayNop", FIELD_MOMENT, 0, ALWAYS, NULL, NULL},
    {"NgayTiepNhan", FIELD_MOMENT, 0, NEVER, NULL, NULL},
    {"EformThongTinChiTiet", FIELD_ANYTHING, 0, NEVER, NULL, NULL},
    {"ThanhPhanHoSo", FIELD_LIST, LIST, ALWAYS, NULL, &component},
    {"ThongTinNguoiNop", FIELD_OBJECT, 0, ALWAYS, NULL, &applicant},
};
static const struct field_table ministry_dossier = TABLE(ministry_dossier_rules);

static const struct field_rule ministry_progress_rules[] = {
    {"IDHoSo", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"MaHoSo", FIELD_TEXT, PORTAL_CODE_CHARACTERS, ALWAYS, NULL, NULL},
    {"NguoiXuLy", FIELD_TEXT, OFFICER, ALWAYS, NULL, NULL},
    {"ThoiDiemXuLy", FIELD_MOMENT, 0, ALWAYS, NULL, NULL},
    {"PhongBanXuLy", FIELD_TEXT, NAME, NEVER, NULL, NULL},
    {"NoiDungXuLy", FIELD_TEXT, LONG_TEXT, ALWAYS, NULL, NULL},
    {"TrangThai", FIELD_NUMBER, 0, ALWAYS, STATES, NULL},
    {"NgayBatDau", FIELD_MOMENT, 0, NEVER, NULL, NULL},
    {"NgayKetThucTheoQuyDinh", FIELD_MOMENT, 0, NEVER, NULL, NULL},
};
static const struct field_table ministry_progress = TABLE(ministry_progress_rules);

static const struct field_rule ministry_fee_rules[] = {
    {"TenPhiLePhi", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"MaPhiLePhi", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"HinhThucThu", FIELD_NUMBER, 0, ALWAYS, "1 2 4", NULL},
    {"Gia", FIELD_AMOUNT, 0, ALWAYS, NULL, NULL},
    {"LoaiPhiLePhi", FIELD_NUMBER, 0, NEVER, "1 2", NULL},
};
static const struct field_table ministry_fee = TABLE(ministry_fee_rules);

static const struct field_rule ministry_state_rules[] = {
    {"IdHoSo", FIELD_TEXT, NAME, ALWAYS, NULL, NULL},
    {"MaHoSo", FIELD_TEXT, PORTAL_CODE_CHARACTERS, ALWAYS, NULL, NULL},
    {"TrangThai", FIELD_NUMBER, 0, ALWAYS, STATES, NULL},
    {"NoiDungYKien", FIELD_TEXT, LONG_TEXT, NEVER, NULL, NULL},
    {"DanhSachLePhi", FIELD_LIST, LIST, NEVER, NULL, &ministry_fee},
};
static const struct field_table ministry_state = TABLE(ministry_state_rules);

bool ministry_dossier_is_faulty(const json_t *entry, struct portal_fault *ret_fault)
{
    return entry_is_faulty(&ministry_dossier, entry, 0, ret_fault);
}

bool ministry_progress_is_faulty(const json_t *entry, struct portal_fault *ret_fault)
{
    return entry_is_faulty(&ministry_progress, entry, 0, ret_fault);
}

bool ministry_state_is_faulty(const json_t *entry, struct portal_fault *ret_fault)
{
    int state = portal_code(entry, "TrangThai");
    bool may_have_fees =
        state == PORTAL_SUPPLEMENT || state == PORTAL_FINANCE || state == PORTAL_DONE;
    if (entry_is_faulty(&ministry_state, entry, 0, ret_fault))
        return true;
    return !may_have_fees && json_array_size(json_object_get(entry, "DanhSachLePhi")) > 0 &&
           fault_at(ret_fault, "DanhSachLePhi");
}
