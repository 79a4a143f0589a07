# The newer interface of the ministries' systems (2026): one address for each operation, a bearer
# token, ISO dates, and a number of the portal's own (IdHoSo) that every later call must name. The
# contract is adapters/portal/portal_dialect.h. It takes dossiers one by one: portal.batch: 1.
#
# integration_path of the settings is the base ("/ministry"), auth_path the token's ("/ministry/token").
# Credentials: {"username", "password"} are client_id and client_secret.

def codes: {
  "0": "ok", "00": "ok", "-1": "office_login", "-3": "office_login",
  "3": "office_refused", "4": "office_refused", "11": "office_duplicate", "12": "not_found",
  "13": "office_refused", "20": "office_throttled", "21": "portal_closed", "99": "office_error"
};
def meaning: (tostring) as $code | codes[$code] // "office_unknown";

# Citizen, business, state agency, other: this catalogue has 0 citizen, 1 organisation, 2 household
# business.
def owner_kind: {"1": 0, "2": 1, "3": 1, "4": 1}[((. // 1) | tostring)] // 0;

def text: if . == null then "" else tostring end;
def cut($length): text | .[:$length];
def iso: if (. // 0) == 0 then null
         else (. / 1000 + 25200) | floor | todate | sub("Z$"; "+07:00") end;
def ms_iso: if (. // "") == "" then 0
            else (try (sub("\\+07:00$"; "Z") | fromdate) catch 25200) | (. - 25200) * 1000 end;
def present: with_entries(select(.value != null and .value != "" and .value != [] and .value != {}));

def components: . as $facts
  | [(.components // [])[] | . as $paper | {
      MaThanhPhanHoSo: (.code // .name), TenThanhPhanHoSo: (.name | cut(1000)),
      SoLuong: (((.originals // 0) + (.copies // 0)) | if . == 0 then 1 else . end),
      LoaiBan: (if (.originals // 0) > 0 then 0 elif (.copies // 0) > 0 then 1 else 2 end),
      GiayToDinhKem: [($facts.files // [])[]
        | select((.component_code | text) != "" and .component_code == $paper.code)
        | {IdGiayTo: .sha256, TenGiayTo: (.name | cut(4000)), HashTepTin: .sha256}]} | present]
  + (if ([(.files // [])[] | select((.component_code | text) == "")] | length) == 0 then [] else
      [{MaThanhPhanHoSo: "KQ.DVC.THONGTIN", TenThanhPhanHoSo: "Giấy tờ nộp kèm",
        SoLuong: 1, LoaiBan: 2,
        GiayToDinhKem: [.files[] | select((.component_code | text) == "")
          | {IdGiayTo: .sha256, TenGiayTo: (.name | cut(4000)), HashTepTin: .sha256}]}] end);

def dossier: {
  MaHoSo: .code, MaTTHC: .procedure.code, ChuHoSo: (.owner.name | cut(500)),
  LoaiDoiTuong: (.owner.owner_kind | owner_kind), MaDonViTiepNhan: (.agency.code // .agency.key),
  NgayNop: ((.submitted_ms // .received_ms // .refused_ms) | iso),
  NgayTiepNhan: (if .state == 1 or .state == 3 then null else (.received_ms | iso) end),
  ThongTinNguoiNop: {LoaiDoiTuong: (.owner.owner_kind | owner_kind), ThongTinChiTiet: (.owner | {
    TenNguoiNop: (.name | cut(500)), SoDinhDanh: .identity_number, SoDienThoai: .phone,
    Email: .email, DiaChiChiTiet: (.address | cut(1000))} | present)}
} + {ThanhPhanHoSo: components} | with_entries(select(.value != null));

def state_of($facts): $facts | {
  IdHoSo: .portal_id, MaHoSo: .code, TrangThai: .state, NoiDungYKien: (.note | cut(1000)),
  DanhSachLePhi: (if .state == 5 or .state == 6 or .state == 9 then
    [(.fees // [])[] | {TenPhiLePhi: .name, MaPhiLePhi: (.code // .name),
      HinhThucThu: ({"5": 2, "6": 1, "9": 4}[($facts.state | tostring)]), Gia: (.amount_dong // 0),
      LoaiPhiLePhi: (.kind // 1)} | present] else [] end)} | present;

def step: .facts as $facts | .step | {
  IDHoSo: $facts.portal_id, MaHoSo: $facts.code,
  NguoiXuLy: ((.official // $facts.agency.name) | cut(50)), ThoiDiemXuLy: (.at_ms | iso),
  PhongBanXuLy: (.unit | cut(500)), NoiDungXuLy: (.content | cut(1000)), TrangThai: .state,
  NgayBatDau: (.started_ms | iso), NgayKetThucTheoQuyDinh: (.due_ms | iso)} | present;

def call($ask; $method; $name; $json):
  if $ask.session == null then {login: true}
  else {method: $method, path: "\($ask.settings.integration_path)/\($name)",
        headers: {Authorization: "Bearer \($ask.session)"}, json: $json} end;

def request:
  . as $ask
  | if .service == "login" then
      {method: "POST", path: .settings.auth_path, headers: {},
       form: "grant_type=client_credentials&client_id=\(.credentials.username | @uri)&client_secret=\(.credentials.password | @uri)"}
    elif .service == "create" then call($ask; "POST"; "NoiHoSo"; .items[0] | dossier)
    elif .service == "update" then
      call($ask; "POST"; "CapNhatTrangThai"; [.items[] | state_of(.)])
    elif .service == "progress" then call($ask; "POST"; "CapNhatTienTrinh"; [.items[] | step])
    elif .service == "lookup" then
      call($ask; "GET"; "TraCuuHoSo?MaHoSo=\(.items[0].code | @uri)"; null)
    else null end;

def shown: {
  code: .MaHoSo, portal_id: (.IdHoSo | text), state: (((.TrangThaiHoSo // .TrangThai) | text | tonumber?) // 0),
  received_ms: (.NgayTiepNhan | ms_iso), steps: ((.DanhSachTienDo // []) | length)};

def is_as($item; $there):
  if $item.step != null then
    ($item | step) as $step
    | any($there.DanhSachTienDo[]?; .ThoiDiemXuLy == $step.ThoiDiemXuLy
          and (.TrangThai | text) == ($step.TrangThai | text) and .NoiDungXuLy == $step.NoiDungXuLy)
  elif $item.facts != null then ($there | shown | .state) == $item.facts.state
  else false end;

def answer:
  . as $ask
  | (.json | if type == "object" then . else {} end) as $reply
  | ($reply.error_code // "none" | meaning) as $reason
  | if .service == "login" then
      if ($reply.access_token | text) == "" then {reason: "office_login"}
      else {reason: "ok", session: $reply.access_token} end
    else {reason: $reason, text: ($reply.message | text)}
      + (if .service == "lookup" and $reason == "ok" then
           {items: [$reply.result[0] as $there | $there | shown
                    + {reason: "ok", matches: is_as($ask.items[0]; $there)}]}
         elif .service == "lookup" and $reason == "not_found" then
           {reason: "ok", items: [{reason: "not_found"}]}
         elif .service == "create" and $reason == "ok" then
           {items: [{reason: "ok", portal_id: ($reply.result.IdHoSo | text),
                     incomplete: ($ask.items[0].state > 2)}]}
         elif ($reply.result | type) == "array" and ($reply.result | length) == (.items | length) then
           {reason: "ok", items: [$reply.result[] | {reason: (.error_code | meaning), text: (.message | text)}]}
         else {} end)
    end;

if .stage == "request" then request else answer end
