/* The portal's stand-in is strict: a good record passes, and one fault at a time is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/standins/portal/portal_fields.h"

static const char good_record[] =
    "{'MaHoSo':'H38.09-261124-0001','MaTTHC':'1.011441','TenTTHC':'Thủ tục mẫu',"
    "'MaLinhVuc':'LV-01','TenLinhVuc':'Lĩnh vực mẫu','KenhThucHien':'1','ChuHoSo':'Người Mẫu',"
    "'LoaiDoiTuong':'1','TrichYeuHoSo':'Hồ sơ mẫu','NgayTiepNhan':'20261124080000',"
    "'NgayHenTra':'20261130170000','TrangThaiHoSo':'2','DonViXuLy':'Cơ quan mẫu',"
    "'NoiNopHoSo':'2','HoSoCoThanhPhanSoHoa':'0','TaiKhoanDuocXacThucVoiVNeID':'0',"
    "'DuocThanhToanTrucTuyen':'0','TaiLieuNop':[]}";
static const char good_progress[] =
    "{'MaHoSo':'H38.09-261124-0001','NguoiXuLy':'Cán bộ','ThoiDiemXuLy':'20261124093000',"
    "'NoiDungXuLy':'Đã phân công','TrangThai':'4'}";
static const char good_dossier[] =
    "{'MaHoSo':'G09.20-20260609-0092637','MaTTHC':'1.011441','ChuHoSo':'Người Mẫu',"
    "'LoaiDoiTuong':0,'MaDonViTiepNhan':'G09.20','NgayNop':'2026-06-09T08:00:00+07:00',"
    "'ThanhPhanHoSo':[],'ThongTinNguoiNop':{'LoaiDoiTuong':'0',"
    "'ThongTinChiTiet':{'TenNguoiNop':'Người Mẫu'}}}";
static const char good_state[] = "{'IdHoSo':'1','MaHoSo':'G09.20-20260609-0092637','TrangThai':4}";

typedef bool checker(const json_t *entry, struct portal_fault *ret_fault);

/* JSON with ' for ", so that it can be read here. */
static json_t *parse(const char *text)
{
    char json[2048];
    size_t size = strlen(text);
    assert_true(size < sizeof json);
    for (size_t i = 0; i <= size; i++)
        json[i] = (char)(text[i] == '\'' ? '"' : text[i]);
    json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    return value;
}

static void assert_good(checker *is_faulty, const char *base, const char *changes)
{
    struct portal_fault fault = {""};
    json_t *entry = parse(base);
    json_t *more = parse(changes);
    assert_int_equal(json_object_update(entry, more), 0);
    if (is_faulty(entry, &fault))
        fail_msg("%s is refused in %s", fault.field, changes);
    json_decref(more);
    json_decref(entry);
}

/* The field's value, as JSON; NULL: the field is left out. */
static void assert_faulty(checker *is_faulty, const char *base, const char *field,
                          const char *value)
{
    struct portal_fault fault = {""};
    json_t *entry = parse(base);
    if (value == NULL)
        assert_int_equal(json_object_del(entry, field), 0);
    else
        assert_int_equal(json_object_set_new(entry, field, parse(value)), 0);
    if (!is_faulty(entry, &fault))
        fail_msg("%s = %s passes", field, value == NULL ? "(left out)" : value);
    assert_string_equal(fault.field, field);
    json_decref(entry);
}

static void test_good_entries(void **state)
{
    (void)state;
    assert_good(portal_record_is_faulty, good_record, "{}");
    assert_good(portal_progress_is_faulty, good_progress, "{}");
    assert_good(ministry_dossier_is_faulty, good_dossier, "{}");
    assert_good(ministry_state_is_faulty, good_state, "{}");
    assert_good(portal_record_is_faulty, good_record,
                "{'DinhDanhCHS':{'LoaiDinhDanh':'1','SoDinhDanh':'000000000000'},'Email':'',"
                "'DanhSachLePhi':[{'TenPhiLePhi':'Lệ phí','MaPhiLePhi':'LP','Gia':'50000',"
                "'HinhThucThu':1}],'DSKetNoiCSDL':[{'MaCSDL':'CSDLDC'}]}");
    assert_good(portal_record_is_faulty, good_record,
                "{'KenhThucHien':'2','NgayNopHoSo':'20261124075900','MaDoiTuong':'T-1'}");
}

static void test_required_fields(void **state)
{
    (void)state;
    static const char *const record[] = {
        "MaHoSo",       "MaTTHC",        "TenTTHC",    "MaLinhVuc",    "TenLinhVuc",
        "KenhThucHien", "ChuHoSo",       "DonViXuLy",  "LoaiDoiTuong", "TrichYeuHoSo",
        "NgayTiepNhan", "TrangThaiHoSo", "NoiNopHoSo", "NgayHenTra",   "TaiLieuNop"};
    static const char *const progress[] = {"MaHoSo", "NguoiXuLy", "ThoiDiemXuLy", "NoiDungXuLy",
                                           "TrangThai"};
    for (size_t i = 0; i < sizeof record / sizeof *record; i++) {
        assert_faulty(portal_record_is_faulty, good_record, record[i], NULL);
        assert_faulty(portal_record_is_faulty, good_record, record[i], "''");
    }
    for (size_t i = 0; i < sizeof progress / sizeof *progress; i++)
        assert_faulty(portal_progress_is_faulty, good_progress, progress[i], NULL);
}

/* What a state must bring: the end of the work, the hand-over, the refusal. */
static void test_fields_required_by_state(void **state)
{
    (void)state;
    struct portal_fault fault;
    static const struct {
        const char *state, *field;
    } cases[] = {{"'9'", "NgayKetThucXuLy"}, {"'3'", "NgayTuChoi"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *entry = parse(good_record);
        json_object_set_new(entry, "TrangThaiHoSo", parse(cases[i].state));
        assert_true(portal_record_is_faulty(entry, &fault));
        assert_string_equal(fault.field, cases[i].field);
        json_decref(entry);
    }
    assert_good(portal_record_is_faulty, good_record,
                "{'TrangThaiHoSo':'10','NgayKetThucXuLy':'20261130160000',"
                "'NgayTra':'20261130163000'}");
    assert_faulty(portal_record_is_faulty, good_record, "TrangThaiHoSo", "'11'");
    assert_faulty(portal_record_is_faulty, good_record, "TrangThaiHoSo", "'0'");
}

static void test_types_and_enumerations(void **state)
{
    (void)state;
    static const struct {
        const char *field, *value;
    } cases[] = {
        {"KenhThucHien", "'4'"},  {"KenhThucHien", "1"},
        {"LoaiDoiTuong", "'0'"},  {"NoiNopHoSo", "'3'"},
        {"TenTTHC", "7"},         {"TaiLieuNop", "{}"},
        {"TaiLieuNop", "'x'"},    {"MaHoSo", "['a']"},
        {"HinhThuc", "'2'"},      {"DuocThanhToanTrucTuyen", "'4'"},
        {"DanhSachLePhi", "'x'"}, {"HoSoCoThanhPhanSoHoa", "true"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_faulty(portal_record_is_faulty, good_record, cases[i].field, cases[i].value);
}

static void test_dates(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "'2026112408000'",  "'202611240800000'", "'20261324080000'", "'20260230080000'",
        "'20261124240000'", "'20261124086000'",  "'20261124080060'", "'2026-11-24 08:00'",
        "20261124080000",   "'2026112408000x'",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_faulty(portal_record_is_faulty, good_record, "NgayTiepNhan", bad[i]);
        assert_faulty(portal_progress_is_faulty, good_progress, "ThoiDiemXuLy", bad[i]);
    }
    assert_good(portal_record_is_faulty, good_record, "{'NgayTiepNhan':'20240229000000'}");
    assert_faulty(ministry_dossier_is_faulty, good_dossier, "NgayNop", "'20260609080000'");
    assert_faulty(ministry_dossier_is_faulty, good_dossier, "NgayNop", "'2026-06-09T08:00:00'");
}

/* Bounds count characters: Vietnamese ones take up to three bytes. */
static void assert_bound(checker *is_faulty, const char *base, const char *field, size_t characters)
{
    static char text[3 * 4002 + 1];
    struct portal_fault fault;
    for (size_t i = 0; i < characters + 1; i++)
        memcpy(text + 3 * i, "ồ", 4);
    json_t *entry = parse(base);
    json_object_set_new(entry, field, json_string(text));
    assert_true(is_faulty(entry, &fault));
    assert_string_equal(fault.field, field);
    json_object_set_new(entry, field, json_string(text + 3));
    assert_false(is_faulty(entry, &fault));
    json_decref(entry);
}

static void test_lengths(void **state)
{
    (void)state;
    assert_bound(portal_record_is_faulty, good_record, "TrichYeuHoSo", 1000);
    assert_bound(portal_record_is_faulty, good_record, "MaHoSo", 64);
    assert_bound(portal_progress_is_faulty, good_progress, "NguoiXuLy", 50);
}

static void test_nested_entries(void **state)
{
    (void)state;
    struct portal_fault fault;
    static const struct {
        const char *changes, *field;
    } cases[] = {
        {"{'TaiLieuNop':[{'TepDinhKemId':'1','TenTepDinhKem':'a.pdf','DuongDanTaiTepTin':'a'}]}",
         "DuongDanTaiTepTin"},
        {"{'TaiLieuNop':[{'TepDinhKemId':'1','TenTepDinhKem':'a.pdf',"
         "'DuongDanTaiTepTin':'https://x/a','Extra':'1'}]}",
         "Extra"},
        {"{'DanhSachLePhi':[{'TenPhiLePhi':'a','MaPhiLePhi':'b','Gia':-1}]}", "Gia"},
        {"{'DanhSachHoSoBoSung':[{'HoSoBoSungId':'1'}]}", "NguoiYeuCauBoSung"},
        {"{'DinhDanhCHS':{'LoaiDinhDanh':'1','SoDinhDanh':'123456789'}}", "SoDinhDanh"},
        {"{'MaDoiTuong':'T-1'}", "MaDoiTuong"},
        {"{'KenhThucHien':'2'}", "NgayNopHoSo"},
        {"{'Mahoso':'x'}", "Mahoso"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *entry = parse(good_record);
        json_t *more = parse(cases[i].changes);
        json_object_update(entry, more);
        assert_true(portal_record_is_faulty(entry, &fault));
        assert_string_equal(fault.field, cases[i].field);
        json_decref(more);
        json_decref(entry);
    }
}

/* Fees go with the states 5, 6 and 9 alone. */
static void test_ministry_fees(void **state)
{
    (void)state;
    struct portal_fault fault;
    const char *fees = "{'DanhSachLePhi':[{'TenPhiLePhi':'a','MaPhiLePhi':'b','Gia':1,"
                       "'HinhThucThu':1}]}";
    for (int number = 1; number <= 10; number++) {
        json_t *entry = parse(good_state);
        json_t *more = parse(fees);
        json_object_update(entry, more);
        json_object_set_new(entry, "TrangThai", json_integer(number));
        bool is_allowed = number == 5 || number == 6 || number == 9;
        assert_int_equal(ministry_state_is_faulty(entry, &fault), !is_allowed);
        json_decref(more);
        json_decref(entry);
    }
}

/* The table of transitions, written out a second time. */
static void test_transitions(void **state)
{
    (void)state;
    static const char *const next[] = {"1 2 3 4 5 6 7 8 9 10 ",
                                       "2 3 5 7 ",
                                       "4 7 ",
                                       "",
                                       "5 6 7 8 9 ",
                                       "4 7 8 ",
                                       "4 7 8 9 ",
                                       "",
                                       "",
                                       "4 10 ",
                                       ""};
    for (int from = 0; from <= 10; from++) {
        char allowed[64] = "";
        size_t used = 0;
        for (int to = 0; to <= 10; to++)
            if (from != to && portal_may_go((enum portal_state)from, (enum portal_state)to))
                used += (size_t)snprintf(allowed + used, sizeof allowed - used, "%d ", to);
        assert_string_equal(allowed, next[from]);
        assert_true(portal_may_go((enum portal_state)from, (enum portal_state)from));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_entries),
        cmocka_unit_test(test_required_fields),
        cmocka_unit_test(test_fields_required_by_state),
        cmocka_unit_test(test_types_and_enumerations),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_nested_entries),
        cmocka_unit_test(test_ministry_fees),
        cmocka_unit_test(test_transitions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
