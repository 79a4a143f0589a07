/* OpenSSL tells of a lack of memory only by its error queue, which belongs to the thread. Looking
 * for it empties the queue, for what is left there would be found by the next call. Who asks has
 * cleared the queue before the call that it asks about. */
#include "proto/seal/openssl_error.h"

#include <openssl/err.h>

bool openssl_ran_out_of_memory(void)
{
    bool found = false;
    for (unsigned long error = ERR_get_error(); error != 0; error = ERR_get_error())
        found = found || ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
    return found;
}
