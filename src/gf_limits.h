/* SPDX-License-Identifier: MIT
 *
 * Every cap of the core, together. */
#ifndef GF_LIMITS_H
#define GF_LIMITS_H

enum {
  GF_DEFAULT_TIMEOUT_MS = 5000,
  GF_DEFAULT_CONNECT_TIMEOUT_MS = 2000,
  GF_DEFAULT_MAX_RETRIES = 10,
  GF_DEFAULT_BACKOFF_FIRST_MS = 500,
  GF_DEFAULT_BACKOFF_MAX_MS = 1000,
  GF_DEFAULT_CONCURRENCY = 8,
  GF_MAX_CONCURRENCY = 1024,

  GF_MAX_URL = 1 << 20,           /* bytes of a request's URL */
  GF_MAX_HEADERS_BYTES = 1 << 18, /* of an answer's head, all headers together */
  GF_MAX_HEADERS = 1000,          /* lines of an answer's head */
  GF_MAX_SENT_HEADERS = 64,       /* of a request */
  GF_MAX_COOKIES = 1 << 14,       /* bytes of all cookies of a session */
  GF_MAX_TOKEN = 1 << 16,         /* of what asks for the next page of whole dashboards */
  GF_MAX_SHORT_CUTS = 2,          /* retries of what is cut or too late, where there is another way */
  GF_MAX_REDIRECTS = 5,           /* followed for one request */
  GF_MAX_RETRY_AFTER_MS = 60000,  /* a server that asks for more waits this long only */
  GF_MAX_MESSAGE = 512,           /* of a result, with its zero */
  GF_MAX_SERVER_WORDS = 300,      /* of a server's own message inside it */
  GF_MAX_PAGES = 100000,          /* of one list */
  GF_MAX_PASSES = 3,              /* over a list that changes while it is read, after the first */
  GF_PAGE_SIZE = 1000             /* items asked for at once */
};

#define GF_MAX_PASSING ((size_t)4 << 20) /* of an answer that is parsed into memory used again */
#define GF_DEFAULT_MAX_BODY ((size_t)64 << 20)
#define GF_MAX_SENT_BODY ((size_t)256 << 20)

#endif
