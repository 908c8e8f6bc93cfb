/* SPDX-License-Identifier: MIT
 *
 * grafana.h: the core of the Grafana client, for programs in C.
 *
 * An operation is a value (`gf_call`) that says what to send next. The core does no I/O, reads no clock, prints
 * nothing and has no writable globals: a driver asks a call for requests, sends them, and feeds the answers, until the
 * call has a result. One core serves every way of doing I/O.
 *
 *     gf_call *call = gf_call_new(client, gf_op_find("create_org"), args, 1, NULL, 0, &error);
 *     for (;;) {
 *       switch (gf_call_next(call, now_ms(), &request, &wake_ms)) {
 *         case GF_SEND: send `request`, remember its id; ask again
 *         case GF_WAIT: sleep until `wake_ms` or until bytes arrive; feed them by gf_head … gf_end; ask again
 *         case GF_DONE: read gf_call_result(call)
 *       }
 *     }
 *
 * Ownership: what gf_*_new returns belongs to the caller, who gives it back with the matching _release. Strings given
 * to a function are copied unless its comment says otherwise. Times are milliseconds of a monotonic clock whose zero
 * does not matter. Nothing here is thread safe: one client and its calls belong to one thread at a time.
 */
#ifndef GRAFANA_H
#define GRAFANA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define GF_API __attribute__((visibility("default")))
#else
#define GF_API
#endif

#define GF_VERSION "0.1.0"

/* ------------------------------------------------------------------------------------------------ basic types -- */

/* Bytes with their length; not always zero-terminated, and `p` may be NULL when `n` is 0. */
typedef struct gf_str {
  const char *p;
  size_t n;
} gf_str;

/* The one allocator. `resize(ctx, NULL, n)` allocates, `resize(ctx, p, n)` moves, `resize(ctx, p, 0)` frees and
 * returns NULL. It returns NULL when there is no memory, and then leaves `p` as it was. */
typedef struct gf_allocator {
  void *(*resize)(void *ctx, void *p, size_t size);
  void *ctx;
} gf_allocator;

/* The C library's allocator. */
GF_API gf_allocator gf_default_allocator(void);

/* What went wrong with the arguments of a function: a sentence in fixed space, so that it can tell of lacking memory. */
typedef struct gf_error {
  char message[512];
} gf_error;

/* A JSON document (see gf_json.h for what can be done with one). Counted: retain and release. */
typedef struct gf_doc gf_doc;
GF_API gf_doc *gf_doc_retain(gf_doc *doc);
GF_API void gf_doc_release(gf_doc *doc); /* NULL is fine */
/* Parse `text` (copied). NULL with `error` filled when it is not JSON, too deep (over 1000) or memory is lacking. */
GF_API gf_doc *gf_doc_from_text(const gf_allocator *alloc, gf_str text, gf_error *error);

/* A place inside a document; valid as long as somebody holds the document and nobody changes it. {NULL, NULL} stands for
 * absent. */
typedef struct gf_value {
  gf_doc *doc;
  void *node;
} gf_value;

GF_API gf_value gf_doc_root(gf_doc *doc);
GF_API bool gf_value_is_absent(gf_value v);
GF_API gf_value gf_value_get(gf_value v,
                             const char *key);         /* member of an object; absent when there is none */
GF_API gf_value gf_value_at(gf_value v, size_t index); /* element of an array, from 0 */
GF_API size_t gf_value_len(gf_value v);                /* elements or members; 0 for scalars */
GF_API bool gf_value_string(gf_value v, gf_str *out);  /* false when it is no string */
GF_API bool gf_value_int(gf_value v, int64_t *out);    /* false when it is no integer that fits */
GF_API bool gf_value_bool(gf_value v, bool *out);      /* false when it is no boolean */
/* JSON text of `v`: allocated with `alloc`, zero-terminated, for the caller to free; NULL without memory. */
GF_API char *gf_value_text(const gf_allocator *alloc, gf_value v, bool pretty, size_t *length);

/* --------------------------------------------------------------------------------------- statuses and reasons -- */

/* The closed set of statuses (API.md). gf_status_name gives the text that users see: "ok", "not-found", … */
typedef enum gf_status {
  GF_OK,
  GF_ACCESS_DENIED,
  GF_NOT_FOUND,
  GF_ALREADY_EXISTS,
  GF_USER_NOT_FOUND,
  GF_ROLE_NOT_FOUND,
  GF_INVALID_DATA,
  GF_MISSING_DATA,
  GF_UNKNOWN_HOST,
  GF_CONNECTION_REFUSED,
  GF_ERROR
} gf_status;
GF_API const char *gf_status_name(gf_status status);

/* Why; GF_REASON_NONE where there is nothing to add (its name is NULL). */
typedef enum gf_reason {
  GF_REASON_NONE,
  GF_TIMEOUT,
  GF_DEADLINE,
  GF_TLS,
  GF_CUT,
  GF_INVALID_JSON,
  GF_NOT_GRAFANA,
  GF_TOO_LARGE,
  GF_REDIRECT,
  GF_RATE_LIMITED,
  GF_UNAVAILABLE,
  GF_BAD_CREDENTIALS,
  GF_FORBIDDEN,
  GF_ORG_NOT_FOUND,
  GF_FOLDER_NOT_FOUND,
  GF_VERSION_MISMATCH,
  GF_NAME_EXISTS,
  GF_UID_EXISTS,
  GF_UNSUPPORTED,
  GF_CANCELLED,
  GF_CLOSED,
  GF_SERVER_ERROR
} gf_reason;
GF_API const char *gf_reason_name(gf_reason reason);

/* ---------------------------------------------------------------------------------------------------- clients -- */

/* One argument of a call, one option, or one setting. */
typedef enum gf_arg_kind {
  GF_ARG_NIL,
  GF_ARG_BOOL,
  GF_ARG_INT,
  GF_ARG_STRING,
  GF_ARG_NUMBER,
  GF_ARG_DOC,
  GF_ARG_OWN,
  GF_ARG_NULL
} gf_arg_kind;

typedef struct gf_arg {
  gf_arg_kind kind;
  bool boolean;    /* GF_ARG_BOOL */
  int64_t integer; /* GF_ARG_INT */
  gf_str string;   /* GF_ARG_STRING; GF_ARG_NUMBER: the digits of an integer beyond int64 */
  gf_doc *doc;     /* GF_ARG_DOC: borrowed, the callee retains it */
} gf_arg; /* GF_ARG_OWN stands for the organisation of the credentials, GF_ARG_NULL for JSON's null */

typedef struct gf_header {
  gf_str name;
  gf_str value;
} gf_header;

/* How to reach a server. Fill with gf_config_init, then change what is wanted; everything is copied. */
typedef struct gf_config {
  gf_str url;            /* http:// or https://, a sub-path may follow; credentials inside it are refused */
  gf_str user, password; /* basic authentication, when `user` is not empty */
  bool logs_in;          /* they are sent once, to /login, and then a session cookie instead */
  gf_str token;          /* service account token or API key, when not empty */
  bool asks_for_token;   /* instead: gf_call_wants_token says when, gf_client_set_token gives it */
  bool has_certificate;  /* the driver shows a client certificate: for gf_client_auth only */
  gf_arg org;            /* GF_ARG_INT, GF_ARG_NUMBER or GF_ARG_OWN; GF_ARG_NIL: each call names one */
  const gf_header *headers;
  size_t n_headers;
  gf_str user_agent;
  int64_t timeout_ms;            /* one request, default 5000; 0: none */
  int64_t connect_timeout_ms;    /* default 2000; 0: none */
  int64_t deadline_ms;           /* a whole call with its retries; 0, the default: none */
  int max_retries;               /* default 10 */
  int64_t backoff_first_ms;      /* default 500 */
  int64_t backoff_max_ms;        /* default 1000 */
  double backoff_multiplier;     /* default 2.0 */
  int concurrency;               /* requests on the wire at once, at most; default 8 */
  size_t max_body;               /* bytes of one answer, default 64 MiB */
  uint64_t (*random)(void *ctx); /* for jitter; NULL: no jitter */
  void *random_ctx;
  gf_allocator alloc;
} gf_config;
GF_API void gf_config_init(gf_config *config);

/* What calls share: address, credentials, settings, the window of what is on the wire: `concurrency` requests, fewer after
 * answers 429 and 503 until the server has recovered, and none before the time that a Retry-After with these names. Counted. */
typedef struct gf_client gf_client;
GF_API gf_client *gf_client_new(const gf_config *config, gf_error *error);
GF_API gf_client *gf_client_retain(gf_client *client);
GF_API void gf_client_release(gf_client *client);
/* Wipes the credentials and cancels every call that is not done (reason closed). Twice is fine. */
GF_API void gf_client_close(gf_client *client);
GF_API bool gf_client_is_closed(const gf_client *client);
GF_API const char *gf_client_url(
    const gf_client *client); /* as given, without a final slash; lives with the client */
/* How the client signs in: "basic-auth as admin", "regular-login as admin", "token", "client certificate", "anonymous"; no
 * secret. Lives with the client. */
GF_API const char *gf_client_auth(const gf_client *client);
/* The token to use from now on, for a client with `asks_for_token`; copied. False with `error` filled when it is empty,
 * holds a control character, or memory is lacking. */
GF_API bool gf_client_set_token(gf_client *client, gf_str token, gf_error *error);
GF_API int gf_client_concurrency(const gf_client *client); /* requests on the wire at once, at most */
/* How often credentials that had never been accepted have been refused: see gf_call_begun_at. */
GF_API unsigned gf_client_refusals(const gf_client *client);

/* ------------------------------------------------------------------------------------------------- operations -- */

/* What an argument or an option may be in Lua. */
typedef enum gf_type {
  GF_T_STRING, /* a string, not empty */
  GF_T_INT,    /* an integer (a grafana.number too) */
  GF_T_BOOL,
  GF_T_ORG,     /* an organisation's id, grafana.own, or nil for the client's */
  GF_T_ID,      /* an integer or a string */
  GF_T_OBJECT,  /* a table with keys, or a document */
  GF_T_LIST,    /* a table that is an array, or a document */
  GF_T_STRINGS, /* a string or an array of strings */
  GF_T_ROLE,    /* a string, or a table {role = string} */
  GF_T_BODY,    /* a table, a document, or a string that is sent as it is */
  GF_T_STRING_OR_NULL,
  GF_T_FUNCTION /* a binding's own matter: it keeps the function, and the core is given none */
} gf_type;

/* Where an argument or an option goes. */
typedef enum gf_where { GF_IN_NOTHING, GF_IN_PATH, GF_IN_QUERY, GF_IN_BODY, GF_IN_WHOLE_BODY } gf_where;

typedef struct gf_param {
  const char *name;
  gf_type type;
  gf_where where;
  bool optional;
  bool may_be_empty;    /* an empty string is a value */
  const char *wire;     /* the name on the wire, where it differs */
  const char *required; /* of an object: keys that must be there, "name type", "login|email" for one of two */
  const char
      *lists; /* of an object: where an unmarked empty table is a list: "tags panels list.options" (the end
                            of the path of keys, indices left out) */
  const char *text; /* what it is, for people */
} gf_param;

#define GF_MAX_PARAMS 6
#define GF_MAX_OPTIONS 10

/* One key of a result. */
typedef struct gf_result_key {
  const char *name;
  const char
      *shape; /* "integer", "string", "object", "list", "boolean", "value": any JSON value, or a text */
  const char *text;
} gf_result_key;

/* An operation as users see it. The rows live in one constant table, sorted by name (gf_ops.c). */
typedef struct gf_op_rule gf_op_rule;
typedef struct gf_op {
  const char *name;
  const char *group;                /* "Organisations", … as in API.md */
  const char *summary;              /* a sentence for people */
  const char *method;               /* of its main request; "ANY" where the arguments say it */
  const char *path;                 /* below the server's URL, with {names} */
  const char *see;                  /* the Grafana page or recording that it follows */
  gf_param params[GF_MAX_PARAMS];   /* positional, in order; ends at the first without a name */
  gf_param options[GF_MAX_OPTIONS]; /* its own options; the general ones are not listed */
  gf_result_key keys[8];
  const char *statuses;   /* special statuses, "not-found already-exists" */
  const gf_op_rule *rule; /* how it is done: the core's own business */
} gf_op;

GF_API size_t gf_op_count(void);
GF_API const gf_op *gf_op_at(size_t index);       /* sorted by name */
GF_API const gf_op *gf_op_find(const char *name); /* NULL when there is none */

/* The options that `op` takes besides its own: name, type and text. NULL: those of any operation. What a binding keeps for
 * itself (GF_T_FUNCTION) is listed too. */
GF_API const gf_param *gf_general_options(const gf_op *op, size_t *count);

/* ---------------------------------------------------------------------------- Grafana's documented operations -- */

/* An operation of Grafana's description of its HTTP API, as the operation `call` takes it. The rows live in one constant
 * table, sorted by name. */
typedef struct gf_api_op {
  const char *name;   /* "getDashboardByUID" */
  const char *method; /* "GET", … */
  const char *path;   /* below /api, with {names} */
  const char *params; /* packed; gf_api_param_next reads them */
  const char *tags;   /* words: "dashboards"; "enterprise" where the open-source server has it not */
  unsigned versions;  /* which descriptions have it: bit i stands for gf_api_version(i) */
  bool has_body;      /* a request has one, even when no field is given */
  bool deprecated;    /* in the newest description that has it */
} gf_api_op;

GF_API size_t gf_api_count(void);
GF_API const gf_api_op *gf_api_at(size_t index);       /* sorted by name */
GF_API const gf_api_op *gf_api_find(const char *name); /* NULL when there is none */
/* The version of the server that a description is of, the newest first: "12.4.3"; NULL after the last. */
GF_API const char *gf_api_version(size_t index);

/* What a parameter may be; descriptions say nothing of the fields of bodies. */
typedef enum gf_api_type { GF_API_ANY, GF_API_STRING, GF_API_INT, GF_API_BOOL, GF_API_LIST } gf_api_type;

typedef struct gf_api_param {
  gf_str name;    /* not zero-terminated */
  gf_where where; /* GF_IN_PATH, GF_IN_QUERY, GF_IN_BODY; a name may be in the path and in the body */
  gf_api_type type;
  bool is_required;
  bool is_route;     /* a path of another server: its slashes stay */
  bool is_joined;    /* a list that goes out with commas between; else once for each item */
  unsigned versions; /* which descriptions have it, as for operations */
} gf_api_param;

/* The parameters one after another, those of the path first, then those of the query; `*at` is 0 at first. False after
 * the last. */
GF_API bool gf_api_param_next(const gf_api_op *op, size_t *at, gf_api_param *param);

/* How many letters must change to make one word of the other, whatever their case; words count up to 63 letters. */
GF_API size_t gf_distance(gf_str a, gf_str b);

/* ------------------------------------------------------------------------------------------------------ calls -- */

typedef struct gf_call gf_call;

typedef struct gf_option {
  gf_str name;
  gf_arg value;
} gf_option;

/* Begin `op` on `client`: nothing is sent yet. `args` are its parameters in order (missing ones count as GF_ARG_NIL).
 * A programming error (wrong kind, nil where a value is due, unknown option) returns NULL and fills `error`, naming the
 * argument. What is a value but not enough (an empty string, a key that is not there) makes a call that is done at once
 * with the status missing-mandatory-data. */
GF_API gf_call *gf_call_new(gf_client *client, const gf_op *op, const gf_arg *args, size_t n_args,
                            const gf_option *options, size_t n_options, gf_error *error);
GF_API gf_call *gf_call_retain(gf_call *call);
GF_API void gf_call_release(gf_call *call); /* the last release cancels it */
GF_API void gf_call_cancel(gf_call *call);  /* done with reason cancelled, if it was not done */
GF_API bool gf_call_is_done(const gf_call *call);
/* The call cannot go on without a token, the first or another after a 401: give one by gf_client_set_token, then go on as
 * usual. It waits as long as none is given. */
GF_API bool gf_call_wants_token(const gf_call *call);
/* The call belongs to work that began when gf_client_refusals was `refusals`: where credentials that were never accepted have
 * been refused since, it is not sent. So a wrong password is tried once, however many calls the work has. */
GF_API void gf_call_begun_at(gf_call *call, unsigned refusals);

/* A request to send. It lives until its gf_end, or until the call is freed if that comes first. */
typedef struct gf_request {
  uint32_t id;        /* unique within its call */
  const char *method; /* "GET", … */
  const char *url;    /* whole, zero-terminated, to be used as it is: no normalising of dots or slashes */
  const gf_header *headers; /* zero-terminated strings, Authorization among them; no Content-Length */
  size_t n_headers;
  uint64_t headers_id; /* two requests of one client with the same id have the same headers; 0: unknown */
  gf_str body;         /* a POST, PUT or PATCH may have an empty one */
  int64_t timeout_ms;  /* for the whole request, 0: none */
  int64_t connect_timeout_ms;
} gf_request;

typedef enum gf_next { GF_SEND, GF_WAIT, GF_DONE } gf_next;

/* What is to be done now. GF_SEND: `*request` is to be sent, then ask again. GF_WAIT: nothing to send; ask again after
 * feeding an answer, at `*wake_ms` (INT64_MAX: no time set; the end of a pause that the server has asked for is one), or when
 * another call of the client has ended a request (the window may have room). GF_DONE: there is a result; the driver drops what it still transfers for this call and feeds
 * nothing more. */
GF_API gf_next gf_call_next(gf_call *call, int64_t now_ms, const gf_request **request, int64_t *wake_ms);

/* What a call that waits is waiting for, as far as it lies with other calls of its client. */
typedef enum gf_blocked {
  GF_BLOCKED_NOT,     /* its own answers, or the clock */
  GF_BLOCKED_ROOM,    /* it has, or may have, something to send, and the window is full */
  GF_BLOCKED_SIGN_IN, /* another call, or a token, must sign the client in first */
} gf_blocked;

/* Why the last gf_call_next said GF_WAIT: a driver that drives many calls of one client need not ask those again, when
 * another has ended a request, that do not wait for it. */
GF_API gf_blocked gf_call_blocked(const gf_call *call);
/* Whether its client may have one more request on the wire, of whichever call: then another that waits for room can be
 * asked. A pause takes no room: who is asked during it waits for the clock. */
GF_API bool gf_call_has_room(const gf_call *call);

/* What a driver leaves with a call that it carries, to learn that the call is done whoever has ended it: an answer, a
 * cancel, the client's end. */
typedef struct gf_watch {
  struct gf_watch *
      *done; /* the list that the core puts this one on then, as the first; it may look at it at any time */
  struct gf_watch *next; /* in that list */
} gf_watch;

/* Leave `watch` with a call that is not done: it must stay where it is until taken back by NULL, or until the call is freed.
 * Once on its list it stays there. */
GF_API void gf_call_watch(gf_call *call, gf_watch *watch);
GF_API gf_watch *gf_call_watched(const gf_call *call); /* what was left with it; NULL: nothing */

/* How a request ended. */
typedef enum gf_how {
  GF_END_COMPLETE, /* the answer is whole */
  GF_END_CUT,      /* the connection broke, before or within the answer */
  GF_END_TIMEOUT,
  GF_END_UNKNOWN_HOST,
  GF_END_REFUSED, /* nobody listens */
  GF_END_TLS,
  GF_END_DROPPED, /* a feeding function returned a negative number */
  GF_END_FAILED   /* anything else that kept it from being sent or answered */
} gf_how;

/* Feed an answer as it comes: the head (again after a 1xx), each header, the body in pieces of any size. A negative
 * return says: drop this transfer, then call gf_end with GF_END_DROPPED; a positive one: the call has something to send
 * already, and should be asked again without waiting for the end. Bodies come decoded (no chunks, no gzip). */
GF_API int gf_head(gf_call *call, uint32_t id, int code);
GF_API int gf_header_line(gf_call *call, uint32_t id, gf_str name, gf_str value);
GF_API int gf_body(gf_call *call, uint32_t id, gf_str bytes);
/* End of request `id`. `sent` is false only when certainly no byte of it reached a server. `detail` is a few words for
 * people, or NULL. */
GF_API void gf_end(gf_call *call, uint32_t id, gf_how how, bool sent, const char *detail, int64_t now_ms);

/* A retry that has been decided since the last call of this function: true once for each. */
typedef struct gf_retry {
  const char *operation;
  int attempt;      /* the one that failed, from 1 */
  int64_t delay_ms; /* until the next */
  gf_status status;
  gf_reason reason;
} gf_retry;
GF_API bool gf_call_retried(gf_call *call, gf_retry *retry);

/* The operation's name, as the result and retries tell it; of `call` that of the documented operation. */
GF_API const char *gf_call_operation(const gf_call *call);

/* How far the call has come: of `*total` parts known so far, `*done` are done, and `*failed` of these could not be had.
 * What a part is depends on the operation: a dashboard of those that are read one by one, an item of a list (of as many
 * as the server has named, else of those that are there), a request of any other. So a call of one request goes from 0 of 1
 * to 1 of 1, whatever its answer, and so does one of which nothing is known yet. `*done` never falls and never exceeds
 * `*total`, which may rise while more becomes known, and fall at the end, where a call that is ok has done all. A call that
 * failed is left as far as it came; where it counts requests, the one that decided has failed. */
GF_API void gf_call_progress(const gf_call *call, size_t *done, size_t *total, size_t *failed);

/* ---------------------------------------------------------------------------------------------------- results -- */

typedef enum gf_field_kind { GF_F_BOOL, GF_F_INT, GF_F_TEXT, GF_F_VALUE, GF_F_LIST } gf_field_kind;

/* One named value of a result. A list is an array of places, possibly in several documents. */
typedef struct gf_field {
  const char *name;
  gf_field_kind kind;
  bool boolean;
  int64_t integer;
  gf_str text;
  gf_value value;        /* GF_F_VALUE: any JSON value, scalars too */
  const gf_value *items; /* GF_F_LIST */
  size_t n_items;
} gf_field;

typedef struct gf_result {
  const char *operation;
  gf_status status;
  gf_reason reason;
  int code;            /* HTTP status of the answer that decided, 0 when there was none */
  int attempts;        /* requests sent for the part that decided */
  bool uncertain;      /* a write may have arrived but no answer came */
  bool raw;            /* the option raw: objects are wanted as documents */
  const char *message; /* a sentence for a person; "" when ok */
  const gf_field *fields;
  size_t n_fields;
} gf_result;

/* The result of a call that is done (else NULL). It lives until the call is freed. */
GF_API const gf_result *gf_call_result(const gf_call *call);
/* The first `n` items of this list of the result have been read for good: what nothing else needs of it is freed, so that a
 * result of hundreds of thousands of items need not be there twice. From the first such call on gf_call_result is NULL; a
 * result got before may still be read, but for those items. */
GF_API void gf_call_forget_items(gf_call *call, const gf_field *list, size_t n);
GF_API const gf_field *gf_result_field(const gf_result *result,
                                       const char *name); /* NULL when there is none */

/* The stamp of this build of the core: a module that was built with another refuses to work with it. */
GF_API const char *gf_stamp(void);

#endif
