/* SPDX-License-Identifier: MIT
 *
 * gf_listing.h: what the two files of the listings share: gf_op_listing.c, and gf_op_listing_pages.c, which fills in from
 * whole pages of /apis.
 */
#ifndef GF_LISTING_H
#define GF_LISTING_H

#include "gf_internal.h"

enum { SEARCH = GF_OWN_PURPOSE, DASHBOARD, GROUP, OWN_ORG, PAGE };

/* How the dashboards are read. */
typedef enum gf_listing_way {
  GF_UNDECIDED, /* too few are known yet, or none */
  GF_ASKING,    /* has the server pages, and what does it call the organisation? */
  GF_IN_PAGES,
  GF_SINGLY /* what no page has shown */
} gf_listing_way;

typedef struct listing {
  gf_doc **rows; /* by place in call->list, NULL: not there (yet) */
  size_t n_rows;
  size_t done;
  bool searched; /* the last page of the search has come */
  gf_list found; /* what the result shows */
  gf_list failed;
  gf_listing_way way;
  size_t next; /* GF_SINGLY: from where to look for a dashboard to ask for */

  /* Of gf_op_listing_pages.c. */
  int questions;      /* GF_ASKING: not answered yet */
  size_t *slots;      /* places by uid, + 1: open addressing; 0 is an empty slot */
  size_t n_slots;     /* a power of two */
  char *token;        /* of the next page; NULL: none */
  bool has_strangers; /* pages have shown what the search has not found */
  size_t pages;       /* asked for */
  int under_way;      /* of those */
  bool is_broken;     /* one of them was no page: no more are asked for */
  int barren;         /* pages in a row that have shown nothing new */
} listing;

bool gf_listing_wants_rows(const gf_call *call);
bool gf_listing_wants_dashboards(const gf_call *call);
/* What will meet every other request as well ends the whole call. */
bool gf_listing_is_general(const gf_verdict *v);
/* Begin the next pass over the pages of the search, where one is due (gf_passes.c). */
void gf_listing_search_again(gf_call *call);
/* One more dashboard is settled. */
void gf_listing_count(gf_call *call);

/* --- gf_op_listing_pages.c --- */
/* After each page of the search: ask what is to be asked, or go the way that is known. */
void gf_listing_choose_way(gf_call *call);
void gf_listing_pages_answer(gf_call *call, gf_exchange *x);
void gf_listing_free_pages(gf_call *call, listing *l);

#endif
