#!/bin/sh
# Writes procedures.csv to standard output: the procedures whose codes are public, then as many made-up
# ones as the province had (1,569 in 2021). Deterministic: the same bytes every time.
#
#   routing/data/make-sample.sh > routing/data/procedures.csv
#
# Made-up procedures have codes 9.NNNNNN, which the national data base does not use, and sample=yes.
# Names, times and levels of the real codes are from memory of the published procedures: check them
# against the national data base before use.
set -eu
LC_ALL=C
export LC_ALL
awk -F'|' '
BEGIN {
    total = 1569
    split("0 3 5 7 10 15 20 25 30", days, " ")
    split("partial full full partial none full partial", levels, " ")
    print "# Written by make-sample.sh. sample=yes: made up, to fill the catalogue to its real size."
    print "code,name_vi,name_en,field_code,agency,service_level,processing_days,valid_from,valid_to,sample"
}
function quote(text) { return text ~ /[,"]/ ? "\"" text "\"" : text }
$1 == "real" {
    print $2 "," quote($3) "," quote($4) "," $5 "," $6 "," $7 "," $8 ",,,no"
    real++
}
$1 == "action" { action_vi[++actions] = $2; action_en[actions] = $3 }
$1 == "agency" { agency[++agencies] = $2 }
$1 == "thing" { things[agencies]++; thing_vi[agencies, things[agencies]] = $2; thing_en[agencies, things[agencies]] = $3 }
END {
    for (n = 1; n <= total - real; n++) {
        a = (n - 1) % agencies + 1
        round = int((n - 1) / agencies)
        t = round % things[a] + 1
        c = int(round / things[a]) + 1
        if (c > actions) exit 1
        printf "9.%06d,%s,%s,H38-%s%d,%s,%s,%d,,,yes\n", n, \
            quote(action_vi[c] " " thing_vi[a, t]), quote(action_en[c] " " thing_en[a, t]), \
            toupper(agency[a]), t, agency[a], levels[(n * 3 + c) % 7 + 1], days[(n * 5 + t) % 9 + 1]
    }
}
' <<'DATA'
real|1.011441|Đăng ký biện pháp bảo đảm bằng quyền sử dụng đất, tài sản gắn liền với đất|Registration of security over land use rights and assets on land|H38-STNMT1|stnmt|partial|1
real|1.011442|Đăng ký thay đổi biện pháp bảo đảm bằng quyền sử dụng đất, tài sản gắn liền với đất|Registration of a change of security over land use rights and assets on land|H38-STNMT1|stnmt|partial|1
real|1.011443|Xóa đăng ký biện pháp bảo đảm bằng quyền sử dụng đất, tài sản gắn liền với đất|Deletion of security over land use rights and assets on land|H38-STNMT1|stnmt|full|1
real|1.115650|Giao đất, cho thuê đất|Allocation and lease of land|H38-STNMT1|stnmt|partial|20
real|1.115651|Thủ tục đất đai mã 1.115651|Land procedure 1.115651|H38-STNMT1|stnmt|partial|20
real|1.115667|Thủ tục đất đai mã 1.115667|Land procedure 1.115667|H38-STNMT1|stnmt|partial|15
real|1.115671|Thủ tục đất đai mã 1.115671|Land procedure 1.115671|H38-STNMT1|stnmt|partial|15
real|1.115679|Thủ tục đất đai mã 1.115679|Land procedure 1.115679|H38-STNMT1|stnmt|partial|15
real|1.115686|Thủ tục đất đai mã 1.115686|Land procedure 1.115686|H38-STNMT1|stnmt|partial|10
real|1.115688|Thủ tục đất đai mã 1.115688|Land procedure 1.115688|H38-STNMT1|stnmt|partial|10
real|2.000635|Cấp bản sao trích lục hộ tịch, bản sao giấy khai sinh|Copy of a civil status extract or birth certificate|H38-STP1|stp|full|0
real|2.002621|Đăng ký khai sinh, đăng ký thường trú, cấp thẻ bảo hiểm y tế cho trẻ em dưới 6 tuổi|Birth registration, residence registration and health insurance card for a child under 6|H38-STP1|stp|full|4
real|3.000181|Tuyển sinh trung học phổ thông|Admission to upper secondary school|G03-GD10|sgddt|full|30
action|Cấp|Issue of
action|Cấp lại|Re-issue of
action|Gia hạn|Extension of
action|Điều chỉnh|Amendment of
action|Đính chính|Correction of
action|Cấp bản sao|Copy of
action|Chuyển đổi|Conversion of
action|Xác nhận hiệu lực|Confirmation of validity of
action|Thu hồi theo đề nghị|Withdrawal on request of
action|Chấm dứt hiệu lực|Termination of
agency|vpubnd
thing|văn bản chấp thuận tổ chức sự kiện cấp tỉnh|an approval of a provincial event
thing|giấy mời đoàn công tác|an invitation for a delegation
thing|văn bản trả lời kiến nghị doanh nghiệp|an answer to a business petition
thing|quyết định sử dụng trụ sở công|a decision on the use of public premises
thing|giấy xác nhận hội nghị, hội thảo|a confirmation of a conference
thing|văn bản công bố thông tin|a publication of information
thing|giấy phép sử dụng biểu trưng tỉnh|a permit to use the provincial emblem
agency|snv
thing|quyết định công nhận hội cấp tỉnh|a recognition of a provincial association
thing|giấy phép thành lập quỹ xã hội|a licence for a social fund
thing|giấy xác nhận lưu trữ|an archive certificate
thing|chứng chỉ hành nghề lưu trữ|an archivist's practice certificate
thing|quyết định khen thưởng cấp tỉnh|a provincial commendation
thing|quyết định xếp hạng đơn vị sự nghiệp|a ranking of a public service unit
thing|giấy xác nhận công chức, viên chức|a certificate of public service
agency|stp
thing|phiếu lý lịch tư pháp|a criminal record certificate
thing|thẻ công chứng viên|a notary's card
thing|giấy đăng ký hoạt động văn phòng luật sư|a registration of a law office
thing|thẻ tư vấn viên pháp luật|a legal adviser's card
thing|giấy đăng ký hoạt động trung tâm trọng tài|a registration of an arbitration centre
thing|chứng chỉ hành nghề đấu giá|an auctioneer's practice certificate
thing|thẻ giám định viên tư pháp|a forensic examiner's card
agency|stc
thing|mã số đơn vị quan hệ ngân sách|a budget unit number
thing|quyết định xác lập tài sản công|a decision on public property
thing|văn bản thẩm định giá|a price appraisal
thing|văn bản đăng ký giá|a price registration
thing|quyết định miễn tiền thuê đất|an exemption from land rent
thing|văn bản quyết toán dự án|a project settlement
thing|giấy xác nhận viện trợ|a certificate of aid
agency|skhdt
thing|giấy chứng nhận đăng ký doanh nghiệp|a business registration certificate
thing|giấy chứng nhận đăng ký đầu tư|an investment registration certificate
thing|giấy chứng nhận đăng ký hợp tác xã|a cooperative registration certificate
thing|giấy chứng nhận đăng ký chi nhánh|a branch registration certificate
thing|quyết định chủ trương đầu tư|an investment policy decision
thing|văn bản thẩm định kế hoạch đấu thầu|an appraisal of a bidding plan
thing|giấy xác nhận ưu đãi đầu tư|a confirmation of investment incentives
agency|sct
thing|giấy phép bán buôn rượu|a liquor wholesale licence
thing|giấy phép hoạt động điện lực|an electricity operating licence
thing|giấy chứng nhận đủ điều kiện bán lẻ xăng dầu|a petrol retail certificate
thing|giấy phép vật liệu nổ công nghiệp|an industrial explosives licence
thing|giấy chứng nhận an toàn thực phẩm công thương|a food safety certificate for trade
thing|văn bản đăng ký khuyến mại|a promotion registration
thing|giấy phép văn phòng đại diện thương nhân nước ngoài|a licence of a foreign trader's office
agency|sgtvtxd
thing|giấy phép lái xe|a driving licence
thing|giấy phép xây dựng|a construction permit
thing|phù hiệu xe vận tải|a transport vehicle badge
thing|chứng chỉ hành nghề xây dựng|a construction practice certificate
thing|giấy phép kinh doanh vận tải|a transport business licence
thing|văn bản thẩm định thiết kế|a design appraisal
thing|giấy phép thi công trên đường bộ|a roadworks permit
agency|snnptnt
thing|giấy chứng nhận kiểm dịch thực vật|a plant quarantine certificate
thing|giấy chứng nhận kiểm dịch động vật|an animal quarantine certificate
thing|chứng chỉ hành nghề thú y|a veterinary practice certificate
thing|giấy phép khai thác lâm sản|a forest product permit
thing|giấy chứng nhận cơ sở giống cây trồng|a certificate of a plant nursery
thing|mã số vùng trồng|a growing area code
thing|giấy phép hoạt động trong công trình thủy lợi|a permit in irrigation works
agency|stnmt
thing|giấy chứng nhận quyền sử dụng đất|a land use right certificate
thing|giấy phép thăm dò khoáng sản|a mineral exploration licence
thing|giấy phép khai thác nước dưới đất|a groundwater licence
thing|giấy phép môi trường|an environmental permit
thing|trích lục bản đồ địa chính|a cadastral map extract
thing|giấy phép đo đạc và bản đồ|a surveying and mapping licence
thing|giấy phép xả nước thải|a waste water discharge permit
agency|sldtbxh
thing|giấy phép lao động cho người nước ngoài|a work permit for a foreigner
thing|quyết định hưởng trợ cấp người có công|an allowance for people with merit
thing|giấy phép cho thuê lại lao động|a labour leasing licence
thing|giấy chứng nhận giáo dục nghề nghiệp|a vocational education certificate
thing|quyết định trợ giúp xã hội|a social assistance decision
thing|thẻ thương binh|a war invalid's card
thing|giấy phép dịch vụ việc làm|an employment service licence
agency|syt
thing|chứng chỉ hành nghề khám bệnh, chữa bệnh|a medical practice certificate
thing|giấy phép hoạt động phòng khám|a clinic operating licence
thing|chứng chỉ hành nghề dược|a pharmacy practice certificate
thing|giấy chứng nhận đủ điều kiện kinh doanh dược|a pharmacy business certificate
thing|giấy chứng nhận an toàn thực phẩm y tế|a food safety certificate for health
thing|phiếu công bố trang thiết bị y tế|a declaration of medical equipment
thing|giấy xác nhận quảng cáo thuốc|a confirmation of drug advertising
agency|sgddt
thing|bằng tốt nghiệp trung học|an upper secondary diploma
thing|quyết định cho phép trường hoạt động|a permission for a school to operate
thing|giấy phép trung tâm ngoại ngữ|a language centre licence
thing|giấy phép dạy thêm|an extra teaching licence
thing|văn bản công nhận văn bằng nước ngoài|a recognition of a foreign degree
thing|chứng nhận trường chuẩn quốc gia|a national standard school certificate
thing|giấy phép tư vấn du học|a study abroad consultancy licence
agency|skhcn
thing|giấy phép sử dụng thiết bị X-quang|an X-ray equipment licence
thing|giấy chứng nhận hoạt động khoa học|a science activity certificate
thing|giấy chứng nhận doanh nghiệp khoa học|a science enterprise certificate
thing|văn bản công bố hợp chuẩn|a declaration of standard conformity
thing|văn bản công bố hợp quy|a declaration of technical conformity
thing|giấy phép vận chuyển hàng nguy hiểm|a dangerous goods transport licence
thing|giấy xác nhận sở hữu công nghiệp|a confirmation of industrial property
agency|stttt
thing|giấy phép bưu chính|a postal licence
thing|giấy phép xuất bản bản tin|a bulletin publishing licence
thing|giấy phép trang thông tin điện tử|a website licence
thing|giấy phép hoạt động in|a printing licence
thing|giấy chứng nhận điểm trò chơi điện tử|a certificate of a games venue
thing|giấy phép nhập khẩu xuất bản phẩm|a publication import licence
thing|giấy phép họp báo|a press conference licence
agency|svhtt
thing|giấy phép biểu diễn nghệ thuật|a performance licence
thing|giấy phép tổ chức lễ hội|a festival licence
thing|giấy chứng nhận kinh doanh thể thao|a sports business certificate
thing|giấy phép quảng cáo ngoài trời|an outdoor advertising licence
thing|quyết định xếp hạng di tích|a heritage site ranking
thing|giấy phép triển lãm|an exhibition licence
thing|giấy phép kinh doanh karaoke|a karaoke business licence
agency|sdl
thing|giấy phép kinh doanh lữ hành nội địa|a domestic travel licence
thing|thẻ hướng dẫn viên du lịch quốc tế|an international guide's card
thing|thẻ hướng dẫn viên du lịch nội địa|a domestic guide's card
thing|quyết định công nhận điểm du lịch|a recognition of a tourist site
thing|quyết định công nhận hạng cơ sở lưu trú|a lodging rank
thing|giấy phép văn phòng đại diện lữ hành|a travel office licence
thing|biển hiệu phương tiện vận tải khách du lịch|a tourist vehicle sign
agency|sngv
thing|văn bản cho phép đoàn ra|a permission for an outgoing delegation
thing|văn bản cho phép đoàn vào|a permission for an incoming delegation
thing|giấy phép hội nghị quốc tế|an international conference licence
thing|thẻ đi lại doanh nhân APEC|an APEC business travel card
thing|giấy chứng nhận lãnh sự|a consular certificate
thing|hộ chiếu công vụ|an official passport
thing|văn bản tiếp nhận viện trợ phi chính phủ|an acceptance of non-governmental aid
agency|bdt
thing|quyết định công nhận người có uy tín|a recognition of a person of prestige
thing|giấy xác nhận dân tộc thiểu số|a confirmation of ethnic minority
thing|quyết định hỗ trợ đất ở|a housing land support
thing|quyết định hỗ trợ sản xuất|a production support
thing|quyết định công nhận thôn đặc biệt khó khăn|a recognition of a disadvantaged village
thing|văn bản hỗ trợ học tập|a study support
thing|giấy xác nhận vùng dân tộc|a confirmation of a minority area
agency|bqlkkt
thing|giấy chứng nhận xuất xứ hàng hóa mẫu D|a certificate of origin form D
thing|giấy chứng nhận xuất xứ hàng hóa mẫu E|a certificate of origin form E
thing|giấy phép xây dựng trong khu kinh tế|a construction permit in the zone
thing|quyết định đầu tư trong khu kinh tế|an investment decision in the zone
thing|giấy phép lao động trong khu công nghiệp|a work permit in the zone
thing|văn bản đăng ký nội quy lao động|a registration of labour rules
thing|giấy phép kho ngoại quan|a bonded warehouse licence
agency|ttt
thing|văn bản thụ lý khiếu nại lần đầu|an acceptance of a first complaint
thing|văn bản thụ lý khiếu nại lần hai|an acceptance of a second complaint
thing|văn bản thụ lý tố cáo|an acceptance of a denunciation
thing|kết luận thanh tra|an inspection conclusion
thing|bản kê khai tài sản|a declaration of assets
thing|phiếu tiếp công dân|a record of receiving a citizen
thing|văn bản giải trình|a statement of explanation
agency|cat
thing|thẻ căn cước|an identity card
thing|hộ chiếu phổ thông|an ordinary passport
thing|giấy đăng ký xe|a vehicle registration
thing|giấy xác nhận cư trú|a confirmation of residence
thing|giấy chứng nhận an ninh trật tự|a security certificate
thing|giấy phép quản lý con dấu|a seal management licence
thing|giấy chứng nhận phòng cháy, chữa cháy|a fire safety certificate
agency|bhxh
thing|sổ bảo hiểm xã hội|a social insurance book
thing|thẻ bảo hiểm y tế|a health insurance card
thing|quyết định hưởng lương hưu|a pension decision
thing|quyết định hưởng trợ cấp thai sản|a maternity benefit decision
thing|quyết định hưởng trợ cấp ốm đau|a sickness benefit decision
thing|giấy xác nhận thời gian đóng bảo hiểm|a confirmation of contributions
thing|quyết định trợ cấp một lần|a lump-sum benefit decision
agency|cthue
thing|mã số thuế|a tax number
thing|giấy xác nhận nghĩa vụ thuế|a tax clearance certificate
thing|thông báo lệ phí trước bạ|a registration fee notice
thing|thông báo tiền sử dụng đất|a land use fee notice
thing|quyết định hoàn thuế|a tax refund decision
thing|quyết định miễn, giảm thuế|a tax exemption decision
thing|giấy xác nhận cư trú thuế|a tax residence certificate
DATA
