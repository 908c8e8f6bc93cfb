/* SPDX-License-Identifier: MIT
 *
 * URLs: checking a server's, percent-encoding, path templates, redirects. */
#include "gf_internal.h"

static bool is_unreserved(unsigned char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~';
}

static void add_escaped(gf_buf *buf, unsigned char c) {
  static const char hex[] = "0123456789ABCDEF";
  char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};
  gf_buf_add(buf, escaped, 3);
}

/* A name that is "." or ".." would change the path: its dots are encoded. */
static bool is_dots(gf_str text) { return gf_str_eq(text, ".") || gf_str_eq(text, ".."); }

void gf_add_encoded(gf_buf *buf, gf_str text) {
  bool dots = is_dots(text);
  size_t plain = 0;
  for (size_t i = 0; i < text.n; i++) {
    unsigned char c = (unsigned char)text.p[i];
    if (is_unreserved(c) && !dots) continue;
    gf_buf_add(buf, text.p + plain, i - plain);
    add_escaped(buf, c);
    plain = i + 1;
  }
  if (plain < text.n) gf_buf_add(buf, text.p + plain, text.n - plain);
}

void gf_add_query(gf_buf *buf, const char *name, gf_str value) {
  if (buf->n) gf_buf_add_char(buf, '&');
  gf_buf_add_str(buf, name);
  gf_buf_add_char(buf, '=');
  gf_add_encoded(buf, value);
}

static bool add_variable(gf_buf *buf, const gf_call *call, const char *from, size_t n) {
  char name[32], digits[24];
  gf_str text;
  if (n >= sizeof name) return false;
  memcpy(name, from, n);
  name[n] = 0;
  if (!gf_get_var(call, name, &text, digits)) return false;
  gf_add_encoded(buf, text);
  return true;
}

bool gf_add_path(gf_buf *buf, const gf_call *call, const char *path) {
  for (;;) {
    const char *open = strchr(path, '{');
    if (!open) break;
    const char *close = strchr(open, '}');
    gf_buf_add(buf, path, (size_t)(open - path));
    if (!add_variable(buf, call, open + 1, (size_t)(close - open) - 1)) return false;
    path = close + 1;
  }
  gf_buf_add_str(buf, path);
  return true;
}

size_t gf_url_origin(const char *url) {
  const char *start = strstr(url, "://");
  start = start ? start + 3 : url;
  return (size_t)(start - url) + strcspn(start, "/?#");
}

static bool has_odd_byte(gf_str url) {
  for (size_t i = 0; i < url.n; i++) {
    unsigned char c = (unsigned char)url.p[i];
    if (c <= ' ' || c == 127 || c == '<' || c == '>' || c == '"' || c == '\\') return true;
  }
  return false;
}

static bool starts_with_scheme(gf_str url, size_t *n) {
  if (url.n >= 7 && gf_str_ieq((gf_str){url.p, 7}, "http://")) return *n = 7, true;
  if (url.n >= 8 && gf_str_ieq((gf_str){url.p, 8}, "https://")) return *n = 8, true;
  return false;
}

static bool has_open_bracket(gf_str host) { return *host.p == '[' && !memchr(host.p, ']', host.n); }

/* Behind the host, which may be an IPv6 address in brackets, stands nothing or a port; it may be empty. */
static bool has_odd_port(gf_str host) {
  const char *end = host.p + host.n;
  const char *at = memchr(host.p, *host.p == '[' ? ']' : ':', host.n);
  unsigned port = 0;
  if (at && *at == ']') at++;
  if (!at || at == end) return false;
  if (*at != ':') return true;
  for (const char *p = at + 1; p < end; p++) {
    if (*p < '0' || *p > '9') return true;
    port = port * 10 + (unsigned)(*p - '0');
    if (port > 65535) return true;
  }
  return at + 1 < end && port == 0;
}

bool gf_url_problem(gf_str url, const char **problem) {
  size_t scheme = 0;
  if (!starts_with_scheme(url, &scheme)) return *problem = "it must begin with http:// or https://", true;
  if (has_odd_byte(url)) return *problem = "it holds a space, a control or a forbidden character", true;
  size_t end = scheme;
  while (end < url.n && url.p[end] != '/' && url.p[end] != '?' && url.p[end] != '#')
    end++;
  gf_str host = {url.p + scheme, end - scheme};
  if (host.n == 0 || host.p[0] == ':' || has_open_bracket(host)) return *problem = "it names no host", true;
  if (memchr(host.p, '@', host.n))
    return *problem = "credentials do not belong into it: give them as an argument", true;
  if (has_odd_port(host)) return *problem = "its port is no number from 1 to 65535", true;
  if (memchr(url.p + end, '?', url.n - end) || memchr(url.p + end, '#', url.n - end))
    return *problem = "a query or a fragment does not belong into it", true;
  return false;
}

static bool same_origin(const gf_client *client, const char *url) {
  size_t n = gf_url_origin(url);
  gf_str origin = {client->url, client->origin};
  if (n != origin.n) return false;
  for (size_t i = 0; i < n; i++) { /* the client's is in small letters */
    char c = url[i] >= 'A' && url[i] <= 'Z' ? (char)(url[i] + 32) : url[i];
    if (c != origin.p[i]) return false;
  }
  return true;
}

/* "scheme:…"; a later "://" may be part of a query. */
static bool has_scheme(const char *location) { return location[strcspn(location, ":/?#")] == ':'; }

char *gf_url_redirect(gf_call *call, const char *from, const char *location) {
  const gf_client *client = call->client;
  gf_buf buf;
  gf_buf_init(&buf, &client->alloc, GF_MAX_URL);
  if (has_scheme(location)) {
    if (!same_origin(client, location)) return NULL;
    gf_buf_add_str(&buf, location);
  } else if (location[0] == '/' && location[1] != '/') {
    gf_buf_add(&buf, client->url, client->origin);
    gf_buf_add_str(&buf, location);
  } else if (location[0] != '/' && location[0] != 0) {
    const char *slash = strrchr(from, '/');
    gf_buf_add(&buf, from, (size_t)(slash - from) + 1);
    gf_buf_add_str(&buf, location);
  } else {
    return NULL;
  }
  if (has_odd_byte((gf_str){buf.p, buf.n})) {
    gf_buf_free(&buf);
    return NULL;
  }
  char *url = gf_buf_take(&buf);
  if (!url) gf_lacks_memory(call);
  return url;
}
