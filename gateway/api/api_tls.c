/* The door over TLS: libmicrohttpd's GnuTLS. A client may show a certificate; whether it is one of
 * client_ca_file, and good now, is asked of GnuTLS for every request, for a connection may outlive
 * a certificate. Keys are wiped where they were read. */
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "gateway/api/api_parts.h"

enum { PEM_BYTES_MAX = 256 * 1024 };

static enum reason load(const char *path, bool is_secret, char **ret_text)
{
    struct buffer content;
    buffer_init(&content, PEM_BYTES_MAX);
    enum reason reason = is_secret ? file_read_secret(path, &content) : file_read(path, &content);
    if (reason == REASON_NOT_FOUND)
        reason = REASON_FILE_UNREADABLE;
    if (reason == REASON_NONE) {
        *ret_text = strndup((const char *)content.data, content.size);
        reason = *ret_text == NULL ? REASON_OUT_OF_MEMORY : REASON_NONE;
    }
    if (is_secret && content.data != NULL)
        explicit_bzero(content.data, content.size);
    buffer_release(&content);
    return reason;
}

enum reason api_tls_load(const struct api_doors *doors, struct api_tls *ret_tls)
{
    *ret_tls = (struct api_tls){NULL, NULL, NULL};
    enum reason reason = load(doors->certificate_file, false, &ret_tls->certificate);
    if (reason == REASON_NONE)
        reason = load(doors->key_file, true, &ret_tls->key);
    if (reason == REASON_NONE && doors->client_ca_file[0] != 0)
        reason = load(doors->client_ca_file, false, &ret_tls->client_ca);
    if (reason != REASON_NONE)
        api_tls_release(ret_tls);
    return reason;
}

void api_tls_release(struct api_tls *tls)
{
    if (tls->key != NULL)
        explicit_bzero(tls->key, strlen(tls->key));
    free(tls->key);
    free(tls->certificate);
    free(tls->client_ca);
    *tls = (struct api_tls){NULL, NULL, NULL};
}

static gnutls_session_t session_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info == NULL ? NULL : info->tls_session;
}

bool api_tls_is_known(struct MHD_Connection *connection)
{
    gnutls_session_t session = session_of(connection);
    unsigned status = 0, count = 0;
    return session != NULL && gnutls_certificate_get_peers(session, &count) != NULL && count > 0 &&
           gnutls_certificate_verify_peers2(session, &status) == GNUTLS_E_SUCCESS && status == 0;
}

/* A refusal is far smaller than what a socket takes at once. The end goes with it: the client sees
 * that this is all, and the other way stays open for the rest of what he sends. */
void api_send_last(const struct api_request *request, struct bytes bytes)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (request->door->kind == API_DOOR_TLS) {
        gnutls_session_t session = session_of(request->connection);
        if (session != NULL)
            (void)(gnutls_record_send(session, bytes.data, bytes.size) > 0 &&
                   gnutls_bye(session, GNUTLS_SHUT_WR) == GNUTLS_E_SUCCESS);
    } else if (info != NULL) {
        (void)send(info->connect_fd, bytes.data, bytes.size, MSG_NOSIGNAL);
        (void)shutdown(info->connect_fd, SHUT_WR);
    }
}
