/* Addresses of callers, told apart by what one caller has. */
#include "adapters/desk/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { NETWORK_BYTES = 8 };

/* Parsed and printed anew: of what a header says nothing else gets into the audit. */
void address_group(const char *text, char ret_address[ADDRESS_BYTES])
{
    struct in_addr four;
    struct in6_addr six;
    (void)snprintf(ret_address, ADDRESS_BYTES, "unknown");
    if (inet_pton(AF_INET, text, &four) == 1) {
        (void)inet_ntop(AF_INET, &four, ret_address, ADDRESS_BYTES);
    } else if (inet_pton(AF_INET6, text, &six) == 1 && IN6_IS_ADDR_V4MAPPED(&six)) {
        (void)inet_ntop(AF_INET, &six.s6_addr[12], ret_address, ADDRESS_BYTES);
    } else if (inet_pton(AF_INET6, text, &six) == 1) {
        memset(&six.s6_addr[NETWORK_BYTES], 0, sizeof six.s6_addr - NETWORK_BYTES);
        (void)inet_ntop(AF_INET6, &six, ret_address, ADDRESS_BYTES - 4);
        memcpy(ret_address + strlen(ret_address), "/64", 4);
    }
}

/* What stands before the last comma was said by the caller himself. */
void address_forwarded(const char *header, char ret_address[ADDRESS_BYTES])
{
    char text[ADDRESS_BYTES];
    const char *last = header == NULL ? NULL : strrchr(header, ',');
    last = last == NULL ? header : last + 1;
    if (last == NULL)
        last = "";
    last += strspn(last, " \t");
    (void)snprintf(text, sizeof text, "%.*s", (int)strcspn(last, " \t"), last);
    address_group(text, ret_address);
}
