/* SPDX-License-Identifier: MIT
 *
 * gf_internal.h: clients, calls and their requests, as the core's own files see them.
 */
#ifndef GF_INTERNAL_H
#define GF_INTERNAL_H

#include "gf_alloc.h"
#include "gf_api.h"
#include "gf_json.h"
#include "gf_limits.h"
#include "gf_rules.h"

/* ---------------------------------------------------------------------------------------------------- clients -- */

typedef struct gf_settings {
  int64_t timeout_ms, connect_timeout_ms, deadline_ms;
  int max_retries;
  int64_t backoff_first_ms, backoff_max_ms;
  double backoff_multiplier;
  int concurrency;
  size_t max_body;
} gf_settings;

/* What a client lacks before it can send. */
typedef enum gf_needs { GF_NEEDS_NOTHING, GF_NEEDS_TOKEN, GF_NEEDS_LOGIN, GF_NEEDS_ROTATION } gf_needs;

/* Which routes a server has for the permissions of data sources. */
typedef enum gf_generation { GF_NO_GENERATION, GF_FIRST_GENERATION, GF_SECOND_GENERATION } gf_generation;

/* What has been learned of the server. */
typedef struct gf_server {
  char *version; /* NULL: not read yet */
  int facts[GF_FACTS];
} gf_server;

/* What of a client is on the wire, and may be (gf_window.c). */
typedef struct gf_window {
  int on_wire;          /* requests given out and not ended */
  double places;        /* how many there may be; a fraction is on its way to one more */
  uint64_t given;       /* requests given out so far: the number of the last */
  uint64_t shrunk_at;   /* that number when the window last shrank */
  int64_t paused_until; /* nothing goes out before */
  bool
      serves; /* the server has answered otherwise than 429 and 503 since gf_window_put_off last paused all */
} gf_window;

struct gf_client {
  size_t refs;
  gf_allocator alloc;
  char *url;     /* without a final slash */
  size_t origin; /* bytes of url that are scheme, host and port */
  char *user_agent;
  char *user;     /* for people: who signs in */
  char *password; /* secrets: kept for redaction and wiped on close */
  char *token;
  char *authorization; /* the header's value; secret */
  char *cookies;       /* of the session, the header's value; secret */
  char *auth;          /* how it signs in, for people */
  gf_header *headers;  /* zero-terminated copies */
  size_t n_headers;
  gf_arg org; /* GF_ARG_STRING with the digits, GF_ARG_OWN or GF_ARG_NIL */
  gf_settings settings;
  uint64_t (*random)(void *);
  void *random_ctx;

  /* What calls share while they run. */
  bool closed;
  bool logs_in, asks_for_token; /* what authorizes is got while calls run: gf_sign_in.c */
  gf_needs needs;               /* what is lacking for that now */
  uint64_t generation;   /* of what authorizes; requests of an older one may be refused for that alone */
  gf_call *renewer;      /* the call that is signing in; NULL: none */
  int64_t renewer_until; /* from then on another may */
  bool trusted; /* the credentials have been accepted once, or there is nothing that a refusal could lock */
  unsigned refusals; /* of credentials that had never been accepted */
  gf_window window;
  uint64_t last_headers_id;
  gf_server server;
  gf_call *calls; /* every live call */
};

/* --- gf_server.c: what is remembered of a server, to spare questions --- */
const char *gf_server_version(const gf_client *client);         /* NULL: not known */
void gf_server_note_version(gf_client *client, gf_str version); /* without memory it stays unknown */
int gf_server_fact(const gf_client *client, gf_fact fact);      /* 0: not known */
void gf_server_note(gf_client *client, gf_fact fact, int value);
void gf_server_forget(gf_client *client); /* all of it: the server has become another */

/* Replace `secret` in `text` by asterisks, at the end of the text also its beginning. One shorter than three is left. */
void gf_redact(char *text, const char *secret);
/* Replace every secret of the client in `text` by asterisks. */
void gf_client_redact(const gf_client *client, char *text);
/* The same for the value of a header that authorizes, "Bearer x" or "a=x; b=y". */
void gf_redact_header(char *text, char *header, bool is_cookie);
void gf_wipe(char *secret); /* gf_wipe_bytes for all of it; NULL is fine */
/* Why a header cannot be sent, or NULL: line breaks, no name, a name that is the core's own. */
const char *gf_header_problem(gf_header header);
const char *gf_token_problem(gf_str token);               /* or NULL */
char *gf_bearer(const gf_allocator *alloc, gf_str token); /* the header's value; NULL without memory */

/* ----------------------------------------------------------------------------------------------------- verdicts -- */

#define GF_NO_ORG "there is no organisation with the id {org}"

typedef struct gf_verdict {
  gf_status status;
  gf_reason reason;
  int code;
  const char *say; /* template of the sentence, or NULL for `words` */
  char words[GF_MAX_SERVER_WORDS + 64];
} gf_verdict;

/* ------------------------------------------------------------------------------------------------------ requests -- */

typedef enum gf_stage { GF_READY, GF_ON_WIRE, GF_LATER } gf_stage;

/* What a request is for. The first three are the row's own; signing in is the client's; an operation with functions of its
 * own counts on from GF_OWN_PURPOSE. */
enum { GF_MAIN, GF_PROBE, GF_ORG_PROBE, GF_SIGN_IN, GF_OWN_PURPOSE };

/* Makes of an answer's text what is wanted of it, without parsing it. Not understood, or without memory: NULL. */
typedef gf_doc *gf_skimmer(gf_call *call, gf_str text, bool *understood);

struct gf_exchange;

/* Takes the answer of a list of /apis item by item while it arrives (gf_items.c): the text of an item, which must be copied
 * where it is to stay; the token of the next page, when there is one, which may be asked for at once. What is taken of an
 * answer that is cut comes again. Without memory: call->lacks_memory. */
typedef struct gf_taker {
  void (*item)(gf_call *call, gf_str text);
  void (*next)(gf_call *call, struct gf_exchange *x, gf_str token);
} gf_taker;

/* How far that has come. */
typedef struct gf_items {
  int stage;
  bool begun;    /* an item has been taken */
  size_t taken;  /* bytes of the answer that are no longer in the body */
  size_t try_at; /* bytes that the body must have before it is looked at again */
} gf_items;

/* A request and what is known of its answer, through all its attempts. */
typedef struct gf_exchange {
  gf_request req;
  struct gf_exchange *next;
  gf_stage stage;
  int purpose;
  size_t index; /* which probe, which part of a fan-out */
  char *url;
  char *sent_body;
  bool passing;          /* the answer is only looked at: its memory serves the next one */
  gf_skimmer *skim;      /* tried on a successful answer before it is parsed; NULL: none */
  const gf_taker *taker; /* takes a successful answer while it arrives; NULL: none */
  bool is_short_cut;     /* there is another way: one that breaks off is soon given up */
  unsigned headers;      /* which set: GF_WITH_… */
  bool is_public;        /* answered to anyone: needs no session, says nothing of the credentials */
  bool idempotent;
  bool maybe_arrived;    /* an earlier attempt may have been carried out */
  uint64_t generation;   /* of what authorized the last attempt */
  bool rotated, renewed; /* sent again after a rotation, after a new login or token */
  int renewals;          /* how often it was sent again because of a 401 */
  uint64_t number;       /* of the last attempt, among all that the client has given out */
  int attempts;
  int redirects;
  int64_t later_ms; /* GF_LATER: when to send again */

  /* The answer of the current attempt. */
  int code;
  bool is_json, is_html, is_empty;
  bool is_typed, is_plain; /* a type was named; it was text/plain */
  bool is_text;            /* the body is what it says, not JSON: any_answer only */
  bool too_large;
  size_t head_bytes, head_lines;
  int64_t retry_after_s; /* -1: none */
  int64_t retry_date_s, date_s;
  size_t expected; /* Content-Length, 0 when unknown */
  bool is_encoded; /* Content-Length counts other bytes than those fed */
  char *location;
  gf_buf cookies; /* set by the answer, "a=b; c=d"; secret */
  gf_buf head;    /* header lines, where they are kept: gf_answer.c */
  gf_buf body;
  gf_items items;
  gf_doc *doc;  /* the parsed body, once it is whole */
  bool skimmed; /* doc is what `skim` made of it instead, or the taker has had all of it */
  gf_verdict verdict;
} gf_exchange;

/* --------------------------------------------------------------------------------------------------------- calls -- */

/* The headers of some requests of a call, in one block with the secret among them. */
typedef struct gf_header_set {
  struct gf_header_set *older; /* of older generations: requests on the wire may point into it */
  uint64_t generation, id;
  char *secret; /* zero-terminated; NULL: none */
  size_t n;
  gf_header headers[];
} gf_header_set;
/* Headers that not every request has; X-Disable-Provenance: what it writes stays editable in Grafana's own pages. */
enum {
  GF_WITH_BODY = 1,
  GF_WITH_ORG = 2,
  GF_WITH_CREDENTIALS = 4,
  GF_WITHOUT_PROVENANCE = 8,
  GF_HEADER_SETS = 16
};

typedef struct gf_var {
  const char *name;
  char *text;
  bool is_text; /* it was a string, not a number */
} gf_var;

#define GF_MAX_VARS 12

/* Items of one list of the result, with the documents that they live in. */
typedef struct gf_list {
  gf_value *items;
  size_t n, cap;
} gf_list;

/* Which items have been seen: a set of hashes of their identity. */
typedef struct gf_seen {
  uint64_t *slots;
  size_t n, cap;
} gf_seen;

/* One reading of a list in numbered pages, from the first to the last (gf_passes.c). */
typedef struct gf_pass {
  int64_t pages;
  size_t items;      /* with those that came twice */
  uint64_t sum;      /* of their identities' hashes: two passes that have seen the same items have the same */
  uint64_t page_sum; /* the same of its last page */
  int64_t total;     /* as the server has named it last; -1: it has not */
  bool is_torn;      /* it has named another before */
  bool is_stuck;     /* a page was the one before it: the server takes no notice of the number */
  bool is_long;      /* more than one page, or one that is full */
} gf_pass;

/* Documents in a row; there may be gaps (NULL). */
typedef struct gf_docs {
  gf_doc **docs;
  size_t n;
  size_t next; /* those before have been released */
} gf_docs;

#define GF_MAX_FIELDS 10

struct gf_call {
  size_t refs;
  gf_client *client;
  gf_call *prev, *next; /* in client->calls */
  const gf_op *op;
  const gf_api_op *api; /* of the operation `call`: the documented one */
  gf_settings settings;
  bool raw, done, started, lacks_memory;
  gf_blocked blocked; /* as gf_call_next last left it */
  gf_watch *watch;    /* its driver's; NULL: none */
  bool own_org;       /* the organisation is the credentials' own */
  unsigned refusals_seen;
  int64_t deadline_at;
  uint32_t last_id;
  gf_exchange *exchanges, *spare;
  gf_header_set *header_sets[GF_HEADER_SETS]; /* by GF_WITH_…: the newest, and behind it older ones */

  /* Arguments. */
  gf_arg args[GF_MAX_PARAMS]; /* documents retained; strings live in arg_text */
  char *arg_text[GF_MAX_PARAMS];
  gf_arg options[GF_MAX_OPTIONS]; /* by the op's options; the general ones are in settings and below */
  char *option_text[GF_MAX_OPTIONS];
  gf_doc *headers;       /* option `headers` */
  int64_t page, perpage; /* 0: all pages */
  bool cuts_pages; /* the page that is wanted is cut out of the whole list, though the server has pages */
  gf_var vars[GF_MAX_VARS];
  size_t n_vars;

  /* Where the row's way is. */
  size_t probe; /* the next to look at */
  bool main_sent, org_probed;
  const char *main_path; /* replaced by a restart */
  gf_verdict outcome;    /* of the main request, as probes have changed it */
  int64_t pages;         /* fetched in this pass */
  int passes;            /* over the list, before this one */
  bool reads_once;       /* the operation says itself when another is due */
  gf_pass pass, last_pass;
  gf_seen seen;
  gf_list list;
  bool list_is_empty;  /* the main request gave an empty list */
  int64_t probe_pages; /* of the probe under way: fetched */
  gf_seen probe_seen;

  void *state; /* of an operation with functions of its own */
  void (*free_state)(gf_call *);
  size_t answered;                                       /* requests, however often each was sent */
  size_t progress_done, progress_total, progress_failed; /* gf_progress.c */

  gf_arena arena;    /* for answers in passing */
  gf_retry *retries; /* not told yet, the oldest first */
  size_t n_retries, cap_retries;

  gf_doc **docs; /* what the result points into */
  size_t n_docs, cap_docs;
  gf_docs item_docs;          /* what only the items of one list live in, in their order */
  const gf_field *item_field; /* that list; NULL: none */
  bool is_forgotten;          /* items have been */
  gf_field fields[GF_MAX_FIELDS];
  char *field_text[GF_MAX_FIELDS];
  size_t n_fields;
  char message[GF_MAX_MESSAGE];
  gf_result result;
};

/* --- gf_call.c: the life of a call --- */
/* Finish with `verdict`; later calls do nothing. `x` (may be NULL) is the exchange that decided. */
void gf_finish(gf_call *call, const gf_verdict *verdict, const gf_exchange *x);
void gf_finish_ok(gf_call *call, const gf_exchange *x);
/* Finish with a status of our own and a sentence: a template, as in gf_rules.h. */
void gf_finish_as(gf_call *call, gf_status status, gf_reason reason, const char *say);
void gf_lacks_memory(gf_call *call); /* finish with that */
/* Blank the passwords among the call's arguments out of `text`, which has room for "not enough memory". */
void gf_redact_arguments(gf_call *call, char *text);

/* --- gf_progress.c --- */
/* So many items of the list that the call gives are there, of `total` that the server has named; -1: none. */
void gf_note_items(gf_call *call, size_t items, int64_t total);

/* --- gf_exchange.c: requests and their answers --- */
typedef struct gf_ask {
  int purpose;
  size_t index;
  const char *method;
  const char *path; /* template */
  gf_str segment;   /* one more segment of the path, encoded behind it */
  gf_str query;     /* appended as it is, "a=b&c=d" */
  bool in_org;
  bool without_provenance;
  bool idempotent;
  bool passing;     /* nothing will point into the answer once it has been delivered */
  gf_skimmer *skim; /* of an answer in passing */
  const gf_taker *taker;
  bool is_short_cut;
  char *body; /* taken over, also on failure; NULL: none */
  size_t body_length;
} gf_ask;
/* Make a request ready to be sent; NULL when memory lacks (the call has ended) or a variable is unknown (it has not). */
gf_exchange *gf_ask_for(gf_call *call, const gf_ask *ask);
/* The same with what `body` holds, which is emptied; memory that lacked for it ends the call too. */
gf_exchange *gf_ask_with(gf_call *call, gf_ask *ask, gf_buf *body);
/* A GET inside the operation's organisation. */
gf_exchange *gf_ask_in_org(gf_call *call, int purpose, const char *path);
/* Send the main request with the document as its body. */
void gf_send_document(gf_call *call, gf_doc *doc);
void gf_exchange_free(gf_call *call, gf_exchange *x);
gf_exchange *gf_exchange_find(gf_call *call, uint32_t id);
void gf_exchange_reset_answer(gf_call *call, gf_exchange *x);
size_t gf_received(const gf_exchange *x); /* bytes of the answer's body */
/* The whole body of a complete answer becomes x->doc where it is JSON. */
void gf_exchange_parse(gf_call *call, gf_exchange *x);
/* Give `x` its headers, with what authorizes at present; false without memory (the call goes on). */
bool gf_dress(gf_call *call, gf_exchange *x);
/* Replace in `text` what authorized `x`, and the client's secrets, by asterisks. */
void gf_exchange_redact(gf_call *call, const gf_exchange *x, char *text);
/* Does it change something on the server? Signing in does not count. */
bool gf_is_write(const gf_exchange *x);

/* --- gf_sign_in.c: sessions and tokens that are got while calls run --- */
bool gf_is_login(const gf_exchange *x);                     /* does it show the password? */
bool gf_is_held(const gf_call *call, const gf_exchange *x); /* cannot be sent: what authorizes is lacking */
/* Make a request that signs in, when one is due and no other call is at it. */
void gf_sign_in(gf_call *call, int64_t now_ms);
void gf_signed_in(gf_call *call, gf_exchange *x); /* its answer; may finish the call */
/* `x` goes out at `from_ms`: others wait for its answer, if it signs in. */
void gf_expect_sign_in(gf_call *call, const gf_exchange *x, int64_t from_ms);
void gf_put_off_sign_in(gf_client *client,
                        int64_t until_ms); /* nothing goes out before: others wait longer */
void gf_leave_sign_in(gf_call *call);      /* the call is done: another may sign in */
/* The 401 that `x` got may be out of date or ask for a renewal: true when it will be sent again. */
bool gf_send_again_anew(gf_call *call, gf_exchange *x);
int gf_note_cookie(gf_call *call, gf_exchange *x, gf_str header); /* a Set-Cookie; <0 without memory */
void gf_take_session(gf_call *call, gf_exchange *x);              /* cookies that an ordinary answer sets */

/* --- gf_answer.c: answers of which everything is wanted (any_answer) --- */
void gf_answer_note_header(gf_call *call, gf_exchange *x, gf_str name, gf_str value);
bool gf_answer_is_markup(const gf_call *call, const gf_exchange *x); /* XML and such, no web page */
bool gf_answer_stays_text(gf_call *call, gf_exchange *x);            /* before it is parsed */
bool gf_answer_is_one(const gf_call *call, const gf_exchange *x); /* not JSON, and an answer all the same */
/* As on_answer: code, headers and body, then the row's way. */
void gf_answer_take(gf_call *call, gf_exchange *x);
/* gf_redact_arguments for operations whose arguments are anything. `text` has room for "not enough memory". */
void gf_answer_redact(gf_call *call, char *text);

/* --- gf_verdict.c: what an answer means --- */
void gf_judge_answer(gf_call *call, gf_exchange *x);
void gf_judge_failure(gf_call *call, gf_exchange *x, gf_how how, bool sent, const char *detail,
                      bool past_deadline);
/* The rules of the operation itself, for its main request. */
void gf_judge_by_rules(gf_call *call, gf_exchange *x);
/* The answer is JSON, but not what is due: error, invalid-json. */
void gf_judge_broken(gf_exchange *x, const char *say);
bool gf_is_no_route(const gf_exchange *x); /* Grafana says that it has no such route */
gf_str gf_server_message(const gf_exchange *x);

/* --- gf_window.c: what of a client may be on the wire --- */
void gf_window_init(gf_client *client);
bool gf_window_has_room(const gf_client *client);
void gf_window_enter(gf_client *client, gf_exchange *x);
void gf_window_leave(gf_client *client);
/* What the whole answer that `x` has got tells of how much the server can take. */
void gf_window_learn(gf_client *client, const gf_exchange *x, int64_t now_ms);
/* `x` has been refused and goes out again at `at_ms`: where it is one by one already, so does everybody. */
void gf_window_put_off(gf_client *client, const gf_exchange *x, int64_t at_ms);
bool gf_is_paused(const gf_client *client,
                  int64_t now_ms); /* the server has asked for it: nothing goes out */
int64_t gf_after_pause(const gf_client *client,
                       int64_t at_ms); /* `at_ms`, or later where a pause lasts longer */

/* --- gf_retry.c --- */
/* What an answer asks for by Retry-After; -1: nothing. */
int64_t gf_retry_after_ms(const gf_exchange *x);
/* Milliseconds until the next attempt, or -1 when there is none. */
int64_t gf_retry_delay(gf_call *call, const gf_exchange *x, bool sent, gf_how how);
bool gf_parse_http_date(gf_str text, int64_t *seconds);

/* --- gf_url.c --- */
void gf_add_encoded(gf_buf *buf, gf_str text); /* percent-encode all but unreserved characters */
void gf_add_query(gf_buf *buf, const char *name, gf_str value);       /* with & between pairs */
bool gf_add_path(gf_buf *buf, const gf_call *call, const char *path); /* false: a variable is unknown */
bool gf_url_problem(gf_str url, const char **problem);                /* what is wrong with a server's URL */
size_t gf_url_origin(const char *url);                                /* bytes of scheme://host:port */
/* Where a Location leads: an allocated URL of the same origin, or NULL (also when memory lacks; the call has ended). */
char *gf_url_redirect(gf_call *call, const char *from, const char *location);

/* --- gf_vars.c --- */
gf_str gf_digits(int64_t number, char digits[24]); /* decimal, in `digits` */
void gf_set_var(gf_call *call, const char *name, gf_str text, bool is_text);
bool gf_get_var(const gf_call *call, const char *name, gf_str *text, char digits[24]);
bool gf_var_is_text(const gf_call *call, const char *name);
bool gf_equals_var(const gf_call *call, gf_value v, const char *name); /* a scalar with the variable's text */
const gf_var *gf_found_var(const gf_call *call, const char *name);     /* NULL: no probe has set it */
void gf_fill(const gf_call *call, const char *say, char *out, size_t size); /* templates of sentences */
const gf_arg *gf_option_of(const gf_call *call, const char *name);          /* NULL when not given */
gf_value gf_data_of(const gf_call *call); /* its first object argument; absent when there is none */

/* --- gf_args.c: checking what is given --- */
bool gf_take_args(gf_call *call, const gf_arg *args, size_t n, const gf_option *options, size_t n_options,
                  gf_error *error);
void gf_check_values(gf_call *call); /* may finish the call: missing-mandatory-data, invalid-data */
void gf_refuse_empty(gf_call *call, const char *key); /* of the changes, which cannot empty it; likewise */

/* --- gf_body.c --- */
void gf_add_json_string(gf_buf *buf, gf_str text);
void gf_add_json_value(gf_call *call, gf_buf *buf, gf_value v);
/* The body that the row describes; false when memory lacks. *body stays NULL when the row has none. */
bool gf_build_body(gf_call *call, char **body, size_t *length);
bool gf_build_query(gf_call *call, gf_buf *query);
void gf_add_body_options(gf_call *call, gf_buf *body); /* as further members of an object */

/* --- requests that no row describes (gf_op_request.c) --- */
typedef struct gf_parts {
  gf_buf path, query, body; /* encoded; the path without the client's URL; no body when it is empty */
} gf_parts;
void gf_parts_init(gf_call *call, gf_parts *parts);
/* Send them, with what the options `org` and `provenance` say; empties them. */
void gf_ask_parts(gf_call *call, gf_ask *ask, gf_parts *parts);
void gf_add_query_name(gf_buf *query, gf_str name);         /* "name=", with & between pairs */
void gf_add_scalar(gf_call *call, gf_buf *buf, gf_value v); /* encoded: a string's text, or the JSON text */
void gf_add_whole_body(gf_call *call, gf_buf *body, gf_value v); /* a string's text, or the JSON text */
/* A string, a number, a boolean, or a list of those; {} is an empty one. */
bool gf_is_query_value(gf_value v);
/* Has it a segment "." or ".."? `escaped`: %2E is a dot too. */
bool gf_has_dots(gf_str path, bool escaped);

/* --- gf_result.c --- */
void gf_hold_doc(gf_call *call, gf_doc *doc); /* retained until the call is freed */
void gf_put_value(gf_call *call, const char *key, gf_value v);
void gf_put_text(gf_call *call, const char *key, gf_str text);
void gf_put_bool(gf_call *call, const char *key, bool b);
void gf_put_int(gf_call *call, const char *key, int64_t i);
void gf_take_text(gf_call *call, const char *key, gf_buf *text); /* empties `text` */
void gf_put_list(gf_call *call, const char *key, const gf_list *list);
/* The items of `list` live in `docs` (taken over: an array from the client's allocator, each document released in its turn),
 * in their order, and nothing else of the result does. For one list of a result. */
void gf_put_own_list(gf_call *call, const char *key, const gf_list *list, gf_doc **docs, size_t n);
void gf_free_item_docs(gf_call *call);
void gf_drop_field(gf_call *call, const char *key);
bool gf_list_reserve(gf_call *call, gf_list *list, size_t n); /* room for so many in all */
void gf_list_add(gf_call *call, gf_list *list, gf_value item);
void gf_list_free(gf_call *call, gf_list *list);
bool gf_seen_add(gf_call *call, gf_seen *seen,
                 gf_value identity); /* false: it was there already (or memory lacks) */
void gf_seen_free(gf_call *call, gf_seen *seen);
uint64_t gf_identity_hash(gf_value identity); /* 0: nothing to know it by */
uint64_t gf_hash(gf_str text);                /* never 0 */
/* Text of a scalar: strings as they are, integers in `digits`; false for anything else. */
bool gf_scalar_text(gf_value v, gf_str *text, char digits[24]);
bool gf_integer_text(gf_value v, gf_str *text, char digits[24]); /* of an integer, however large */

/* --- gf_row.c: the row's way through an operation --- */
void gf_row_start(gf_call *call);
void gf_row_answer(gf_call *call, gf_exchange *x);
/* Send the main request (again) with this path. */
void gf_row_ask_main(gf_call *call, const char *path);
/* For operations with functions of their own: settle `x`'s failed verdict (the organisation's probe, the row's probes)
 * and finish with what comes out. */
void gf_row_settle(gf_call *call, gf_exchange *x);
/* For its probes (gf_probe.c): ask what is to be asked next, or finish; finish with the outcome; change it. */
void gf_row_go_on(gf_call *call);
void gf_row_conclude(gf_call *call);
void gf_set_outcome(gf_call *call, gf_status status, gf_reason reason, const char *say);
bool gf_sends_org(const gf_call *call); /* does the organisation travel as a header? */

/* --- gf_probe.c --- */
bool gf_ask_next_probe(gf_call *call); /* false: none fits any more, or memory lacks */
void gf_probe_answer(gf_call *call, gf_exchange *x);

/* --- gf_items.c --- */
/* Hand over what is whole, after more of the answer has come. */
void gf_items_take(gf_call *call, gf_exchange *x);
/* The answer is whole: hand over the rest. False where it is no list of /apis; what was handed over has been. */
bool gf_items_end(gf_call *call, gf_exchange *x);

/* --- gf_project.c --- */
/* A document that is an array of rows: of each item the scalars that `columns` name, without those that it lacks. NULL
 * without memory. */
gf_doc *gf_project(const gf_allocator *alloc, const gf_list *items, const gf_column *columns);

/* --- gf_passes.c: lists in numbered pages that change while they are read --- */
void gf_begin_pages(gf_call *call); /* of another list: nothing has been seen */
/* The items of one page, and the total that came with it; -1: none. */
void gf_note_page(gf_call *call, gf_value list, const gf_paging *paging, int64_t total);
/* Something may have slipped through: at the end of a pass, begin another. False, however often it is asked: nothing may,
 * or enough has been tried. */
bool gf_read_again(gf_call *call, const gf_paging *paging);

/* --- gf_paging.c --- */
gf_exchange *gf_next_page(gf_call *call, int purpose, const gf_paging *paging, gf_str query, bool in_org);
typedef enum gf_page_end { GF_PAGE_MORE, GF_PAGE_LAST, GF_PAGE_BROKEN } gf_page_end;
/* Take the items of one page into call->list; says whether there is another. */
gf_page_end gf_take_page(gf_call *call, gf_exchange *x, const gf_paging *paging);
/* The list of an answer; absent when it holds none. */
gf_value gf_list_of(gf_exchange *x, const char *pointer);
/* The array that an answer is, outside all paging. Absent when it failed, or is something else: then its verdict says so. */
gf_value gf_take_array(gf_exchange *x);
/* What a probe looks through, beside the list of the call: from the first page; the query of the next; whether there is
 * one behind that of `x`, in which nothing was found. */
void gf_start_probe_pages(gf_call *call);
void gf_add_probe_page(gf_call *call, gf_buf *query, const gf_paging *paging);
bool gf_probe_goes_on(gf_call *call, gf_exchange *x, const gf_paging *paging);

/* --- operations with functions of their own --- */
void gf_listing_start(gf_call *call); /* gf_op_listing.c */
void gf_listing_answer(gf_call *call, gf_exchange *x);
bool gf_listing_more(gf_call *call);
void gf_panels_answer(gf_call *call, gf_exchange *x);
void gf_save_start(gf_call *call); /* gf_op_dashboard.c */
void gf_save_answer(gf_call *call, gf_exchange *x);
void gf_restore_answer(gf_call *call, gf_exchange *x);
bool gf_call_take(gf_call *call, gf_error *error); /* gf_op_call.c */
void gf_call_check(gf_call *call);
void gf_call_start(gf_call *call);
bool gf_request_take(gf_call *call, gf_error *error); /* gf_op_request.c */
void gf_request_start(gf_call *call);
void gf_change_datasource_start(gf_call *call); /* gf_op_datasource.c */
void gf_change_datasource_answer(gf_call *call, gf_exchange *x);
void gf_datasource_permissions_start(gf_call *call); /* gf_op_datasource_permission.c */
void gf_datasource_permissions_answer(gf_call *call, gf_exchange *x);
void gf_folder_check(gf_call *call); /* gf_op_folder.c */
void gf_folders_check(gf_call *call);
bool gf_keep_in_parent(gf_call *call, gf_value item);
void gf_create_folder_check(gf_call *call);
void gf_create_folder_start(gf_call *call);
void gf_create_folder_answer(gf_call *call, gf_exchange *x);
void gf_update_folder_check(gf_call *call);
void gf_update_folder_start(gf_call *call);
void gf_update_folder_answer(gf_call *call, gf_exchange *x);
void gf_move_folder_check(gf_call *call);
void gf_permission_items_check(gf_call *call); /* gf_op_permission.c */
void gf_permissions_answer(gf_call *call, gf_exchange *x);
bool gf_keep_permission_row(gf_call *call, gf_value item);
void gf_grant_check(gf_call *call);
void gf_grant_start(gf_call *call);
void gf_version_check(gf_call *call); /* gf_op_server.c */
void gf_version_answer(gf_call *call, gf_exchange *x);
void gf_health_answer(gf_call *call, gf_exchange *x);
bool gf_keep_matching_user(gf_call *call, gf_value item); /* gf_filters.c */
bool gf_keep_in_folders(gf_call *call, gf_value item);

/* --- gf_panels.c --- */
/* The panels of a dashboard (rows inside rows flattened) as rows of a small document of their own: an array. `answer` is
 * what /api/dashboards/uid/… gives. NULL without memory. */
gf_doc *gf_panel_rows(const gf_allocator *alloc, gf_value answer, bool with_rows);
/* {uid, title, url, panels} of the same. */
gf_doc *gf_dashboard_row(const gf_allocator *alloc, gf_value answer, bool with_rows);
/* Either of them (`dashboard`: the latter) straight from the text of the answer, if that is understood; if not, it has to
 * be parsed: it may be no JSON, hold no dashboard, or be unusual. What is not checked: gf_skim.h. NULL also without memory. */
gf_doc *gf_panels_skim(const gf_allocator *alloc, gf_str text, bool with_rows, bool dashboard,
                       bool *understood);
/* What is wanted of the items of a list of dashboards of /apis. */
typedef struct gf_item_wish {
  gf_call *call;
  const char *version; /* of the list; what is stored in another is not wanted */
  bool with_rows, dashboard;
  bool (*find)(gf_call *call, gf_str uid, size_t *place, gf_value *url); /* false: not wanted */
  size_t *place;                                                         /* what `find` said of it */
  gf_doc **rows; /* as the functions above give them */
} gf_item_wish;
typedef enum gf_item_end { GF_ITEM_TAKEN, GF_ITEM_UNKNOWN, GF_ITEM_NO_MEMORY } gf_item_end;
/* The rows of one item; `place` and `rows` are set when it is taken. */
gf_item_end gf_item_rows(gf_str text, const gf_item_wish *wish);

#endif
