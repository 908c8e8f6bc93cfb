/* SPDX-License-Identifier: MIT
 *
 * The listings' way over /apis: from Grafana 12 on, a list gives whole dashboards in pages of about 2 MB.
 *
 *     search ──► has the server such lists, in the version that shows dashboards as the old route does? (once a client)
 *            └─► what does it call the organisation? ──► page ──► page ──► … ──► the rest singly
 *
 * A page is never more than a short cut: whatever goes wrong with one, and whatever it does not show (created or moved
 * meanwhile, stored in another version, not converted), is read singly, as where there are no pages.
 *
 * The pages show the organisation at one moment. So they also tell whether something has slipped through the pages of the
 * search (gf_passes.c), which is read again only where they hold what it has not found.
 */
#include "gf_listing.h"

#include <stdio.h>

/* Shows a dashboard as it is stored, like /api/dashboards/uid; v1 and v2 show it converted. */
#define VERSION "v0alpha1"
#define GROUP_PATH "/apis/dashboard.grafana.app"

enum { HAS_PAGES = 1, HAS_NONE = 2 }; /* the fact GF_DASHBOARD_PAGES */

/* So many pages in a row that show nothing new are the last: dashboards stored otherwise, or a server that runs in circles. */
enum { MAX_BARREN = 10 };

void gf_listing_free_pages(gf_call *call, listing *l) {
  gf_free(&call->client->alloc, l->slots);
  gf_free(&call->client->alloc, l->token);
}

/* ---------------------------------------------------------------------------------------------------- places by uid -- */

static gf_str uid_at(const gf_call *call, size_t place) {
  gf_str uid = {"", 0};
  gf_value_string(gf_value_get(call->list.items[place], "uid"), &uid);
  return uid;
}

/* The slot of `uid`, or the empty one where it would be. */
static size_t *slot_of(const gf_call *call, gf_str uid) {
  const listing *l = call->state;
  size_t i = (size_t)gf_hash(uid) & (l->n_slots - 1);
  for (; l->slots[i]; i = (i + 1) & (l->n_slots - 1)) {
    gf_str other = uid_at(call, l->slots[i] - 1);
    if (other.n == uid.n && memcmp(other.p, uid.p, uid.n) == 0) break;
  }
  return &l->slots[i];
}

static bool make_slots(gf_call *call) {
  listing *l = call->state;
  for (l->n_slots = 64; l->n_slots < 2 * l->n_rows;)
    l->n_slots *= 2;
  l->slots = gf_zalloc(&call->client->alloc, l->n_slots * sizeof *l->slots);
  if (!l->slots) {
    gf_lacks_memory(call);
    return false;
  }
  for (size_t i = 0; i < l->n_rows; i++)
    *slot_of(call, uid_at(call, i)) = i + 1;
  return true;
}

/* ------------------------------------------------------------------------------------------------------------ items -- */

static bool find(gf_call *call, gf_str uid, size_t *place, gf_value *url) {
  size_t slot = *slot_of(call, uid);
  if (slot == 0) {
    ((listing *)call->state)->has_strangers = true;
    return false;
  }
  *place = slot - 1;
  *url = gf_value_get(call->list.items[*place], "url");
  return true;
}

/* A page that was cut comes again: what it has shown is shown as it is then. */
static void put(gf_call *call, size_t place, gf_doc *rows) {
  listing *l = call->state;
  if (!l->rows[place]) {
    gf_listing_count(call);
    l->barren = 0;
  }
  gf_doc_release(l->rows[place]);
  l->rows[place] = rows;
}

static void take_item(gf_call *call, gf_str text) {
  size_t place;
  gf_doc *rows;
  const gf_item_wish wish = {.call = call,
                             .version = VERSION,
                             .with_rows = gf_listing_wants_rows(call),
                             .dashboard = gf_listing_wants_dashboards(call),
                             .find = find,
                             .place = &place,
                             .rows = &rows};
  switch (gf_item_rows(text, &wish)) {
  case GF_ITEM_TAKEN: put(call, place, rows); break;
  case GF_ITEM_UNKNOWN: break;
  case GF_ITEM_NO_MEMORY: call->lacks_memory = true; break;
  }
}

/* ------------------------------------------------------------------------------------------------------------ pages -- */

static void take_token(gf_call *call, gf_exchange *x, gf_str token);

static void ask_page(gf_call *call) {
  static const gf_taker taker = {.item = take_item, .next = take_token};
  listing *l = call->state;
  gf_buf query;
  gf_buf_init(&query, &call->client->alloc, GF_MAX_URL);
  gf_buf_add_str(&query, "limit=");
  gf_buf_add_int(&query, GF_PAGE_SIZE);
  if (l->token) gf_add_query(&query, "continue", gf_z(l->token));
  gf_free(&call->client->alloc, l->token);
  l->token = NULL;
  l->barren++; /* until one shows something new */
  l->under_way++;
  const gf_ask ask = {.purpose = PAGE,
                      .index = l->pages++,
                      .method = "GET",
                      .path = GROUP_PATH "/" VERSION "/namespaces/{namespace}/dashboards",
                      .query = {query.p, query.n},
                      .in_org = !call->own_org,
                      .taker = &taker,
                      .is_short_cut = true};
  if (query.failed)
    gf_lacks_memory(call);
  else
    gf_ask_for(call, &ask);
  gf_buf_free(&query);
}

/* The next page, when there is one and it is worth while. More than two at a time would share what the network carries. */
static void ask_next_page(gf_call *call) {
  const listing *l = call->state;
  bool is_complete =
      l->done >= l->n_rows && !call->pass.is_long; /* the rest would only be looked at for strangers */
  if (l->token && !l->is_broken && !is_complete && l->under_way < 2 && l->barren < MAX_BARREN) ask_page(call);
}

/* It stands at the beginning of a page: the server makes the next while this one is on its way. */
static void take_token(gf_call *call, gf_exchange *x, gf_str token) {
  listing *l = call->state;
  if (x->index + 1 != l->pages) return; /* it is known since the page came the first time, and was cut */
  if (token.n > GF_MAX_TOKEN) {
    l->is_broken = true;
    return;
  }
  gf_free(&call->client->alloc, l->token);
  l->token = gf_strdup_n(&call->client->alloc, token);
  if (l->token)
    ask_next_page(call);
  else
    call->lacks_memory = true;
}

/* The pages have not shown that nothing was missed. Both questions may lead here: what is under way then is not asked for
 * again. */
static void do_without(gf_call *call) {
  listing *l = call->state;
  if (l->way == GF_SINGLY) return;
  l->way = GF_SINGLY;
  gf_listing_search_again(call);
}

static void take_page(gf_call *call, gf_exchange *x) {
  listing *l = call->state;
  l->under_way--;
  if (x->verdict.status != GF_OK || !x->skimmed) l->is_broken = true;
  if (x->verdict.status == GF_NOT_FOUND || x->verdict.reason == GF_UNSUPPORTED)
    gf_server_note(call->client, GF_DASHBOARD_PAGES, 0); /* the server has become another */
  if (gf_listing_is_general(&x->verdict) && x->verdict.reason != GF_BAD_CREDENTIALS)
    gf_finish(call, &x->verdict, x);
  else
    ask_next_page(call);
  if (call->done || l->under_way) return;
  if (l->is_broken || l->token || l->has_strangers)
    do_without(call);
  else
    l->way = GF_SINGLY;
}

/* -------------------------------------------------------------------------------------------------------- questions -- */

/* Grafana calls the first organisation otherwise than the others. */
static void name_namespace(gf_call *call, gf_str org) {
  char name[64];
  if (gf_str_eq(org, "1"))
    snprintf(name, sizeof name, "default");
  else
    snprintf(name, sizeof name, "org-%.*s", (int)(org.n < 40 ? org.n : 40), org.p);
  gf_set_var(call, "namespace", gf_z(name), true);
}

static void ask_question(gf_call *call, int purpose, const char *path) {
  listing *l = call->state;
  const gf_ask ask = {
      .purpose = purpose, .method = "GET", .path = path, .in_org = !call->own_org, .is_short_cut = true};
  l->questions++;
  gf_ask_for(call, &ask);
}

static void ask_questions(gf_call *call) {
  listing *l = call->state;
  char digits[24];
  gf_str org;
  l->way = GF_ASKING;
  call->reads_once = true;
  if (gf_server_fact(call->client, GF_DASHBOARD_PAGES) != HAS_PAGES) ask_question(call, GROUP, GROUP_PATH);
  if (call->own_org)
    ask_question(call, OWN_ORG, "/api/org");
  else if (gf_get_var(call, "org", &org, digits))
    name_namespace(call, org);
}

static bool has_version(gf_value group) {
  gf_iter it = gf_iterate(gf_value_get(group, "versions"));
  gf_str version;
  for (void *k, *node; gf_iter_next(&it, &k, &node);)
    if (gf_value_string(gf_value_get((gf_value){group.doc, node}, "version"), &version) &&
        gf_str_eq(version, VERSION))
      return true;
  return false;
}

/* That it has none is remembered only where Grafana itself says so. */
static void take_group(gf_call *call, gf_exchange *x) {
  bool has = x->verdict.status == GF_OK && x->doc && has_version(gf_doc_root(x->doc));
  if (has)
    gf_server_note(call->client, GF_DASHBOARD_PAGES, HAS_PAGES);
  else if (x->verdict.status == GF_OK || x->verdict.reason == GF_UNSUPPORTED)
    gf_server_note(call->client, GF_DASHBOARD_PAGES, HAS_NONE);
  if (!has) do_without(call);
}

static void take_own_org(gf_call *call, gf_exchange *x) {
  char digits[24];
  gf_str id;
  if (x->verdict.status == GF_OK && x->doc &&
      gf_integer_text(gf_value_get(gf_doc_root(x->doc), "id"), &id, digits))
    name_namespace(call, id);
  else
    do_without(call);
}

/* Everything is known: which dashboards there are, and where to find them. */
static void begin_if_ready(gf_call *call) {
  listing *l = call->state;
  if (call->done || l->way != GF_ASKING || l->questions > 0 || !l->searched || !make_slots(call)) return;
  l->way = GF_IN_PAGES;
  ask_page(call);
}

/* One dashboard alone is read at once. */
void gf_listing_choose_way(gf_call *call) {
  listing *l = call->state;
  if (l->way == GF_UNDECIDED) {
    if (call->list.n < 2 || gf_server_fact(call->client, GF_DASHBOARD_PAGES) == HAS_NONE)
      l->way = GF_SINGLY;
    else
      ask_questions(call);
  }
  begin_if_ready(call);
}

void gf_listing_pages_answer(gf_call *call, gf_exchange *x) {
  listing *l = call->state;
  if (x->purpose == PAGE) {
    take_page(call, x);
    return;
  }
  l->questions--;
  if (x->purpose == GROUP)
    take_group(call, x);
  else
    take_own_org(call, x);
  begin_if_ready(call);
}
