# VBDLIS: the dialect of the land registry's interface, as provinces in the field speak it.
#
# Operations are POST {url}/NAME with one JSON object; MaThongDiep is the message id, by which the
# office recognises a message that it has. Replies are {Result, Message, SoBienNhan}: Result 1 (or
# true) is success, 0 (or false) a refusal; anything else is not understood. Message is a remark for
# people and decides nothing. GET {url}/TraCuuHoSo?MaThongDiep=… tells whether a message is there.
#
# Files go as links: LinkFile is fetched from the adapter by the office.
# Credentials (a JSON file): {"SecurityCode": …} is put into every body, {"TenDangNhap", "MatKhau"}
# are given to POST {url}/DangNhap, whose reply {Result, Token} opens a session.

def text: . // "";
def moment: if (. // 0) == 0 then null else (. / 1000 + 25200 | floor | todate | sub("Z$"; "+07:00")) end;
def without_nulls: with_entries(select(.value != null and .value != ""));

def files:
  [.attachments[] | {
    TenGiayTo: .name, KieuFile: .media_type, LinkFile: .url, MaThanhPhanHoSo: .component_code,
    MaBam: .sha256, KichThuoc: .size_bytes
  } | without_nulls];

# Papers of the form, each with the file of the same component when there is one.
def papers:
  . as $message
  | [(.body.components // [])[] | . as $paper
     | ($message.attachments | map(select((.component_code | text) == ($paper.code | text)
                                          and ($paper.code | text) != "")) | first) as $file
     | {TenGiayTo: $paper.name, MaThanhPhanHoSo: $paper.code, SoBanChinh: ($paper.originals // 0),
        SoBanSao: ($paper.copies // 0), LinkFile: ($file.url // null)} | without_nulls];

def head: {
  MaThongDiep: .envelope.message_id,
  SoBienNhan: .envelope.dossier_code,
  MaHoSoMotCua: .envelope.dossier_code
};

def operation:
  {
    transfer: {name: "TiepNhanHoSo", json: (.body as $b | {
      NguoiTiepNhan: ($b.received_by.name // null),
      NgayTiepNhan: ($b.received_ms | moment),
      NgayHenTra: ($b.due_ms | moment),
      TrichYeuHoSo: ($b.summary // null),
      ThongTinNguoiNopDon: ($b.owner // {} | {
        HoTen: .name, SoChungMinh: .identity_number, DiaChiChiTiet: .address,
        SoDienThoai: .phone, Email: .email} | without_nulls),
      ThongTinQuyTrinh: ({MaQuyTrinh: .envelope.procedure_code,
                          TenQuyTrinh: $b.procedure_name} | without_nulls),
      ThongTinHoSo: ($b.form_json // null),
      DanhSachGiayTo: papers,
      DanhSachGiayToDinhKem: files})},
    supplement: {name: "CapNhatTrangThaiBoSungHoSo", json: {
      NgayNhanBoSung: (.body.received_ms | moment), NgayHenTraMoi: (.body.due_ms | moment),
      GhiChu: (.body.note // null), DanhSachGiayTo: papers, DanhSachGiayToBoSung: files}},
    handed_over: {name: "CapNhatKetQuaTraHoSo", json: {
      NgayTra: (.body.handed_ms | moment), ThongTinTra: (.body.recipient_note // null)}},
    result_objection: {name: "PhanHoiHoSoSaiKetQua", json: {
      NoiDung: (.body.content // null), DanhSachGiayToDinhKem: files}},
    withdrawal: {name: "RutHoSo", json: {LyDo: (.body.reason // null)}},
    consultation_request: {name: "LayYKien", json: {
      NoiDung: (.body.question // null), HanTraLoi: (.body.due_ms | moment),
      DanhSachGiayToDinhKem: files}},
    consultation_reply: {name: "ChoYKien", json: {
      NoiDung: (.body.opinion // null), DongY: (.body.agrees // false),
      DanhSachGiayToDinhKem: files}},
    refusal: {name: "TuChoiHoSo", json: {
      LaLyDoPhapLy: (.body.legal // false), LyDo: (.body.reason // null)}},
    progress: {name: "LuanChuyenHoSo", json: {
      NguoiXuLy: (.body.to.name // .body.from.name), NoiDungXuLy: (.body.content // null),
      MaTrangThai: (.body.national_state // null), NgayChuyen: (.body.happened_ms | moment),
      HanXuLy: (.body.due_ms | moment), DanhSachTapTin: files}},
    supplement_request: {name: "ChoBoSung", json: {
      NgayChoBoSung: (.body.requested_ms | moment), GhiChu: (.body.reason // null),
      DanhSachGiayTo: papers, TapTin: files}},
    suspend: {name: "TamDungHoSo", json: {
      LyDo: (.body.reason // null), NgayTamDung: (.body.from_ms | moment)}},
    resume: {name: "TiepTucHoSo", json: {
      GhiChu: (.body.note // null), NgayHenTraMoi: (.body.due_ms | moment)}},
    financial_obligation: {name: "KetQuaThue", json: {
      SoThongBaoThue: (.body.notice_number // null), GhiChu: (.body.note // null),
      HanNop: (.body.due_ms | moment),
      DanhSachThongBaoThue: [(.body.fees // [])[] | {
        LoaiThue: .name, MaPhiLePhi: .code, SoTien: (.amount_dong // 0)} | without_nulls]}},
    result: {name: "KetThuc", json: {
      NgayKetThuc: (.body.finished_ms | moment), MaCanBoXuLy: (.body.signer.name // null),
      TrangThaiKetThuc: (.body.national_state // null), GhiChu: (.body.note // null),
      DanhSachGiayToKetQua: files}},
    extension: {name: "GiaHanHoSo", json: {
      NgayHenTraTruoc: (.body.due_before_ms | moment), NgayHenTraMoi: (.body.due_ms | moment),
      LyDo: (.body.reason // null)}}
  }[.envelope.type];

def authorization:
  if (.session | type) == "object" then {Authorization: "Bearer \(.session.token)"} else {} end;

def request:
  . as $ask
  | if .purpose == "login" then
      if (.credentials.TenDangNhap | text) == "" then null
      else {method: "POST", path: "/DangNhap", headers: {},
            json: (.credentials | {TenDangNhap, MatKhau})} end
    elif (.credentials.TenDangNhap | text) != "" and .session == null then {login: true}
    elif .purpose == "lookup" then
      {method: "GET", path: "/TraCuuHoSo?MaThongDiep=\(.message.envelope.message_id)",
       headers: authorization}
    else
      (.message | operation) as $operation
      | if $operation == null then null
        else {method: "POST", path: "/\($operation.name)", headers: authorization,
              json: ((.message | head) + $operation.json
                     + {SecurityCode: ($ask.credentials.SecurityCode // null)} | without_nulls)}
        end
    end;

def is_yes: . == 1 or . == true or . == "1";
def is_no: . == 0 or . == false or . == "0";

def answer:
  .purpose as $purpose
  | (.json | if type == "object" then . else {} end) as $reply
  | {office_reference: ($reply.SoBienNhan | if type == "string" then . else "" end),
     text: ($reply.Message | if type == "string" then . else "" end)}
    + if ($reply.Result | is_yes) then
        {reason: "ok", text: ""}
        + if $purpose == "login" then {session: {token: ($reply.Token | tostring)}} else {} end
      elif ($reply.Result | is_no) then
        {reason: (if $purpose == "lookup" then "not_found" else "office_refused" end)}
      else {reason: "office_reply_malformed"} end;

if .stage == "request" then request else answer end
