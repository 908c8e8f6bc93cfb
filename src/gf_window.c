/* SPDX-License-Identifier: MIT
 *
 * The window: how many requests of a client may be on the wire at once, of all its calls together, and when none may.
 *
 * It is `concurrency` wide at first. A server that answers 429 or 503 has too much to do: the window is halved, and then
 * grows by one place with each round of other answers, until it is as wide as before (additive increase, multiplicative
 * decrease, as TCP does it). A round trip is told by the numbers of the requests, not by a clock: what was on the wire
 * when the window shrank tells of the time before, and neither shrinks nor widens it.
 *
 * No other failure shrinks it. 502 and 504 say that a proxy did not reach the server, or lost patience with one request;
 * a timeout, a refused or a cut connection may have a dozen causes, and fewer requests cure none of those: the request
 * concerned is put off, with a delay that grows (gf_retry.c). Nor do they widen it, as nobody has shown that there is room.
 *
 * A Retry-After with a 429 or 503 is meant for everybody: nothing at all goes out before its time. Without one, a 429 to the
 * last place of the window pauses everybody until that request's next attempt.
 */
#include "gf_internal.h"

void gf_window_init(gf_client *client) { client->window.places = client->settings.concurrency; }

/* Until a password has been accepted once, one request at a time: a fan-out with a wrong one would lock its user out. */
bool gf_window_has_room(const gf_client *client) {
  return client->window.on_wire < (client->trusted ? (int)client->window.places : 1);
}

bool gf_is_paused(const gf_client *client, int64_t now_ms) { return now_ms < client->window.paused_until; }

int64_t gf_after_pause(const gf_client *client, int64_t at_ms) {
  return at_ms > client->window.paused_until ? at_ms : client->window.paused_until;
}

void gf_window_enter(gf_client *client, gf_exchange *x) {
  client->window.on_wire++;
  x->number = ++client->window.given;
}

void gf_window_leave(gf_client *client) { client->window.on_wire--; }

static void shrink(gf_window *window) {
  window->places /= 2;
  if (window->places < 1) window->places = 1;
  window->shrunk_at = window->given;
}

static void widen(gf_window *window, int most) {
  window->places += 1 / window->places;
  if (window->places > most) window->places = most;
}

static void pause_all(gf_client *client, int64_t until_ms) {
  if (until_ms <= client->window.paused_until) return;
  client->window.paused_until = until_ms;
  gf_put_off_sign_in(client, until_ms);
}

/* A narrow window does not help against a limit by rate: what waits for its next attempt finds it used up by newer requests,
 * again and again. A server that refuses everything is not meant: nobody would gain by being refused one after the other. */
void gf_window_put_off(gf_client *client, const gf_exchange *x, int64_t at_ms) {
  gf_window *window = &client->window;
  if (x->code != 429 || window->places > 1 || !window->serves) return;
  window->serves = false;
  pause_all(client, at_ms);
}

void gf_window_learn(gf_client *client, const gf_exchange *x, int64_t now_ms) {
  bool too_much = x->code == 429 || x->code == 503, nobody = x->code == 502 || x->code == 504;
  if (too_much && gf_retry_after_ms(x) > 0) pause_all(client, now_ms + gf_retry_after_ms(x));
  if (!too_much && !nobody) client->window.serves = true;
  if (x->number <= client->window.shrunk_at || nobody) return;
  if (too_much)
    shrink(&client->window);
  else
    widen(&client->window, client->settings.concurrency);
}
