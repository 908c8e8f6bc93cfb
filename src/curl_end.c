/* SPDX-License-Identifier: MIT
 *
 * curl_end.c: what libcurl's result codes mean to the core.
 */
#include "curl_internal.h"
#include <errno.h>
#include <string.h>

typedef struct end_row {
  CURLcode result;
  gf_how how;
  const char *detail; /* instead of libcurl's own words, where those say nothing to a person */
} end_row;

/* Codes that are not listed are GF_END_FAILED. The names are those that both 7.88 and 8.14 know. */
static const end_row rows[] = {
    {CURLE_COULDNT_RESOLVE_PROXY, GF_END_UNKNOWN_HOST, NULL},
    {CURLE_COULDNT_RESOLVE_HOST, GF_END_UNKNOWN_HOST, NULL},
    {CURLE_WEIRD_SERVER_REPLY, GF_END_CUT, "the answer is not HTTP"},
    {CURLE_UNSUPPORTED_PROTOCOL, GF_END_CUT, "the answer is not HTTP"},
    {CURLE_HTTP2, GF_END_CUT, NULL},
    {CURLE_HTTP2_STREAM, GF_END_CUT, NULL},
    {CURLE_PARTIAL_FILE, GF_END_CUT, NULL},
    {CURLE_GOT_NOTHING, GF_END_CUT, "the connection was closed without an answer"},
    {CURLE_SEND_ERROR, GF_END_CUT, NULL},
    {CURLE_RECV_ERROR, GF_END_CUT, NULL},
    {CURLE_SEND_FAIL_REWIND, GF_END_CUT, "the connection was closed without an answer"},
    {CURLE_ABORTED_BY_CALLBACK, GF_END_CUT, "the connection was closed without an answer"},
    {CURLE_BAD_CONTENT_ENCODING, GF_END_CUT, NULL},
    {CURLE_OPERATION_TIMEDOUT, GF_END_TIMEOUT, NULL},
    {CURLE_SSL_CONNECT_ERROR, GF_END_TLS, NULL},
    {CURLE_SSL_ENGINE_NOTFOUND, GF_END_TLS, NULL},
    {CURLE_SSL_ENGINE_SETFAILED, GF_END_TLS, NULL},
    {CURLE_SSL_ENGINE_INITFAILED, GF_END_TLS, NULL},
    {CURLE_SSL_CERTPROBLEM, GF_END_TLS, NULL},
    {CURLE_SSL_CIPHER, GF_END_TLS, NULL},
    {CURLE_PEER_FAILED_VERIFICATION, GF_END_TLS, NULL},
    {CURLE_USE_SSL_FAILED, GF_END_TLS, NULL},
    {CURLE_SSL_CACERT_BADFILE, GF_END_TLS, NULL},
    {CURLE_SSL_SHUTDOWN_FAILED, GF_END_TLS, NULL},
    {CURLE_SSL_CRL_BADFILE, GF_END_TLS, NULL},
    {CURLE_SSL_ISSUER_ERROR, GF_END_TLS, NULL},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, GF_END_TLS, NULL},
    {CURLE_SSL_INVALIDCERTSTATUS, GF_END_TLS, NULL},
    {CURLE_SSL_CLIENTCERT, GF_END_TLS, NULL},
    {CURLE_OUT_OF_MEMORY, GF_END_FAILED, NULL},
};

static const end_row *find_row(CURLcode result) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].result == result) return &rows[i];
  return NULL;
}

/* libcurl's words; not those with an @, which may quote a proxy with its password. */
static const char *words(const gfc_transfer *transfer, CURLcode result) {
  const char *own = transfer->error;
  if (*own && !strchr(own, '@')) return own;
  return result == CURLE_OUT_OF_MEMORY ? "out of memory" : curl_easy_strerror(result);
}

static gf_how not_connected(const gfc_transfer *transfer) {
  long error = 0;
  (void)curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &error);
  if (error == ECONNREFUSED) return GF_END_REFUSED;
  return error == ETIMEDOUT ? GF_END_TIMEOUT : GF_END_FAILED;
}

static bool proxy_refused(const gfc_transfer *transfer) {
  long code = 0;
  (void)curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &code);
  return code >= 300;
}

/* A server of TLS 1.3 tells only after the handshake that it does not like the client's certificate. */
static bool is_alert(const gfc_transfer *transfer) {
  return strstr(transfer->error, "SSL") && strstr(transfer->error, "alert");
}

/* The server did not like the client's certificate, or its lack: it has read nothing that came after the handshake. */
bool gfc_end_refused(const gfc_transfer *transfer, gf_how how) {
  return how == GF_END_TLS && is_alert(transfer) &&
         (strstr(transfer->error, "certificate") || strstr(transfer->error, "unknown ca"));
}

gf_how gfc_end_how(const gfc_transfer *transfer, CURLcode result, const char **detail) {
  *detail = NULL;
  if (transfer->dropped) return GF_END_DROPPED;
  if (result == CURLE_OK && transfer->head == GFC_HEAD_WHOLE) return GF_END_COMPLETE;
  *detail = "the connection was closed within the head of the answer";
  if (result == CURLE_OK) return GF_END_CUT;
  *detail = words(transfer, result);
  if (result == CURLE_COULDNT_CONNECT) return not_connected(transfer);
  const end_row *row = find_row(result);
  if (!row) return GF_END_FAILED;
  if (row->how == GF_END_CUT && !transfer->started && (row->detail || proxy_refused(transfer)))
    return GF_END_FAILED;
  if (row->how == GF_END_CUT && is_alert(transfer)) return GF_END_TLS;
  if (row->detail) *detail = row->detail;
  return row->how;
}
