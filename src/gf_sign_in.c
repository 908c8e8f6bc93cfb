/* SPDX-License-Identifier: MIT
 *
 * Signing in. A password or a token that is known goes with every request, and nothing is to be done. Else a client needs
 * something before it may send:
 *
 *     GF_NEEDS_TOKEN     its owner must supply one (gf_call_wants_token, gf_client_set_token)
 *     GF_NEEDS_LOGIN     POST /login, which sets session cookies
 *     GF_NEEDS_ROTATION  POST /api/user/auth-tokens/rotate: new cookies for the old ones
 *
 * One of the calls that lack it sends the login or the rotation as a request of its own; the others' requests are held
 * until it has ended, or for as long as it may take at most: no call depends on another that nobody drives any more.
 *
 * What authorizes has a generation, as has each request. A 401 to an older generation is simply sent again. One to the
 * present generation makes the client need a new one, and then the request is sent again: after a rotation, and after a
 * login, but not twice after the same.
 */
#include "gf_internal.h"

#include <stdio.h>

enum { LOGIN, ROTATION }; /* what a request of the purpose GF_SIGN_IN asks for */

/* How often one request may be sent again because of a 401. Two are of its own account (rotation, login); the others say
 * only that other calls have renewed in the meantime. */
enum { MOST_RENEWALS = 8 };

bool gf_is_login(const gf_exchange *x) { return x->purpose == GF_SIGN_IN && x->index == LOGIN; }

/* --------------------------------------------------------------------------------------------------- cookies -- */

/* The pair at `pair` of a list "a=b; c=d", and where the next one is. */
static gf_str next_pair(const char **pair) {
  size_t n = strcspn(*pair, ";");
  gf_str found = {*pair, n};
  *pair += n;
  while (**pair == ';' || **pair == ' ')
    (*pair)++;
  return found;
}

static gf_str name_of(gf_str pair) {
  const char *equals = memchr(pair.p, '=', pair.n);
  return (gf_str){pair.p, equals ? (size_t)(equals - pair.p) : 0};
}

/* "; Max-Age=0", which ends a cookie whatever its value. */
static bool is_over(gf_str attributes) {
  while (attributes.n) {
    const char *end = memchr(attributes.p + 1, ';', attributes.n - 1);
    gf_str one = {attributes.p + 1, (end ? (size_t)(end - attributes.p) : attributes.n) - 1};
    attributes = (gf_str){end, attributes.n - 1 - one.n};
    while (one.n && *one.p == ' ')
      one.p++, one.n--;
    if (one.n > 8 && gf_str_ieq((gf_str){one.p, 8}, "Max-Age=") && (one.p[8] == '0' || one.p[8] == '-'))
      return true;
  }
  return false;
}

/* A header "Set-Cookie: name=value; Path=/; …" as a pair; empty when it is none. */
static gf_str pair_of(gf_str header) {
  const char *end = header.n ? memchr(header.p, ';', header.n) : NULL;
  gf_str pair = {header.p, end ? (size_t)(end - header.p) : header.n};
  if (is_over((gf_str){end, header.n - pair.n})) pair.n = name_of(pair).n + 1;
  while (pair.n && pair.p[pair.n - 1] == ' ')
    pair.n--;
  for (size_t i = 0; i < pair.n; i++)
    if ((unsigned char)pair.p[i] <= ' ' || (unsigned char)pair.p[i] >= 127) return (gf_str){NULL, 0};
  return pair.n && name_of(pair).n ? pair : (gf_str){NULL, 0};
}

static void add_pair(gf_buf *list, gf_str pair) {
  if (list->n) gf_buf_add_str(list, "; ");
  gf_buf_add(list, pair.p, pair.n);
}

int gf_note_cookie(gf_call *call, gf_exchange *x, gf_str header) {
  gf_str pair = pair_of(header);
  if (!call->client->logs_in || pair.n == 0) return 0;
  add_pair(&x->cookies, pair);
  if (!x->cookies.failed || x->cookies.too_large) return 0; /* too many: as if there were none */
  call->lacks_memory = true;
  return -1;
}

static bool is_set(const char *cookies, gf_str name) {
  for (const char *at = cookies; *at;)
    if (gf_str_same(name_of(next_pair(&at)), name)) return true;
  return false;
}

/* Those of `old` that `new` does not set, then those of `new` that have a value: an empty one ends a cookie. */
static char *merge_cookies(const gf_allocator *alloc, const char *old, const char *new) {
  gf_buf list;
  gf_buf_init_secret(&list, alloc, 2 * GF_MAX_COOKIES + 2);
  for (const char *at = old; *at;) {
    gf_str pair = next_pair(&at);
    if (!is_set(new, name_of(pair))) add_pair(&list, pair);
  }
  for (const char *at = new; *at;) {
    gf_str pair = next_pair(&at);
    if (pair.n > name_of(pair).n + 1 && !is_set(at, name_of(pair))) add_pair(&list, pair);
  }
  return gf_buf_take(&list);
}

static void replace_secret(gf_client *client, char **secret, char *by) {
  gf_wipe(*secret);
  gf_free(&client->alloc, *secret);
  *secret = by;
}

/* False without memory. What would be too many with those that there are is left; a new session is begun without them. */
static bool take_cookies(gf_call *call, gf_exchange *x) {
  gf_client *client = call->client;
  if (x->cookies.n == 0 || x->cookies.failed) return true;
  const char *old = client->cookies && !gf_is_login(x) ? client->cookies : "";
  char *new = gf_buf_take(&x->cookies);
  char *all = new ? merge_cookies(&client->alloc, old, new) : NULL;
  if (all && strlen(all) > GF_MAX_COOKIES)
    replace_secret(client, &all, gf_strdup_n(&client->alloc, gf_z(old)));
  bool same = all && client->cookies && strcmp(all, client->cookies) == 0;
  gf_wipe(new);
  gf_free(&client->alloc, new);
  if (all) replace_secret(client, &client->cookies, all);
  if (all && !same) client->generation++;
  return all != NULL;
}

/* --------------------------------------------------------------------------------------------- what is lacking -- */

bool gf_is_held(const gf_call *call, const gf_exchange *x) {
  return call->client->needs && x->purpose != GF_SIGN_IN && !x->is_public;
}

bool gf_call_wants_token(const gf_call *call) {
  if (call->done || call->client->needs != GF_NEEDS_TOKEN) return false;
  for (const gf_exchange *x = call->exchanges; x; x = x->next)
    if (gf_is_held(call, x)) return true;
  return !call->started && !call->op->rule->is_public;
}

bool gf_client_set_token(gf_client *client, gf_str token, gf_error *error) {
  const char *problem = gf_token_problem(token);
  if (!client->asks_for_token) problem = "was not asked for";
  if (problem) {
    snprintf(error->message, sizeof error->message, "the token %s", problem);
    return false;
  }
  if (client->closed) return true;
  char *authorization = gf_bearer(&client->alloc, token), *copy = gf_strdup_n(&client->alloc, token);
  if (!authorization || !copy) {
    gf_wipe(authorization);
    gf_wipe(copy);
    gf_free(&client->alloc, authorization);
    gf_free(&client->alloc, copy);
    snprintf(error->message, sizeof error->message, "not enough memory");
    return false;
  }
  replace_secret(client, &client->authorization, authorization);
  replace_secret(client, &client->token, copy);
  client->generation++;
  client->needs = GF_NEEDS_NOTHING;
  return true;
}

/* ----------------------------------------------------------------------------------------------- asking for it -- */

/* Twice is as good as once, should the answer not come. */
static void ask_for_rotation(gf_call *call) {
  gf_buf body;
  gf_buf_init(&body, &call->client->alloc, GF_MAX_URL);
  gf_buf_add_str(&body, "{}");
  gf_ask ask = {.purpose = GF_SIGN_IN,
                .index = ROTATION,
                .method = "POST",
                .path = "/api/user/auth-tokens/rotate",
                .idempotent = true};
  gf_ask_with(call, &ask, &body);
}

static void ask_for_login(gf_call *call) {
  const gf_client *client = call->client;
  gf_buf body;
  size_t most = 6 * (strlen(client->user) + strlen(client->password)) + 32; /* "\u0000" for each byte */
  gf_buf_init_secret(&body, &client->alloc, most);
  gf_buf_add_str(&body, "{\"user\":");
  gf_add_json_string(&body, gf_z(client->user));
  gf_buf_add_str(&body, ",\"password\":");
  gf_add_json_string(&body, gf_z(client->password));
  gf_buf_add_char(&body, '}');
  gf_ask ask = {.purpose = GF_SIGN_IN, .index = LOGIN, .method = "POST", .path = "/login"};
  gf_ask_with(call, &ask, &body);
}

static bool has_held(const gf_call *call) {
  for (const gf_exchange *x = call->exchanges; x; x = x->next)
    if (gf_is_held(call, x)) return true;
  return false;
}

static gf_exchange *own_sign_in(gf_call *call) {
  gf_exchange *x = call->exchanges;
  while (x && x->purpose != GF_SIGN_IN)
    x = x->next;
  return x;
}

void gf_sign_in(gf_call *call, int64_t now_ms) {
  gf_client *client = call->client;
  gf_exchange *own = client->logs_in ? own_sign_in(call) : NULL;
  bool due = client->needs == GF_NEEDS_LOGIN || client->needs == GF_NEEDS_ROTATION;
  if (own && own->stage != GF_ON_WIRE && !due) { /* another was quicker */
    gf_exchange_free(call, own);
    gf_leave_sign_in(call);
  }
  if (own || !due || (client->renewer && now_ms < client->renewer_until) || !has_held(call)) return;
  client->renewer = call;
  if (client->needs == GF_NEEDS_ROTATION)
    ask_for_rotation(call);
  else
    ask_for_login(call);
  if (!call->done) gf_expect_sign_in(call, own_sign_in(call), now_ms);
}

void gf_expect_sign_in(gf_call *call, const gf_exchange *x, int64_t from_ms) {
  gf_client *client = call->client;
  if (x->purpose != GF_SIGN_IN || client->renewer != call) return;
  client->renewer_until = call->settings.timeout_ms ? from_ms + call->settings.timeout_ms : INT64_MAX;
}

void gf_put_off_sign_in(gf_client *client, int64_t until_ms) {
  const gf_call *renewer = client->renewer;
  if (!renewer || !renewer->settings.timeout_ms) return;
  int64_t latest = until_ms + renewer->settings.timeout_ms;
  if (latest > client->renewer_until) client->renewer_until = latest;
}

void gf_leave_sign_in(gf_call *call) {
  if (call->client->renewer == call) call->client->renewer = NULL;
}

/* ------------------------------------------------------------------------------------------------- its answers -- */

static void renewed(gf_client *client) {
  client->needs = GF_NEEDS_NOTHING;
  client->trusted = true;
}

/* What kept the client from signing in is the result of the call. */
static void fail_to_sign_in(gf_call *call, gf_exchange *x) {
  char words[sizeof x->verdict.words];
  if (x->verdict.status == GF_NOT_FOUND || x->verdict.reason == GF_UNSUPPORTED)
    x->verdict = (gf_verdict){.status = GF_ERROR,
                              .reason = GF_UNSUPPORTED,
                              .code = x->code,
                              .say = "this server offers no login by user and password"};
  if (x->verdict.reason != GF_BAD_CREDENTIALS) {
    snprintf(words, sizeof words, "could not log in: %.*s", (int)sizeof words - 24,
             x->verdict.say ? x->verdict.say : x->verdict.words);
    memcpy(x->verdict.words, words, sizeof words);
    x->verdict.say = NULL;
  }
  gf_finish(call, &x->verdict, x);
}

static void take_login(gf_call *call, gf_exchange *x) {
  bool sets_cookies = x->cookies.n > 0 && !x->cookies.failed;
  if (x->verdict.status != GF_OK) {
    fail_to_sign_in(call, x);
  } else if (!sets_cookies) {
    x->verdict =
        (gf_verdict){.status = GF_ERROR, .code = x->code, .say = "the server sets no session cookie"};
    fail_to_sign_in(call, x);
  } else if (!take_cookies(call, x)) {
    gf_lacks_memory(call);
  } else {
    renewed(call->client);
  }
}

/* A refusal means that the session has ended: a new one is due. */
static void take_rotation(gf_call *call, gf_exchange *x) {
  gf_client *client = call->client;
  if (x->verdict.status == GF_OK && take_cookies(call, x)) {
    client->generation++;
    renewed(client);
  } else if (x->verdict.status == GF_OK) {
    gf_lacks_memory(call);
  } else if (x->code >= 400 && x->code < 500 && x->code != 429) {
    client->needs = GF_NEEDS_LOGIN;
  } else {
    fail_to_sign_in(call, x);
  }
}

void gf_signed_in(gf_call *call, gf_exchange *x) {
  gf_leave_sign_in(call);
  if (call->client->needs == GF_NEEDS_NOTHING && x->verdict.status != GF_OK) return; /* another has done it */
  if (x->index == ROTATION)
    take_rotation(call, x);
  else
    take_login(call, x);
}

/* --------------------------------------------------------------------------------------------- sessions that end -- */

static bool wants_rotation(const gf_exchange *x) {
  gf_str kind;
  return x->doc && gf_value_string(gf_value_get(gf_doc_root(x->doc), "messageId"), &kind) &&
         gf_str_eq(kind, "session.token.rotate");
}

/* What a refusal of the present generation asks for; false when it has been had already. */
static bool need_anew(gf_client *client, gf_exchange *x) {
  bool rotate = client->logs_in && wants_rotation(x) && !x->rotated && !x->renewed;
  if (!rotate && x->renewed) return false;
  if (rotate)
    x->rotated = true;
  else
    x->renewed = true;
  if (client->needs) return true; /* another request has said so before */
  client->needs = !client->logs_in ? GF_NEEDS_TOKEN : rotate ? GF_NEEDS_ROTATION : GF_NEEDS_LOGIN;
  return true;
}

bool gf_send_again_anew(gf_call *call, gf_exchange *x) {
  gf_client *client = call->client;
  bool renewable = client->logs_in || client->asks_for_token;
  if (x->code != 401 || !renewable || x->is_public || x->purpose == GF_SIGN_IN) return false;
  if (x->renewals >= MOST_RENEWALS) return false;
  if (x->generation == client->generation && !need_anew(client, x)) return false;
  x->renewals++;
  x->attempts--;
  x->stage = GF_READY;
  gf_exchange_reset_answer(call, x);
  return true;
}

/* 9.3.2 rotates by itself, in the answer to any request. What an older generation is told is out of date. */
void gf_take_session(gf_call *call, gf_exchange *x) {
  if (x->purpose == GF_SIGN_IN || x->code >= 400 || x->generation != call->client->generation) return;
  if (!take_cookies(call, x)) gf_lacks_memory(call);
}
