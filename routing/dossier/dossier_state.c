/* The business states of a dossier and their followers; the numbers are the national portal's.
 *
 *   1 registered ─▶ 2 received ─▶ 4 processing ◀─▶ 5 supplement ◀── 1
 *       │                            │  ▲
 *       └─▶ 3 not accepted           │  ├────▶ 6 payment ──┐
 *                                    │  ▼                  ▼
 *                                    └─▶ 9 finished ◀──────┘ ─▶ 10 handed over
 *   7 withdrawn: from 1, 2, 4, 5, 6      8 stopped: from 4, 5, 6
 *   back to 4:   from 5, 6, and from 9 when the result was wrong
 *
 * Nothing here changes a state: callers ask dossier_may_move and keep the state themselves. What an
 * outbox or a synchronisation does with the dossier are other states (invariant 12). */
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

/* From unknown every state may follow: a portal or an office may first speak of a dossier when it
 * is half way through. The same state again is no fault, since its data may have changed. */
bool dossier_may_move(enum dossier_state from, enum dossier_state to)
{
    if (!dossier_state_is_known(to))
        return false;
    if (from == DOSSIER_UNKNOWN || from == to)
        return true;
    return dossier_state_is_known(from) && (states[from].next & (1u << to)) != 0;
}

/* For any number: what another program sent is shown before it is judged. */
const char *dossier_state_name(enum dossier_state state, enum language language)
{
    if ((uint32_t)state >= DOSSIER_STATES)
        return "?";
    return language_pick(language, states[state].vietnamese, states[state].english);
}
