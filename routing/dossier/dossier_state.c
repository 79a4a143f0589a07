#include "routing/dossier/dossier_state.h"

struct state_row {
    const char *vietnamese;
    const char *english;
    uint16_t next; /* one bit per state that may follow */
};

#define TO(state) (1u << DOSSIER_##state)

static const struct state_row states[DOSSIER_STATES] = {
    [DOSSIER_UNKNOWN] = {"Chưa báo", "Not reported", 0},
    [DOSSIER_REGISTERED] = {"Mới đăng ký", "Registered",
                            TO(RECEIVED) | TO(NOT_ACCEPTED) | TO(SUPPLEMENT) | TO(WITHDRAWN)},
    [DOSSIER_RECEIVED] = {"Được tiếp nhận", "Received", TO(PROCESSING) | TO(WITHDRAWN)},
    [DOSSIER_NOT_ACCEPTED] = {"Không được tiếp nhận", "Not accepted", 0},
    [DOSSIER_PROCESSING] = {"Đang xử lý", "Processing",
                            TO(SUPPLEMENT) | TO(PAYMENT) | TO(WITHDRAWN) | TO(STOPPED) |
                                TO(FINISHED)},
    [DOSSIER_SUPPLEMENT] = {"Yêu cầu bổ sung giấy tờ", "Supplement requested",
                            TO(PROCESSING) | TO(WITHDRAWN) | TO(STOPPED)},
    [DOSSIER_PAYMENT] = {"Yêu cầu thực hiện nghĩa vụ tài chính", "Payment requested",
                         TO(PROCESSING) | TO(WITHDRAWN) | TO(STOPPED) | TO(FINISHED)},
    [DOSSIER_WITHDRAWN] = {"Công dân yêu cầu rút hồ sơ", "Withdrawn by the citizen", 0},
    [DOSSIER_STOPPED] = {"Dừng xử lý", "Stopped", 0},
    [DOSSIER_FINISHED] = {"Đã xử lý xong", "Finished", TO(PROCESSING) | TO(HANDED_OVER)},
    [DOSSIER_HANDED_OVER] = {"Đã trả kết quả", "Handed over", 0},
};

bool dossier_state_is_known(uint32_t number)
{
    return number >= DOSSIER_REGISTERED && number <= DOSSIER_HANDED_OVER;
}

bool dossier_may_move(enum dossier_state from, enum dossier_state to)
{
    if (!dossier_state_is_known(to))
        return false;
    if (from == DOSSIER_UNKNOWN || from == to)
        return true;
    return dossier_state_is_known(from) && (states[from].next & (1u << to)) != 0;
}

bool dossier_state_is_end(enum dossier_state state)
{
    return dossier_state_is_known(state) && states[state].next == 0;
}

const char *dossier_state_name(enum dossier_state state, enum language language)
{
    if ((uint32_t)state >= DOSSIER_STATES)
        return "?";
    return language_pick(language, states[state].vietnamese, states[state].english);
}
