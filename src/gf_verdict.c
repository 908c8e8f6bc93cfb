/* SPDX-License-Identifier: MIT
 *
 * What an answer means, as far as that is the same for all operations. What the message of one server's 500 means for
 * one operation is in its row (gf_ops.c).
 */
#include "gf_internal.h"

#include <stdio.h>

gf_str gf_server_message(const gf_exchange *x) {
  gf_str message = {NULL, 0};
  if (x->doc) gf_value_string(gf_value_get(gf_doc_root(x->doc), "message"), &message);
  return message;
}

/* 404 with {"message":"Not found"} and nothing else but an empty traceID: there is no such route (FACTS.md). */
bool gf_is_no_route(const gf_exchange *x) {
  if (x->code != 404 || !x->doc || !gf_str_eq(gf_server_message(x), "Not found")) return false;
  gf_value root = gf_doc_root(x->doc);
  gf_str trace = {NULL, 0};
  if (gf_value_len(root) == 1) return true;
  return gf_value_len(root) == 2 && gf_value_string(gf_value_get(root, "traceID"), &trace) && trace.n == 0;
}

static void judge(gf_verdict *v, gf_status status, gf_reason reason, const char *say) {
  v->status = status;
  v->reason = reason;
  v->say = say;
}

/* How much of `text` there is room for, in whole characters. */
static size_t whole_characters(gf_str text, size_t most) {
  if (text.n <= most) return text.n;
  size_t n = most;
  while (n > 0 && ((unsigned char)text.p[n] & 0xC0) == 0x80)
    n--;
  return n;
}

/* `n` bytes of others' words and a zero, without what would upset a terminal. */
static void calm(char *text, size_t n) {
  for (size_t i = 0; i < n; i++)
    if ((unsigned char)text[i] < ' ' || text[i] == 127) text[i] = ' ';
  text[n] = 0;
}

/* The server's own words become the sentence. */
static void quote_server(gf_exchange *x, const char *before) {
  gf_str message = gf_server_message(x);
  char *out = x->verdict.words;
  size_t size = sizeof x->verdict.words, at = (size_t)snprintf(out, size, "%s", before);
  if (message.n == 0) {
    snprintf(out + at, size - at, "the server answered with code %d", x->code);
    return;
  }
  size_t most = size - 1 - at < GF_MAX_SERVER_WORDS ? size - 1 - at : GF_MAX_SERVER_WORDS;
  size_t n = whole_characters(message, most);
  memcpy(out + at, message.p, n);
  calm(out + at, n);
}

static void judge_words(gf_exchange *x, gf_status status, gf_reason reason, const char *before) {
  judge(&x->verdict, status, reason, NULL);
  quote_server(x, before);
}

static void judge_refusal(gf_call *call, gf_exchange *x) {
  const char *auth = call->client->auth;
  bool anonymous = strcmp(auth, "anonymous") == 0;
  char before[160];
  snprintf(before, sizeof before, "the server %s (%.100s): ",
           anonymous ? "lets nobody in without credentials" : "does not accept these credentials", auth);
  judge_words(x, GF_ACCESS_DENIED, GF_BAD_CREDENTIALS, before);
}

static void judge_missing(gf_exchange *x) {
  if (gf_is_no_route(x))
    judge(&x->verdict, GF_ERROR, GF_UNSUPPORTED, "this server has no such operation");
  else
    judge_words(x, GF_NOT_FOUND, GF_REASON_NONE, "");
}

/* 409 and 412 say which kind of conflict in "status". */
static void judge_conflict(gf_exchange *x) {
  gf_str kind = {NULL, 0}, message = gf_server_message(x);
  if (x->doc) gf_value_string(gf_value_get(gf_doc_root(x->doc), "status"), &kind);
  gf_reason reason = GF_REASON_NONE;
  if (gf_str_eq(kind, "version-mismatch") || gf_str_contains_ci(message, "by someone else"))
    reason = GF_VERSION_MISMATCH;
  else if (gf_str_eq(kind, "name-exists") || gf_str_contains_ci(message, "same name"))
    reason = GF_NAME_EXISTS;
  else if (gf_str_contains_ci(message, "same uid"))
    reason = GF_UID_EXISTS;
  judge_words(x, GF_ALREADY_EXISTS, reason, "");
}

static void judge_server_trouble(gf_exchange *x) {
  bool unavailable = x->code == 502 || x->code == 503 || x->code == 504;
  judge_words(x, GF_ERROR, unavailable ? GF_UNAVAILABLE : GF_SERVER_ERROR, "");
  x->verdict.code = x->code;
  if (unavailable && gf_is_write(x)) x->maybe_arrived = true; /* a gateway may have passed it on */
}

static void judge_code(gf_call *call, gf_exchange *x) {
  switch (x->code) {
  case 401: judge_refusal(call, x); return;
  case 403: judge_words(x, GF_ACCESS_DENIED, GF_FORBIDDEN, ""); return;
  case 404: judge_missing(x); return;
  case 409:
  case 412: judge_conflict(x); return;
  case 429: judge(&x->verdict, GF_ERROR, GF_RATE_LIMITED, "the server asks for fewer requests (429)"); return;
  case 400:
  case 413:
  case 422: judge_words(x, GF_INVALID_DATA, GF_REASON_NONE, ""); return;
  default: break;
  }
  if (x->code >= 500)
    judge_server_trouble(x);
  else
    judge_words(x, GF_ERROR, GF_REASON_NONE, "");
}

/* What nginx says, in HTML, to who came without a client certificate, or with one of a stranger. */
static bool wants_certificate(const gf_exchange *x) {
  return x->is_html && x->code == 400 &&
         gf_str_contains_ci((gf_str){x->body.p, x->body.n}, "SSL certificate");
}

/* Is there a JSON document where one is due? */
static bool has_document(gf_call *call, gf_exchange *x) {
  if (x->doc || x->skimmed || gf_answer_is_one(call, x)) return true;
  bool success = x->code >= 200 && x->code < 300;
  if (x->is_empty && success && (call->op->rule->empty_is_fine || strcmp(x->req.method, "GET") != 0))
    return true;
  if (wants_certificate(x))
    judge(
        &x->verdict, GF_ERROR, GF_TLS,
        "the server does not accept this client's certificate, or wants one: connect's options cert and key");
  else if (x->is_html)
    judge(&x->verdict, GF_ERROR, GF_NOT_GRAFANA,
          "the answer is a web page, not Grafana's: is the url right, or a proxy between?");
  else if (x->is_empty)
    judge(&x->verdict, GF_ERROR, GF_INVALID_JSON, "the answer is empty where JSON is due");
  else if (x->is_json || success)
    judge(&x->verdict, GF_ERROR, GF_INVALID_JSON, "the answer is not valid JSON");
  else
    judge(&x->verdict, GF_ERROR, GF_NOT_GRAFANA,
          "the answer is not Grafana's: is the url right, or a proxy between?");
  return false;
}

/* Codes that keep their meaning whoever says them, a proxy too. */
static bool speaks_for_itself(int code) { return code == 429 || code == 502 || code == 503 || code == 504; }

static void note_trust(gf_call *call, gf_exchange *x) {
  gf_client *client = call->client;
  if (x->is_public || (client->logs_in && !gf_is_login(x)))
    return;                                 /* a session may end, whatever the password */
  if (x->code == 401 && client->password) { /* it may have been changed since it was accepted */
    client->refusals++;
    client->trusted = false;
  } else if ((x->doc || x->skimmed) && x->code != 401 && x->code != 429 && x->code < 500) {
    client->trusted = true; /* 429 comes before anybody looks at them */
  }
}

static const char *what_is_too_large(const gf_exchange *x) {
  bool head = x->head_lines > GF_MAX_HEADERS || x->head_bytes > GF_MAX_HEADERS_BYTES;
  return head ? "the head of the answer is larger than the client takes"
              : "the answer is larger than max_body allows";
}

void gf_judge_answer(gf_call *call, gf_exchange *x) {
  x->verdict = (gf_verdict){.code = x->code};
  note_trust(call, x);
  if (x->too_large)
    judge(&x->verdict, GF_ERROR, GF_TOO_LARGE, what_is_too_large(x));
  else if (x->code < 200)
    judge(&x->verdict, GF_ERROR, GF_NOT_GRAFANA, "the answer has no code that HTTP knows");
  else if (x->code >= 300 && x->code < 400)
    judge(&x->verdict, GF_ERROR, GF_REDIRECT,
          "the server redirects to where the client does not follow: is the url right?");
  else if (x->code == 401)
    judge_refusal(call, x); /* a proxy before Grafana may ask for credentials too */
  else if (speaks_for_itself(x->code))
    judge_code(call, x);
  else if (has_document(call, x) && x->code >= 300)
    judge_code(call, x);
  if (!x->verdict.say)
    gf_exchange_redact(call, x, x->verdict.words); /* it may be another's turn by the end */
}

/* What was not sent had no connection. */
static void judge_timeout(gf_exchange *x, bool sent) {
  long long ms = x->req.timeout_ms, connect_ms = x->req.connect_timeout_ms;
  const char *what = sent ? "answer" : "connection";
  if (!sent && connect_ms > 0 && (ms == 0 || connect_ms < ms)) ms = connect_ms;
  judge(&x->verdict, GF_ERROR, GF_TIMEOUT, NULL);
  if (ms > 0)
    snprintf(x->verdict.words, sizeof x->verdict.words, "no %s within %lld ms", what, ms);
  else
    snprintf(x->verdict.words, sizeof x->verdict.words, "no %s in time", what);
}

static void judge_deadline(const gf_call *call, gf_exchange *x) {
  judge(&x->verdict, GF_ERROR, GF_DEADLINE, NULL);
  snprintf(x->verdict.words, sizeof x->verdict.words, "no result within the deadline of %lld ms",
           (long long)call->settings.deadline_ms);
}

enum { MAX_DETAIL = 120 };

/* The transport's words, as far as there is room: without secrets, which in the midst of a sentence would not be known
 * again once they are cut. */
static void quote_transport(gf_call *call, const gf_exchange *x, const char *detail, char *out) {
  size_t n = whole_characters(gf_z(detail ? detail : ""), MAX_DETAIL);
  if (n) memcpy(out, detail, n);
  out[n] = 0;
  gf_exchange_redact(call, x, out);
  gf_redact_arguments(call, out);
  calm(out, strlen(out));
}

/* Do the transport's words name the host of the client's URL? If not, it is a proxy that they tell of. */
static bool names_host(const gf_call *call, const char *detail) {
  const char *at = strstr(call->client->url, "://");
  char host[256];
  size_t n = at ? strcspn(at + 3, ":/") : 0;
  if (n == 0 || n >= sizeof host) return true;
  memcpy(host, at + 3, n);
  host[n] = 0;
  return strstr(detail, host) != NULL;
}

void gf_judge_failure(gf_call *call, gf_exchange *x, gf_how how, bool sent, const char *detail,
                      bool past_deadline) {
  static const struct {
    gf_status status;
    gf_reason reason;
    const char *words;
    bool with_detail; /* the transport's words always say more */
  } kinds[] = {
      [GF_END_CUT] = {GF_ERROR, GF_CUT, "the connection broke before the answer was whole:", true},
      [GF_END_UNKNOWN_HOST] = {GF_UNKNOWN_HOST, GF_REASON_NONE, "there is no such host:", false},
      [GF_END_REFUSED] = {GF_CONNECTION_REFUSED, GF_REASON_NONE, "nobody listens at", false},
      [GF_END_TLS] = {GF_ERROR, GF_TLS, "no secure connection to", true},
      [GF_END_FAILED] = {GF_ERROR, GF_REASON_NONE, "the request failed:", true},
  };
  x->verdict = (gf_verdict){.code = how == GF_END_CUT ? x->code : 0};
  if (how == GF_END_TIMEOUT && past_deadline) {
    judge_deadline(call, x);
  } else if (how == GF_END_TIMEOUT) {
    judge_timeout(x, sent);
  } else if (how == GF_END_DROPPED) {
    judge(&x->verdict, GF_ERROR, x->too_large ? GF_TOO_LARGE : GF_REASON_NONE,
          x->too_large ? what_is_too_large(x) : "the answer could not be taken");
    x->verdict.code = x->code;
  } else {
    char words[MAX_DETAIL + 1];
    quote_transport(call, x, detail, words);
    bool more = *words && (kinds[how].with_detail || !names_host(call, words));
    judge(&x->verdict, kinds[how].status, kinds[how].reason, NULL);
    snprintf(x->verdict.words, sizeof x->verdict.words, "%s %.120s%s%s%s", kinds[how].words,
             call->client->url, more ? " (" : "", more ? words : "", more ? ")" : "");
  }
}

void gf_judge_broken(gf_exchange *x, const char *say) {
  x->verdict = (gf_verdict){.status = GF_ERROR, .reason = GF_INVALID_JSON, .code = x->code, .say = say};
}

void gf_judge_by_rules(gf_call *call, gf_exchange *x) {
  const gf_answer_rule *rules = call->op->rule->rules;
  size_t count = sizeof call->op->rule->rules / sizeof *rules;
  if (x->code < 300 || !x->doc || gf_is_no_route(x)) return;
  if (x->verdict.status == GF_OK) return; /* a second DELETE that found nothing: settled already */
  for (size_t i = 0; i < count && rules[i].code; i++) {
    if (rules[i].code != x->code) continue;
    if (rules[i].message && !gf_str_contains_ci(gf_server_message(x), rules[i].message)) continue;
    x->verdict.status = rules[i].is;
    x->verdict.reason = rules[i].reason;
    if (rules[i].say) x->verdict.say = rules[i].say;
    return;
  }
}
