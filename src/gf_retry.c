/* SPDX-License-Identifier: MIT
 *
 * When to send again, and when never. */
#include "gf_internal.h"

/* Days since 1970-01-01 of a date of the Gregorian calendar. */
static int64_t days_from_civil(int64_t y, int64_t m, int64_t d) {
  y -= m <= 2;
  int64_t era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
  int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1, doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + doe - 719468;
}

static int two_digits(const char *p) {
  return p[0] >= '0' && p[0] <= '9' && p[1] >= '0' && p[1] <= '9' ? (p[0] - '0') * 10 + p[1] - '0' : -1;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", the one form that servers send (RFC 9110, 5.6.7). */
bool gf_parse_http_date(gf_str text, int64_t *seconds) {
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.n != 29 || memcmp(text.p + 25, " GMT", 4) != 0) return false;
  const char *p = text.p;
  int day = two_digits(p + 5), century = two_digits(p + 12), year = two_digits(p + 14);
  int hour = two_digits(p + 17), minute = two_digits(p + 20), second = two_digits(p + 23), month = 0;
  for (int i = 0; i < 12; i++)
    if (memcmp(months + 3 * i, p + 8, 3) == 0) month = i + 1;
  if (day < 1 || month == 0 || century < 0 || year < 0 || hour < 0 || minute < 0 || second < 0) return false;
  *seconds = days_from_civil(century * 100 + year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
  return true;
}

int64_t gf_retry_after_ms(const gf_exchange *x) {
  int64_t seconds = x->retry_after_s;
  if (x->retry_date_s && x->date_s) seconds = x->retry_date_s > x->date_s ? x->retry_date_s - x->date_s : 0;
  if (seconds < 0) return -1;
  return seconds > GF_MAX_RETRY_AFTER_MS / 1000 ? GF_MAX_RETRY_AFTER_MS : seconds * 1000;
}

static int64_t backoff_ms(gf_call *call, int attempt) {
  const gf_settings *s = &call->settings;
  double delay = (double)s->backoff_first_ms, most = (double)s->backoff_max_ms;
  for (int i = 1; i < attempt && delay < most; i++)
    delay *= s->backoff_multiplier;
  if (!(delay < most)) delay = most;
  if (call->client->random) { /* between half and whole, so that many clients do not come back at once */
    double share = (double)(call->client->random(call->client->random_ctx) >> 11) / 9007199254740992.0;
    delay *= 0.5 + share / 2;
  }
  return (int64_t)delay;
}

static bool may_send_again(const gf_exchange *x, bool sent, gf_how how) {
  if (how == GF_END_TLS || how == GF_END_DROPPED) return false; /* a second attempt meets the same */
  if (how == GF_END_COMPLETE) {
    if (x->code == 429) return true; /* refused before it was carried out */
    return x->idempotent && (x->code == 502 || x->code == 503 || x->code == 504);
  }
  return !sent || x->idempotent;
}

/* A page of 2 MB that does not come through a slow line comes no better the tenth time. (Not where nobody listens: the other
 * way leads there, too.) */
static int most_retries(const gf_call *call, const gf_exchange *x, bool sent, gf_how how) {
  int most = call->settings.max_retries;
  bool breaks_off = sent && how != GF_END_COMPLETE;
  return x->is_short_cut && breaks_off && most > GF_MAX_SHORT_CUTS ? GF_MAX_SHORT_CUTS : most;
}

int64_t gf_retry_delay(gf_call *call, const gf_exchange *x, bool sent, gf_how how) {
  if (!may_send_again(x, sent, how) || x->attempts > most_retries(call, x, sent, how)) return -1;
  int64_t asked = how == GF_END_COMPLETE ? gf_retry_after_ms(x) : -1;
  return asked >= 0 ? asked : backoff_ms(call, x->attempts);
}
