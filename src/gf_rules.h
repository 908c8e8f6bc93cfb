/* SPDX-License-Identifier: MIT
 *
 * gf_rules.h: the vocabulary in which gf_ops.c says how an operation is done. Internal to the core.
 *
 * A path is a template below the server's URL: `{name}` stands for a variable, percent-encoded. Variables are, in this
 * order: what a probe has found (`user_id`), the operation's arguments by name, the members of its object argument, its
 * options. A request whose template names an unknown variable is not sent.
 */
#ifndef GF_RULES_H
#define GF_RULES_H

#include "grafana.h"

struct gf_exchange;

/* What an answer of this code (and with this in its message) means; the first that fits counts, before the general
 * rules of gf_verdict.c. */
typedef struct gf_answer_rule {
  int code;
  const char *message; /* a part of the server's message, without regard to case; NULL: any */
  gf_status is;
  gf_reason reason;
  const char *say; /* the sentence for people, a template; NULL: the server's own words */
} gf_answer_rule;

/* One key of the result: where it is in the answer (JSON pointer). */
typedef struct gf_pick {
  const char *key;
  const char *pointer;
  bool optional; /* absent in some servers' answers */
} gf_pick;

typedef enum gf_when {
  GF_NEVER,
  GF_BEFORE,    /* before the main request */
  GF_ON_STATUS, /* after it, when the outcome so far is `status` */
  GF_ON_EMPTY   /* after it, when the list it gave is empty */
} gf_when;

/* What a client may learn of its server and then remember (gf_server.c); each is 0 until it has been noted. */
typedef enum gf_fact {
  GF_NO_FACT,
  GF_PERMISSION_ROUTES,      /* of data sources: a gf_generation */
  GF_NO_NUMERIC_DATASOURCES, /* 1: data sources have routes by uid only */
  GF_DASHBOARD_PAGES,        /* 1: /apis lists whole dashboards as they are stored; 2: it does not */
  GF_FACTS
} gf_fact;

/* When a probe gives way to the next. */
typedef enum gf_way {
  GF_STANDS,
  GF_IF_REFUSED, /* these credentials may not ask this */
  GF_IF_MISSING  /* nor has it found anything, or nobody may ask it of this server */
} gf_way;

/* A question that settles what a vague answer means, or finds a number for a name. The outcome of the main request
 * stands, unless the probe says otherwise. */
typedef struct gf_probe {
  gf_when when;
  gf_status status;        /* GF_ON_STATUS */
  gf_reason only_reason;   /* only when the outcome has this reason too */
  const char *only_text;   /* only when this argument is a string */
  const char *only_number; /* only when this argument is a number */
  const char *only_given;  /* only when this variable is known, and not empty */
  bool unless_own;         /* not when the organisation is the credentials' own */
  bool in_org;             /* ask inside the operation's organisation */
  const char *get;         /* path template */
  const char *own_get;     /* path template when the organisation is the credentials' own */
  const char *find;        /* of a list, or of one thing: where a key of `by` equals this variable */
  const char *by;          /* "userId login email": the first key first, through all items */
  bool only_one;           /* in the same case of its letters too, and no other item may fit */
  const char *beside;      /* a member of the item that must equal … */
  const char *beside_is;   /* … this variable; where neither is there, they are equal */
  const char *pointer;     /* what to take of the answer, or of the item found */
  const char *var;         /* into this variable */
  const char *key;         /* into this key of the result */
  const char *also;        /* a member of the answer (the item) that goes into the key of that name */
  const char *keep;        /* "name email": members of it that the object to be sent gets, if it lacks them */
  bool is_other;           /* found counts only if the thing taken differs from variable `other_than` */
  const char *other_than;
  gf_status found; /* the outcome when it is there; GF_OK: stays */
  gf_reason found_reason;
  gf_status missing; /* the outcome when it is not; GF_OK: stays */
  gf_reason missing_reason;
  const char *say;         /* the sentence for the outcome that this probe sets */
  const char *say_missing; /* the sentence when it is missing, where both may be */
  const char *restart;     /* found: send the main request again with this path */
  gf_fact
      fact; /* after the main request: found, this is noted as 1; before it: only where it has been noted */

  const char *only_uid; /* only when this argument is a string that may be a uid, and safe in a path */
  const struct gf_paging *pages; /* `find` looks through these, page by page */
  bool
      settles_doubt; /* only when a write may have been carried out before: found, it has been, and that is ok */
  bool is_answer;    /* found: what `key` got is the result, without the main request */
  gf_way way;        /* BEFORE: when the next is asked; a refusal stands if that finds nothing */
} gf_probe;

/* A member of a row that is made of an item: its key, and the item's key where that is another. */
typedef struct gf_column {
  const char *key;
  const char *from;
} gf_column;

#define GF_MAX_COLUMNS 6

/* How a list is paged. */
typedef struct gf_paging {
  const char *list;       /* JSON pointer of the list in an answer; NULL: not paged */
  const char *size_param; /* "perpage" or "limit" */
  int first;              /* number of the first page */
  const char *total;      /* JSON pointer of the total, NULL when the server names none */
  const char
      *identity;     /* the key by which an item is known again; NULL: there is none, in a list of one page */
  const char *token; /* JSON pointer of the token for the next page, instead of page numbers */
  const char *token_param;
  gf_column columns[GF_MAX_COLUMNS]; /* the result holds rows of these scalars; none: the items as they are */
} gf_paging;

/* A number that no server gives as an id (0, negative, beyond 64 bits): the outcome, before anything is sent. Some
 * servers take 0 for "all". */
typedef struct gf_id_rule {
  const char *name; /* the argument */
  gf_status missing;
  const char *say;
} gf_id_rule;

struct gf_op_rule {
  const char *own_path;  /* main path when the organisation is the credentials' own */
  const char *text_path; /* main path when argument `id` is a string */
  const char *id;        /* that argument */
  bool org_header;       /* the organisation travels as X-Grafana-Org-Id */
  bool idempotent;       /* beyond what the method says */
  bool empty_is_fine;    /* an empty 200 is an answer */
  bool empty_is_sure;    /* an empty list is no sign that there is no such organisation */
  bool is_public;        /* the main request is answered to anyone: says nothing of the credentials */
  bool any_answer;       /* an answer may be text, or nothing; its headers are kept (gf_answer.c) */
  gf_id_rule ids[2];
  gf_pick picks[8];
  gf_answer_rule rules[8];
  gf_probe probes[8];
  gf_paging paging;
  /* Functions for what rows cannot say; each may be NULL. */
  bool (*take)(gf_call *, gf_error *);                /* the arguments; false: an error of the program */
  void (*check)(gf_call *);                           /* the arguments; may finish the call */
  void (*start)(gf_call *);                           /* instead of probes and main request */
  void (*on_answer)(gf_call *, struct gf_exchange *); /* instead of the row's way; see gf_call_internal.h */
  bool (*more)(gf_call *);                /* there is room: make one more request, if there is one */
  bool (*keep)(gf_call *, gf_value item); /* which items of a list belong to the result */
};

#endif
