# The provincial push interface of the national portal: DongBoHoSoMC and its sisters, as the
# provinces' own adapters speak it. The contract is adapters/portal/portal_dialect.h.
#
# Operations are POST {url}{integration_path} with {session, madonvi, service, isUpdating, data};
# dates are yyyyMMddHHmmss in UTC+7; files go as addresses that the portal fetches later. Codes are
# texts. What a code means is the table below; "message" is a remark for people.

def codes: {
  "0": "ok", "00": "ok",
  "-1": "office_login",        # the login was refused
  "-3": "office_login",        # the session has ended
  "3": "office_refused",       # a field is faulty
  "4": "office_refused",       # the call is faulty
  "11": "office_duplicate",    # it is there already
  "12": "not_found",           # it is not there
  "13": "office_refused",      # the state may not follow
  "20": "office_throttled", "21": "portal_closed",
  "99": "office_error"
};
def meaning: (tostring) as $code | codes[$code] // "office_unknown";

def text: if . == null then "" else tostring end;
def cut($length): text | .[:$length];
def day14: if (. // 0) == 0 then null
           else (. / 1000 + 25200) | floor | gmtime | strftime("%Y%m%d%H%M%S") end;
# A date that cannot be read is none: it must not make the whole answer unreadable.
def ms14: if (. // "") == "" then 0
          else (try (((strptime("%Y%m%d%H%M%S") | mktime) - 25200) * 1000) catch 0) end;
def digit($otherwise): (. // $otherwise) | tostring;
def present: with_entries(select(.value != null and .value != "" and .value != [] and .value != {}));

def address($files): "\($files.base)/v1/attachments/\(.sha256)"
  + (if ($files.token | text) == "" then "" else "?token=\($files.token)" end);

def papers($files): .components as $components
  | [(.files // [])[] | . as $file
     | ([($components // [])[] | select((.code | text) != "" and .code == $file.component_code)]
        | first | .digitised) as $digitised
     | {TepDinhKemId: .sha256, TenTepDinhKem: (.name | cut(4000)), IsDeleted: "0",
        MaThanhPhanHoSo: .component_code, DuongDanTaiTepTin: address($files),
        DuocSoHoa: (if ($digitised // 1) == 1 then "1" else "0" end),
        DuocTaiSuDung: (if ($digitised // 0) >= 2 then "1" else "0" end),
        DuocLayTuKhoDMQG: "0"} | present];

def fees: [(.fees // [])[] | {
  TenPhiLePhi: .name, MaPhiLePhi: (.code // .name), HinhThucThu: "1", Gia: ((.amount_dong // 0) | tostring),
  LoaiPhiLePhi: ((.kind // 1) | tostring)} | present];

def asked: [(.components // [])[] | {
  TenGiayTo: .name, LoaiGiayTo: .code,
  SoLuong: (((.originals // 0) + (.copies // 0)) | if . == 0 then 1 else . end | tostring)} | present];

def supplements: .agency.name as $agency | [(.supplements // [])[] | {
  HoSoBoSungId: .id, NguoiYeuCauBoSung: ((.by // $agency) | cut(500)),
  NoiDungBoSung: ((.reason // .note // "Bổ sung hồ sơ") | cut(1000)),
  NgayBoSung: ((.requested_ms // .received_ms) | day14), ThongTinTiepNhan: (.note | cut(1000)),
  NgayTiepNhanBoSung: (.received_ms | day14),
  TrangThaiBoSung: (if (.received_ms // 0) == 0 then "0" else "1" end),
  DanhSachGiayToBoSung: asked, NgayHenTraTruoc: (.due_before_ms | day14),
  NgayHenTraMoi: (.due_ms | day14)} | present];

def results($files): [(.results // [])[] | . as $result | (.files // [])[] | {
  TenGiayTo: .name, MaThanhPhanHoSo: .component_code, GiayToId: .sha256,
  DuongDanTepTinKetQua: address($files), MaGiayToKetQua: ($result.code // $result.number)} | present];

def record($files):
  {
    MaHoSo: .code, MaTTHC: .procedure.code, TenTTHC: (.procedure.name | cut(500)),
    MaLinhVuc: .procedure.field_code,
    TenLinhVuc: ((.procedure.field_name // .procedure.field_code) | cut(500)),
    KenhThucHien: (.channel | digit(1)), SoGiayToChuHoSo: .owner.identity_number,
    ChuHoSo: (.owner.name | cut(500)), LoaiDoiTuong: (.owner.owner_kind | digit(1)),
    Email: .owner.email, SoDienThoai: .owner.phone,
    TrichYeuHoSo: ((.summary // .procedure.name) | cut(1000)),
    NgayTiepNhan: (if .state == 3 then null else (.received_ms | day14) end),
    NgayHenTra: (.due_ms | day14),
    TrangThaiHoSo: (.state | tostring), NgayTra: (.handed_ms | day14),
    ThongTinTra: (.return_note | cut(1000)),
    HinhThuc: (if .return_kind == 1 then "1" else "0" end),
    NgayKetThucXuLy: (.finished_ms | day14), DonViXuLy: (.agency.name | cut(500)),
    GhiChu: (.note | cut(1000)), NoiNopHoSo: (.submitted_at | digit(2)),
    HoSoCoThanhPhanSoHoa: (if ((.files // []) | length) > 0 then "1" else "0" end),
    TaiKhoanDuocXacThucVoiVNeID: "0", DuocThanhToanTrucTuyen: "0",
    NgayTuChoi: (.refused_ms | day14), NgayNopHoSo: (.submitted_ms | day14),
    DinhDanhCHS: (if (.owner.identity_kind == 1 and (.owner.identity_number | text | test("^[0-9]{12}$")))
                     or (.owner.identity_kind == 2 and (.owner.identity_number | text | test("^[0-9]{9}$")))
                  then {LoaiDinhDanh: (.owner.identity_kind | tostring),
                        SoDinhDanh: .owner.identity_number} else null end),
    DanhSachLePhi: fees, DanhSachHoSoBoSung: supplements, DanhSachGiayToKetQua: results($files)
  } | present;

def whole($files): record($files) + {TaiLieuNop: papers($files)};

def step: .facts as $facts | .step | {
  MaHoSo: $facts.code, NguoiXuLy: ((.official // $facts.agency.name) | cut(50)),
  ChucDanh: (.position | cut(500)), ThoiDiemXuLy: (.at_ms | day14),
  PhongBanXuLy: (.unit | cut(500)), NoiDungXuLy: (.content | cut(1000)),
  TrangThai: (.state | tostring), NgayBatDau: (.started_ms | day14),
  NgayKetThucTheoQuyDinh: (.due_ms | day14)} | present;

# ---- requests

def call($ask; $body):
  if $ask.session == null then {login: true}
  else {method: "POST", path: $ask.settings.integration_path,
        headers: {dstcode: $ask.settings.dstcode, Charset: "utf-8"},
        json: ({session: $ask.session, madonvi: $ask.settings.unit} + $body)} end;

def request:
  . as $ask
  | if .service == "login" then
      {method: "POST", path: .settings.auth_path,
       headers: {dstcode: .settings.dstcode, Charset: "utf-8"},
       json: (.credentials | {username, password})}
    elif .service == "create" or .service == "update" then
      call($ask; {service: "DongBoHoSoMC", isUpdating: (if .service == "update" then "True" else "False" end),
                  data: [.items[] | whole($ask.files)]})
    elif .service == "progress" then
      call($ask; {service: "CapNhatTienDoHoSoMC", isUpdating: "False", data: [.items[] | step]})
    elif .service == "lookup" then
      call($ask; {service: "TraCuuHoSo",
                  mahoso: (if (.items | length) == 1 then .items[0].code else [.items[].code] end)})
    elif .service == "listing" then
      call($ask; {service: "TraCuuHoSo", tungay: (.filter.from_ms | day14),
                  denngay: (.filter.to_ms | day14), saumahoso: .filter.after})
    elif .service == "agencies" then call($ask; {service: "LayDanhMucCoQuan"})
    elif .service == "procedures" then call($ask; {service: "LayDanhSachTTHC"})
    elif .service == "fields" then call($ask; {service: "LayDanhMucLinhVuc"})
    else null end;

# ---- answers

def shown: {
  code: .MaHoSo, state: ((.TrangThaiHoSo | text | tonumber?) // 0),
  received_ms: (.NgayTiepNhan | ms14), due_ms: (.NgayHenTra | ms14),
  finished_ms: (.NgayKetThucXuLy | ms14), handed_ms: (.NgayTra | ms14),
  steps: ((.DanhSachTienDo // []) | length)};

# Whether the portal shows what this item says. Addresses of files may have changed since.
def without_addresses: walk(if type == "object" then del(.DuongDanTaiTepTin, .DuongDanTepTinKetQua)
                            else . end);
def is_as($item; $there):
  if $item.step != null then
    ($item | step) as $step
    | any($there.DanhSachTienDo[]?; .ThoiDiemXuLy == $step.ThoiDiemXuLy
          and (.TrangThai | text) == $step.TrangThai and .NoiDungXuLy == $step.NoiDungXuLy)
  elif $item.facts != null then
    ($item.facts | whole({base: "", token: ""}) | without_addresses) as $record
    | ($there | without_addresses) as $shown
    | all($record | to_entries[]; . as $field
          | ($shown | has($field.key) | not) or $shown[$field.key] == $field.value)
  else false end;

def lookup($reply):
  ([$reply.result[]? | {key: .MaHoSo, value: .}] | from_entries) as $there
  | [.items[] | . as $item | $there[.code]
     | if . == null then {reason: "not_found"}
       else shown + {reason: "ok", matches: is_as($item; .)} end];

# A result belongs to the dossier that it names, wherever it stands; one without a name to its place.
def each($reply):
  ([$reply.result[] | select((.MaHoSo | text) != "") | {key: (.MaHoSo | text), value: .}]
   | from_entries) as $named
  | [.items | to_entries[] | (.value.code // .value.facts.code) as $code
     | ($named[$code] // ($reply.result[.key] | select((.MaHoSo | text) == "")) // {})
     | {reason: (.error_code | meaning), text: (.message | text)}];

def answer:
  . as $ask
  | (.json | if type == "object" then . else {} end) as $reply
  | ($reply.error_code // "none" | meaning) as $reason
  | {reason: $reason, text: ($reply.message | text)}
    + (if .service == "login" then
         if ($reply.session | text) == "" then {reason: "office_login"}
         else {session: $reply.session} end
       elif .service == "lookup" and ($reason == "ok" or $reason == "not_found") then
         {reason: "ok", items: lookup($reply)}
       elif .service == "listing" and $reason == "ok" then {rows: [$reply.result[] | shown]}
       elif .service == "agencies" and $reason == "ok" then
         {rows: [$reply.result[] | {code: .MADONVI, name: .TENDONVI, level: .CAPDONVI}]}
       elif .service == "procedures" and $reason == "ok" then
         {rows: [$reply.result[] | {code: (.MATTHC // .MaTTHC), name: (.TENTTHC // .TenTTHC),
                                    field: (.MALINHVUC // .MaLinhVuc),
                                    agency: (.MADONVI // .MaDonVi)}]}
       elif .service == "fields" and $reason == "ok" then
         {rows: [$reply.result[] | {code: .MALINHVUC, name: .TENLINHVUC}]}
       elif ($reply.result | type) == "array" and ($reply.result | length) == (.items // [] | length)
            and (.items // [] | length) > 0 then
         {reason: "ok", items: each($reply)}
       else {} end)
    + (if ($reply.result | type) == "object" and ($reply.result.BaoTriDen | text) != ""
       then {until_ms: ($reply.result.BaoTriDen | ms14)} else {} end);

if .stage == "request" then request else answer end
