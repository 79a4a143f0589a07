/* address - whose a call is, as far as waits, shares and the audit tell callers apart.
 *
 * IPv4 as it is; of IPv6 the network of 64 bits, for whoever has one address of it has all
 * (RFC 4291 §2.5.1, RFC 6177); IPv4 within IPv6 as IPv4. What is no address is "unknown".
 */
#pragma once

enum { ADDRESS_BYTES = 48 };

void address_group(const char *text, char ret_address[ADDRESS_BYTES]);
/* The last one of an X-Forwarded-For, which the proxy that we trust wrote; NULL: none. */
void address_forwarded(const char *header, char ret_address[ADDRESS_BYTES]);
