/* SPDX-License-Identifier: MIT
 *
 * Clients: what calls to one server share. Secrets live here only. */
#include "gf_internal.h"

#include <stdio.h>

void gf_config_init(gf_config *config) {
  *config = (gf_config){0};
  config->timeout_ms = GF_DEFAULT_TIMEOUT_MS;
  config->connect_timeout_ms = GF_DEFAULT_CONNECT_TIMEOUT_MS;
  config->max_retries = GF_DEFAULT_MAX_RETRIES;
  config->backoff_first_ms = GF_DEFAULT_BACKOFF_FIRST_MS;
  config->backoff_max_ms = GF_DEFAULT_BACKOFF_MAX_MS;
  config->backoff_multiplier = 2.0;
  config->concurrency = GF_DEFAULT_CONCURRENCY;
  config->max_body = GF_DEFAULT_MAX_BODY;
  config->user_agent = gf_z("lua-grafana/" GF_VERSION);
  config->alloc = gf_default_allocator();
}

void gf_wipe(char *secret) {
  if (secret) gf_wipe_bytes(secret, strlen(secret));
}

static bool is_token_char(unsigned char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         (c && strchr("!#$%&'*+-.^_`|~", c));
}

const char *gf_header_problem(gf_header header) {
  static const char *const ours[] = {"Authorization",     "Host",       "Content-Length",  "Content-Type",
                                     "Transfer-Encoding", "Connection", "X-Grafana-Org-Id"};
  if (header.name.n == 0) return "has no name";
  for (size_t i = 0; i < header.name.n; i++)
    if (!is_token_char((unsigned char)header.name.p[i])) return "has a name that is no HTTP token";
  for (size_t i = 0; i < header.value.n; i++) {
    unsigned char c = (unsigned char)header.value.p[i];
    if ((c < ' ' && c != '\t') || c == 127) return "has a control character in its value";
  }
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
    if (gf_str_ieq(header.name, ours[i])) return "is set by the client itself";
  return NULL;
}

static bool fail(gf_error *error, const char *format, const char *what) {
  snprintf(error->message, sizeof error->message, format, what);
  return false;
}

static bool check_numbers(const gf_config *config, gf_error *error) {
  const int64_t most = INT64_C(1) << 40; /* 34 years: sums of such times do not overflow */
  const char *what = NULL;
  if (config->timeout_ms < 0 || config->timeout_ms > most) what = "timeout";
  if (config->connect_timeout_ms < 0 || config->connect_timeout_ms > most) what = "connect_timeout";
  if (config->deadline_ms < 0 || config->deadline_ms > most) what = "deadline";
  if (config->max_retries < 0) what = "max_retries";
  if (config->backoff_first_ms < 0 || config->backoff_max_ms < 0 || !(config->backoff_multiplier >= 1))
    what = "backoff_ms";
  if (config->backoff_first_ms > most || config->backoff_max_ms > most) what = "backoff_ms";
  if (config->concurrency < 1 || config->concurrency > GF_MAX_CONCURRENCY) what = "concurrency";
  if (config->max_body < 1 || config->max_body > SIZE_MAX / 4) what = "max_body";
  if (config->org.kind != GF_ARG_NIL && config->org.kind != GF_ARG_INT && config->org.kind != GF_ARG_NUMBER &&
      config->org.kind != GF_ARG_OWN)
    what = "org";
  return what ? fail(error, "option '%s' is out of range", what) : true;
}

static bool check_headers(const gf_config *config, gf_error *error) {
  if (config->n_headers > GF_MAX_SENT_HEADERS)
    return fail(error, "option '%s' holds too many headers", "headers");
  for (size_t i = 0; i < config->n_headers; i++) {
    const char *problem = gf_header_problem(config->headers[i]);
    if (!problem) continue;
    int shown = config->headers[i].name.n > 40 ? 40 : (int)config->headers[i].name.n;
    snprintf(error->message, sizeof error->message, "option 'headers': '%.*s' %s", shown,
             config->headers[i].name.p, problem);
    return false;
  }
  return true;
}

static bool has_control(gf_str text) {
  for (size_t i = 0; i < text.n; i++)
    if ((unsigned char)text.p[i] < ' ' || text.p[i] == 127) return true;
  return false;
}

const char *gf_token_problem(gf_str token) {
  if (token.n == 0) return "is empty";
  return has_control(token) ? "holds a control character" : NULL;
}

static bool check_config(const gf_config *config, gf_error *error) {
  const char *problem;
  if (gf_url_problem(config->url, &problem)) return fail(error, "argument 'url': %s", problem);
  if (has_control(config->user_agent))
    return fail(error, "option '%s' holds a control character", "user_agent");
  if (config->token.n && gf_token_problem(config->token))
    return fail(error, "the token %s", gf_token_problem(config->token));
  if (has_control(config->user) || has_control(config->password))
    return fail(error, "the %s holds a control character", "user or the password");
  if (config->user.n && !config->logs_in && memchr(config->user.p, ':', config->user.n))
    return fail(error, "the %s holds a colon, which basic authentication cannot send", "user");
  return check_numbers(config, error) && check_headers(config, error);
}

static void add_base64(gf_buf *buf, const char *bytes, size_t n) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < n; i += 3) {
    unsigned three = (unsigned)(unsigned char)bytes[i] << 16;
    if (i + 1 < n) three |= (unsigned)(unsigned char)bytes[i + 1] << 8;
    if (i + 2 < n) three |= (unsigned char)bytes[i + 2];
    char four[4] = {digits[three >> 18], digits[three >> 12 & 63], i + 1 < n ? digits[three >> 6 & 63] : '=',
                    i + 2 < n ? digits[three & 63] : '='};
    gf_buf_add(buf, four, 4);
  }
}

static char *basic_authorization(const gf_allocator *alloc, gf_str user, gf_str password) {
  gf_buf plain, header;
  size_t size = user.n + password.n + 1;
  gf_buf_init(&plain, alloc, size);
  gf_buf_init(&header, alloc, GF_MAX_URL);
  if (gf_buf_reserve(&plain, size) &&
      gf_buf_reserve(&header, size * 4 / 3 + 16)) { /* no copies left behind */
    gf_buf_add(&plain, user.p, user.n);
    gf_buf_add_char(&plain, ':');
    gf_buf_add(&plain, password.p, password.n);
    gf_buf_add_str(&header, "Basic ");
    add_base64(&header, plain.p, plain.n);
  }
  bool failed = plain.failed || header.failed;
  if (plain.p) gf_wipe_bytes(plain.p, plain.n);
  gf_buf_free(&plain);
  if (failed) gf_buf_free(&header);
  return failed ? NULL : gf_buf_take(&header);
}

static char *join(const gf_allocator *alloc, const char *a, gf_str b, const char *c) {
  gf_buf buf;
  gf_buf_init(&buf, alloc, GF_MAX_URL);
  gf_buf_reserve(&buf, strlen(a) + b.n + strlen(c));
  gf_buf_add_str(&buf, a);
  gf_buf_add(&buf, b.p, b.n);
  gf_buf_add_str(&buf, c);
  return gf_buf_take(&buf);
}

char *gf_bearer(const gf_allocator *alloc, gf_str token) { return join(alloc, "Bearer ", token, ""); }

static bool copy_password(gf_client *client, const gf_config *config) {
  const gf_allocator *alloc = &client->alloc;
  client->logs_in = config->logs_in;
  client->needs = config->logs_in ? GF_NEEDS_LOGIN : GF_NEEDS_NOTHING;
  if (!config->logs_in) client->authorization = basic_authorization(alloc, config->user, config->password);
  client->auth = join(alloc, config->logs_in ? "regular-login as " : "basic-auth as ", config->user, "");
  client->user = gf_strdup_n(alloc, config->user);
  client->password = gf_strdup_n(alloc, config->password);
  return (client->authorization || client->logs_in) && client->auth && client->user && client->password;
}

static bool copy_token(gf_client *client, const gf_config *config) {
  const gf_allocator *alloc = &client->alloc;
  client->asks_for_token = config->token.n == 0;
  client->needs = client->asks_for_token ? GF_NEEDS_TOKEN : GF_NEEDS_NOTHING;
  client->auth = gf_strdup_n(alloc, gf_z("token"));
  if (client->asks_for_token) return client->auth != NULL;
  client->authorization = gf_bearer(alloc, config->token);
  client->token = gf_strdup_n(alloc, config->token);
  return client->authorization && client->auth && client->token;
}

static bool copy_credentials(gf_client *client, const gf_config *config) {
  if (config->user.n) return copy_password(client, config);
  client->trusted = true; /* a refused token locks nothing */
  if (config->token.n || config->asks_for_token) return copy_token(client, config);
  client->auth =
      gf_strdup_n(&client->alloc, gf_z(config->has_certificate ? "client certificate" : "anonymous"));
  return client->auth != NULL;
}

static bool copy_headers(gf_client *client, const gf_config *config) {
  if (config->n_headers == 0) return true;
  client->headers = gf_zalloc(&client->alloc, config->n_headers * sizeof *client->headers);
  if (!client->headers) return false;
  for (size_t i = 0; i < config->n_headers; i++) {
    gf_header *header = &client->headers[i];
    header->name = gf_z(gf_strdup_n(&client->alloc, config->headers[i].name));
    header->value = gf_z(gf_strdup_n(&client->alloc, config->headers[i].value));
    client->n_headers = i + 1;
    if (!header->name.p || !header->value.p) return false;
  }
  return true;
}

static bool copy_org(gf_client *client, const gf_arg *org) {
  char digits[24];
  client->org.kind = org->kind;
  if (org->kind != GF_ARG_INT && org->kind != GF_ARG_NUMBER) return true;
  gf_str text = org->string;
  if (org->kind == GF_ARG_INT) text = gf_digits(org->integer, digits);
  client->org.string = gf_z(gf_strdup_n(&client->alloc, text));
  client->org.kind = GF_ARG_NUMBER;
  return client->org.string.p != NULL;
}

/* Scheme and host are the same in any case: small letters make origins comparable. */
static void lower_origin(gf_client *client) {
  for (size_t i = 0; i < client->origin; i++)
    if (client->url[i] >= 'A' && client->url[i] <= 'Z') client->url[i] = (char)(client->url[i] + 32);
}

static bool copy_url(gf_client *client, gf_str url) {
  while (url.n && url.p[url.n - 1] == '/')
    url.n--;
  client->url = gf_strdup_n(&client->alloc, url);
  if (!client->url) return false;
  client->origin = gf_url_origin(client->url);
  lower_origin(client);
  return true;
}

static void copy_settings(gf_client *client, const gf_config *config) {
  client->settings =
      (gf_settings){config->timeout_ms,         config->connect_timeout_ms, config->deadline_ms,
                    config->max_retries,        config->backoff_first_ms,   config->backoff_max_ms,
                    config->backoff_multiplier, config->concurrency,        config->max_body};
  client->random = config->random;
  client->random_ctx = config->random_ctx;
}

gf_client *gf_client_new(const gf_config *config, gf_error *error) {
  if (!check_config(config, error)) return NULL;
  gf_client *client = gf_zalloc(&config->alloc, sizeof *client);
  if (client) {
    client->refs = 1;
    client->alloc = config->alloc;
    copy_settings(client, config);
    gf_window_init(client);
    client->user_agent = gf_strdup_n(&client->alloc, config->user_agent);
    if (client->user_agent && copy_url(client, config->url) && copy_credentials(client, config) &&
        copy_headers(client, config) && copy_org(client, &config->org))
      return client;
    gf_client_release(client);
  }
  fail(error, "%s", "not enough memory");
  return NULL;
}

gf_client *gf_client_retain(gf_client *client) {
  client->refs++;
  return client;
}

static void wipe_secrets(gf_client *client) {
  gf_wipe(client->password);
  gf_wipe(client->token);
  gf_wipe(client->authorization);
  gf_wipe(client->cookies);
  for (gf_call *call = client->calls; call; call = call->next)
    for (int i = 0; i < GF_HEADER_SETS; i++)
      for (gf_header_set *set = call->header_sets[i]; set; set = set->older)
        gf_wipe(set->secret);
}

void gf_client_close(gf_client *client) {
  if (client->closed) return;
  client->closed = true;
  const gf_verdict closed = {.status = GF_ERROR, .reason = GF_CLOSED, .say = "the client was closed"};
  for (gf_call *call = client->calls; call; call = call->next) {
    if (!call->done) call->n_fields = 0;
    gf_finish(call, &closed, NULL);
  }
  wipe_secrets(client);
}

int gf_client_concurrency(const gf_client *client) { return client->settings.concurrency; }
unsigned gf_client_refusals(const gf_client *client) { return client->refusals; }
bool gf_client_is_closed(const gf_client *client) { return client->closed; }
const char *gf_client_url(const gf_client *client) { return client->url; }
const char *gf_client_auth(const gf_client *client) { return client->auth; }

static void free_strings(gf_client *client) {
  char *strings[] = {client->url,      client->user_agent, client->user,
                     client->password, client->token,      client->authorization,
                     client->cookies,  client->auth,       (char *)client->org.string.p};
  for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
    gf_free(&client->alloc, strings[i]);
}

void gf_client_release(gf_client *client) {
  if (!client || --client->refs > 0) return;
  wipe_secrets(client);
  free_strings(client);
  gf_server_forget(client);
  for (size_t i = 0; i < client->n_headers; i++) {
    gf_free(&client->alloc, (char *)client->headers[i].name.p);
    gf_free(&client->alloc, (char *)client->headers[i].value.p);
  }
  gf_allocator alloc = client->alloc;
  gf_free(&alloc, client->headers);
  gf_free(&alloc, client);
}

void gf_redact(char *text, const char *secret) {
  size_t n = secret ? strlen(secret) : 0, length = strlen(text);
  if (n < 3) return; /* would blank out half of any sentence, and betray itself by that */
  for (char *at = strstr(text, secret); at; at = strstr(at + n, secret))
    memset(at, '*', n);
  for (size_t part = n - 1; part > 3; part--) { /* the text may have been cut within it */
    if (part > length || memcmp(text + length - part, secret, part) != 0) continue;
    memset(text + length - part, '*', part);
    return;
  }
}

/* The values of a list "a=b; c=d". */
static void redact_cookies(char *cookies, char *text) {
  for (char *at = cookies; at && *at;) {
    char *value = at + strcspn(at, "=;"), *end = value + strcspn(value, ";"), kept = *end;
    *end = 0;
    if (*value) gf_redact(text, value + 1);
    *end = kept;
    at = end + strspn(end, "; ");
  }
}

void gf_redact_header(char *text, char *header, bool is_cookie) {
  const char *space = header && !is_cookie ? strchr(header, ' ') : NULL;
  if (is_cookie) redact_cookies(header, text);
  if (space) gf_redact(text, space + 1);
}

void gf_client_redact(const gf_client *client, char *text) {
  if (client->password && strcmp(client->password, client->user) != 0)
    gf_redact(text, client->password); /* else it is told anyway */
  gf_redact(text, client->token);
  gf_redact_header(text, client->authorization, false);
  gf_redact_header(text, client->cookies, true);
}
