/* How many TLS handshakes each network may ask for: a handshake costs the loop's thread a
 * signature, and comes before anybody has shown a token. Each network has a rate of its own,
 * strangers together have another, and one that has shown a token or a certificate has more
 * (invariant 13). The table has API_CALLERS_MAX places; strangers give way first, and the one that
 * was heard of longest ago. */
#include "gateway/api/api_callers.h"

#include <netinet/in.h>
#include <string.h>

/* Filled up to at_once while nobody takes. Compared before it is added, since a place that is new
 * begins at the start of time. */
static bool rate_take(struct api_rate *rate, mono_t now, int64_t per_second, int64_t at_once)
{
    int64_t cost_ms = 1000 / per_second;
    int64_t most_ms = at_once * cost_ms;
    int64_t gained_ms = now.ms - rate->since.ms;
    rate->credit_ms = gained_ms < most_ms - rate->credit_ms ? rate->credit_ms + gained_ms : most_ms;
    rate->since = now;
    if (rate->credit_ms < cost_ms)
        return false;
    rate->credit_ms -= cost_ms;
    return true;
}

/* False: of another family than a TLS door has. */
static bool network_of(const struct sockaddr *address, uint8_t ret_network[8])
{
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;
    const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
    memset(ret_network, 0, 8);
    if (address->sa_family == AF_INET)
        memcpy(ret_network + 4, &four->sin_addr, sizeof four->sin_addr);
    else if (address->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
        memcpy(ret_network + 4, six->sin6_addr.s6_addr + 12, 4);
    else if (address->sa_family == AF_INET6)
        memcpy(ret_network, six->sin6_addr.s6_addr, 8);
    return address->sa_family == AF_INET || address->sa_family == AF_INET6;
}

static struct api_caller *find(struct api_callers *callers, const uint8_t network[8])
{
    for (size_t i = 0; i < callers->count; i++) {
        if (memcmp(callers->callers[i].network, network, 8) == 0)
            return &callers->callers[i];
    }
    return NULL;
}

/* A flood from many networks so drives out other strangers, and nobody who has worked here
 * before. */
static bool is_less_worth(const struct api_caller *one, const struct api_caller *other)
{
    return one->is_known != other->is_known ? other->is_known
                                            : one->rate.since.ms < other->rate.since.ms;
}

static struct api_caller *find_or_add(struct api_callers *callers, const uint8_t network[8])
{
    struct api_caller *caller = find(callers, network);
    if (caller != NULL)
        return caller;
    if (callers->count < API_CALLERS_MAX) {
        caller = &callers->callers[callers->count++];
    } else {
        caller = &callers->callers[0];
        for (size_t i = 1; i < callers->count; i++) {
            if (is_less_worth(&callers->callers[i], caller))
                caller = &callers->callers[i];
        }
    }
    *caller = (struct api_caller){.rate = {.since = {INT32_MIN}}};
    memcpy(caller->network, network, 8);
    return caller;
}

/* Of IPv6 by networks of 64 bits, as connections.c of the link has it. */
bool api_callers_admit(struct api_callers *callers, const struct sockaddr *address, mono_t now)
{
    uint8_t network[8];
    if (!network_of(address, network))
        return true;
    struct api_caller *caller = find_or_add(callers, network);
    if (caller->is_known)
        return rate_take(&caller->rate, now, API_KNOWN_HANDSHAKES, API_KNOWN_HANDSHAKES);
    return rate_take(&caller->rate, now, API_STRANGER_HANDSHAKES, API_STRANGERS_AT_ONCE) &&
           rate_take(&callers->strangers, now, API_STRANGERS_HANDSHAKES, API_STRANGERS_AT_ONCE);
}

void api_callers_know(struct api_callers *callers, const struct sockaddr *address)
{
    uint8_t network[8];
    if (network_of(address, network))
        find_or_add(callers, network)->is_known = true;
}
