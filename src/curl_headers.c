/* SPDX-License-Identifier: MIT
 *
 * curl_headers.c: the header lines of a request as libcurl takes them. The requests of a call share them.
 */
#include "curl_internal.h"
#include <string.h>

static size_t line_size(const gf_header *header) { return header->name.n + header->value.n + 3; }

/* "Name: value", or "Name;", which is how libcurl writes a header without a value. The end of the line. */
static char *write_line(char *to, const gf_header *header) {
  memcpy(to, header->name.p, header->name.n);
  to += header->name.n;
  if (header->value.n == 0) {
    *to++ = ';';
  } else {
    *to++ = ':', *to++ = ' ';
    memcpy(to, header->value.p, header->value.n);
    to += header->value.n;
  }
  *to++ = '\0';
  return to;
}

static const char no_expect[] = "Expect:"; /* libcurl would wait a second for "100 Continue" */

/* One block: the owner, the list's nodes, the lines. */
static gfc_headers *new_headers(const gf_allocator *alloc, const gf_request *request) {
  size_t n = request->n_headers;
  size_t size = sizeof(gfc_headers) + (n + 1) * sizeof(struct curl_slist) + sizeof no_expect;
  for (size_t i = 0; i < n; i++)
    size += line_size(&request->headers[i]);
  gfc_headers *headers = gfc_resize(alloc, NULL, size);
  if (!headers) return NULL;
  struct curl_slist *nodes = (struct curl_slist *)(void *)(headers + 1);
  char *line = (char *)(nodes + n + 1);
  *headers = (gfc_headers){.id = request->headers_id, .users = 1, .size = size, .list = nodes};
  for (size_t i = 0; i < n; i++) {
    nodes[i] = (struct curl_slist){.data = line, .next = &nodes[i + 1]};
    line = write_line(line, &request->headers[i]);
  }
  nodes[n] = (struct curl_slist){.data = memcpy(line, no_expect, sizeof no_expect)};
  return headers;
}

void gfc_headers_release(gfc_driver *driver, gfc_headers *headers) {
  if (!headers || --headers->users > 0) return;
  volatile char *p = (volatile char *)headers;
  for (size_t n = headers->size; n > 0; n--)
    p[n - 1] = 0;
  gfc_release(&driver->alloc, headers);
}

gfc_headers *gfc_headers_share(gfc_driver *driver, gfc_job *job, const gf_request *request) {
  gfc_headers *last = job->headers;
  if (!last || last->id == 0 || last->id != request->headers_id) {
    gfc_headers *made = new_headers(&driver->alloc, request);
    if (!made) return NULL;
    gfc_headers_release(driver, last);
    job->headers = last = made;
  }
  last->users++;
  return last;
}
