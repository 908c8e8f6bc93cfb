/* SPDX-License-Identifier: MIT
 *
 * http1.c: the HTTP/1.1 answer reader.
 *
 * llhttp gets either exactly one whole line, or bytes that are all of one body or chunk. So each of its callbacks belongs to
 * the line or the bytes just given, names and values lie in one piece in that line, the end of an answer is the end of a
 * piece, and the caps and rules for lines are here, in one place. A line that comes in one piece is not copied.
 */
#include "http1.h"
#include "http1_gzip.h"
#include "http1_limits.h"
#include <llhttp.h>
#include <stdint.h>
#include <string.h>

/* What is due next. The first four are lines. */
typedef enum gfh_stage {
  GFH_STATUS_LINE,
  GFH_HEADER_LINE,
  GFH_CHUNK_LINE,
  GFH_TRAILER_LINE,
  GFH_CHUNK,  /* `left` bytes, the CRLF behind it among them */
  GFH_LENGTH, /* `left` bytes */
  GFH_CLOSE   /* all until the peer closes */
} gfh_stage;

/* What the body is encoded with. */
typedef enum gfh_coding { GFH_PLAIN, GFH_GZIP, GFH_STRANGE } gfh_coding;

struct gfh_reader {
  gfh_allocator alloc;
  llhttp_t parser;
  gfh_sink sink;
  gfh_stage stage;
  gfh_state state;
  const char *problem;
  bool is_head, is_connect; /* the request's method */
  bool started, keep;
  bool is_chunked;                        /* a Transfer-Encoding has come */
  bool spoiled;                           /* the connection, by what a head said, of an interim answer too */
  bool head_whole, complete;              /* llhttp has seen the end of the head, of the answer */
  int code;                               /* of the head that is read, interim ones too */
  int interim;                            /* how many have been skipped */
  size_t n_lines, line_bytes, extensions; /* counted against the caps; trailers anew */
  uint64_t left;
  gfh_str name, value; /* in the line given to llhttp */
  char *line;          /* what has come of a line that is not whole */
  size_t line_n, line_room;
  gfh_coding coding;
  bool inflating; /* bytes of this body went to `gzip` */
  gfh_gzip *gzip; /* NULL until a body needs it */
};

/* ------------------------------------------------------------------------------------------------ the end -- */

static bool fail(gfh_reader *r, const char *problem) {
  if (r->state != GFH_MORE) return false; /* the first problem counts */
  r->state = GFH_BAD;
  r->problem = problem;
  return false;
}

/* What the sink returned: no more is wanted when it is negative. */
static bool taken(gfh_reader *r, int result) {
  if (result < 0 && r->state == GFH_MORE) r->state = GFH_DROPPED;
  return result >= 0;
}

static const char two_ways[] = "the answer gives its length in two ways";
static const char bad_begin[] = "the answer does not begin as one of HTTP/1.0 or HTTP/1.1";
static const char bad_status[] = "the status line of the answer is damaged";
static const char bad_header[] = "a header of the answer is damaged";
static const char bad_encoding[] = "the Transfer-Encoding of the answer is not chunked";
static const char bad_size[] = "a chunk of the answer has no proper size";
static const char bad_end[] = "a line of the answer does not end as HTTP has it";
static const char no_memory[] = "out of memory";

/* What llhttp's refusal of a header means here. */
static const char *header_problem(const gfh_reader *r, llhttp_errno_t error) {
  bool length = (r->parser.flags & F_CONTENT_LENGTH) != 0;
  switch (error) {
  case HPE_UNEXPECTED_CONTENT_LENGTH: return two_ways;
  case HPE_INVALID_CONTENT_LENGTH:
    return r->is_chunked ? two_ways : "the Content-Length of the answer is no number";
  case HPE_INVALID_TRANSFER_ENCODING: return length ? two_ways : bad_encoding;
  default: return bad_header;
  }
}

static const char *problem_of(const gfh_reader *r, llhttp_errno_t error) {
  switch (r->stage) {
  case GFH_STATUS_LINE: return error == HPE_INVALID_STATUS ? bad_status : bad_begin;
  case GFH_HEADER_LINE:
  case GFH_TRAILER_LINE: return header_problem(r, error);
  case GFH_CHUNK_LINE: return bad_size;
  case GFH_CHUNK: return "a chunk of the answer does not end where it should";
  default: return "the answer is not proper HTTP";
  }
}

/* ------------------------------------------------------------------------------------------------- strings -- */

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

/* `s` is `word`, which has no capitals. */
static bool is_word(gfh_str s, const char *word) {
  size_t n = strlen(word);
  if (s.n != n) return false;
  for (size_t i = 0; i < n; i++)
    if (lower(s.p[i]) != word[i]) return false;
  return true;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static gfh_str trimmed(gfh_str s) {
  while (s.n > 0 && is_blank(s.p[s.n - 1]))
    s.n--;
  while (s.n > 0 && is_blank(*s.p))
    s.p++, s.n--;
  return s;
}

/* ---------------------------------------------------------------------------------------- llhttp's callbacks -- */

/* Pieces of one name or value lie side by side, as the line lies in one piece. */
static int extend(gfh_reader *r, gfh_str *part, const char *p, size_t n) {
  if (part->n == 0) part->p = p;
  if (part->p + part->n != p) return fail(r, bad_header), -1;
  part->n += n;
  return 0;
}

static int on_name(llhttp_t *parser, const char *p, size_t n) {
  gfh_reader *r = parser->data;
  return extend(r, &r->name, p, n);
}

static int on_value(llhttp_t *parser, const char *p, size_t n) {
  gfh_reader *r = parser->data;
  return extend(r, &r->value, p, n);
}

static bool is_final(const gfh_reader *r) { return r->code >= 200; }

static bool is_tunnel(const gfh_reader *r) { return r->is_connect && r->code >= 200 && r->code < 300; }

/* Whatever its headers say; llhttp knows of 204 and 304. An answer to CONNECT that is no tunnel may have a body, which nobody
 * wants. */
static bool has_no_body(const gfh_reader *r) { return r->is_head || r->is_connect || !is_final(r); }

/* What announces a body and must not have one may be followed by that body all the same. */
static bool spoils(const gfh_reader *r) {
  bool length = (r->parser.flags & F_CONTENT_LENGTH) && r->parser.content_length > 0;
  return (length || r->is_chunked) && (!is_final(r) || r->code == 204);
}

/* 1 tells llhttp that there is no body. */
static int on_head_whole(llhttp_t *parser) {
  gfh_reader *r = parser->data;
  r->head_whole = true;
  if (spoils(r)) r->spoiled = true;
  return has_no_body(r) ? 1 : 0;
}

static int on_chunk_line(llhttp_t *parser) {
  gfh_reader *r = parser->data;
  r->left = parser->content_length;
  return 0;
}

static bool feed_gzip(gfh_reader *r, gfh_str bytes) {
  if (!r->gzip) r->gzip = gfh_gzip_new(&r->alloc);
  if (!r->gzip) return fail(r, no_memory);
  if (!r->inflating) gfh_gzip_begin(r->gzip);
  r->inflating = true;
  switch (gfh_gzip_feed(r->gzip, bytes, r->sink.body, r->sink.ctx)) {
  case GFH_FLOWS: return true;
  case GFH_REFUSED: return taken(r, -1);
  case GFH_NO_MEMORY: return fail(r, no_memory);
  case GFH_OVERLONG: return fail(r, "the answer goes on after the end of its gzip body");
  case GFH_DAMAGED: break;
  }
  return fail(r, "the gzip body of the answer is damaged");
}

static bool take_body(gfh_reader *r, gfh_str bytes) {
  if (r->coding == GFH_PLAIN) return taken(r, r->sink.body(r->sink.ctx, bytes));
  if (r->coding == GFH_GZIP) return feed_gzip(r, bytes);
  return fail(r, "the body of the answer is encoded in a way that was not asked for");
}

static int on_body(llhttp_t *parser, const char *p, size_t n) {
  return n == 0 || take_body(parser->data, (gfh_str){p, n}) ? 0 : -1;
}

static int on_complete(llhttp_t *parser) {
  gfh_reader *r = parser->data;
  r->complete = true;
  r->keep = llhttp_should_keep_alive(parser) != 0;
  return 0;
}

static const llhttp_settings_t settings = {
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_head_whole,
    .on_chunk_header = on_chunk_line,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

static bool parse(gfh_reader *r, const char *p, size_t n) {
  llhttp_errno_t error = llhttp_execute(&r->parser, p, n);
  return error == HPE_OK || fail(r, problem_of(r, error));
}

/* --------------------------------------------------------------------------------------------- an answer's end -- */

static void begin_head(gfh_reader *r) {
  llhttp_init(&r->parser, HTTP_RESPONSE, &settings);
  r->parser.data = r;
  r->stage = GFH_STATUS_LINE;
  r->head_whole = r->complete = r->is_chunked = r->inflating = r->keep = false;
  r->coding = GFH_PLAIN;
  r->code = 0;
}

static bool lacks_gzip(const gfh_reader *r) { return r->inflating && !gfh_gzip_is_whole(r->gzip); }

static bool finish(gfh_reader *r) {
  if (lacks_gzip(r)) return fail(r, "the gzip body of the answer ends early");
  if (r->spoiled) r->keep = false;
  if (r->is_connect) r->keep = is_tunnel(r);
  r->state = GFH_DONE;
  return true;
}

/* The answer is whole, or the one before it. */
static bool end_answer(gfh_reader *r) {
  if (is_final(r)) return finish(r);
  if (!r->keep) r->spoiled = true;
  begin_head(r);
  return true;
}

/* ------------------------------------------------------------------------------------------------ lines taken -- */

static bool take_status(gfh_reader *r) {
  int code = llhttp_get_status_code(&r->parser);
  if (r->parser.http_major != 1 || r->parser.http_minor > 1) return fail(r, bad_begin);
  if (code < 100) return fail(r, bad_status);
  if (code == 101) return fail(r, "the answer switches to another protocol");
  if (code < 200 && ++r->interim > GFH_MAX_INTERIM) return fail(r, "there are too many interim answers");
  r->code = code;
  r->stage = GFH_HEADER_LINE;
  return !is_final(r) || taken(r, r->sink.head(r->sink.ctx, code));
}

static bool note_chunked(gfh_reader *r) {
  bool fine = !r->is_chunked && is_word(r->value, "chunked") && r->parser.http_minor == 1;
  r->is_chunked = true;
  return fine || fail(r, bad_encoding);
}

/* Two encodings, one after the other, are strange even when both are gzip. */
static void note_coding(gfh_reader *r) {
  if (r->value.n == 0 || is_word(r->value, "identity")) return;
  bool gzip = is_word(r->value, "gzip") || is_word(r->value, "x-gzip");
  r->coding = gzip && r->coding == GFH_PLAIN && gfh_gzip_is_here() ? GFH_GZIP : GFH_STRANGE;
}

static bool take_header(gfh_reader *r) {
  r->value = trimmed(r->value);
  if (is_word(r->name, "transfer-encoding") && !note_chunked(r)) return false;
  if (is_word(r->name, "content-encoding")) note_coding(r);
  return !is_final(r) || taken(r, r->sink.header(r->sink.ctx, r->name, r->value));
}

/* After the blank line: how the body comes. */
static bool take_head_end(gfh_reader *r) {
  bool length = (r->parser.flags & F_CONTENT_LENGTH) != 0;
  if (r->complete) return end_answer(r);
  r->n_lines = r->line_bytes = 0;
  r->left = length ? r->parser.content_length : 0;
  r->stage = r->is_chunked ? GFH_CHUNK_LINE : length ? GFH_LENGTH : GFH_CLOSE;
  return true;
}

static bool take_header_line(gfh_reader *r) { return r->head_whole ? take_head_end(r) : take_header(r); }

static bool take_chunk_line(gfh_reader *r) {
  if (r->left > UINT64_MAX / 2) return fail(r, bad_size);
  r->stage = r->left > 0 ? GFH_CHUNK : GFH_TRAILER_LINE;
  r->left += 2;
  return true;
}

static bool take_trailer_line(gfh_reader *r) {
  if (r->complete) return end_answer(r);
  bool framing = is_word(r->name, "transfer-encoding") || is_word(r->name, "content-length");
  return !framing || fail(r, two_ways);
}

static bool take_parsed_line(gfh_reader *r) {
  switch (r->stage) {
  case GFH_STATUS_LINE: return take_status(r);
  case GFH_HEADER_LINE: return take_header_line(r);
  case GFH_CHUNK_LINE: return take_chunk_line(r);
  default: return take_trailer_line(r);
  }
}

/* ----------------------------------------------------------------------------------------- rules for all lines -- */

static bool has_control(gfh_str line) {
  for (size_t i = 0; i < line.n; i++) {
    unsigned char c = (unsigned char)line.p[i];
    if ((c < ' ' && c != '\t') || c == 127) return true;
  }
  return false;
}

static bool count_line(gfh_reader *r, gfh_str line) {
  bool trailer = r->stage == GFH_TRAILER_LINE;
  if (r->stage == GFH_CHUNK_LINE) {
    const char *extension = memchr(line.p, ';', line.n);
    if (extension) r->extensions += line.n - (size_t)(extension - line.p);
    return r->extensions <= GFH_MAX_EXTENSIONS || fail(r, "the answer has too much beside its chunks");
  }
  if (line.n == 0) return true;
  r->n_lines += r->stage != GFH_STATUS_LINE;
  r->line_bytes += line.n;
  if (r->n_lines > (trailer ? GFH_MAX_TRAILERS : GFH_MAX_HEADERS))
    return fail(r, trailer ? "the answer has too many trailers" : "the answer has too many headers");
  if (r->line_bytes > (trailer ? GFH_MAX_TRAILERS_BYTES : GFH_MAX_HEADERS_BYTES))
    return fail(r,
                trailer ? "the trailers of the answer are too large" : "the head of the answer is too large");
  return true;
}

/* `line` ends in LF. Some of this llhttp 9.2 refuses too; others of its versions have taken continued lines and names of
 * nothing. */
static bool check_line(gfh_reader *r, gfh_str line) {
  line.n--;
  if (line.n == 0 || line.p[line.n - 1] != '\r') return fail(r, bad_end);
  line.n--;
  if (has_control(line)) return fail(r, "a line of the answer has a control character in it");
  if ((r->stage == GFH_HEADER_LINE || r->stage == GFH_TRAILER_LINE) && line.n > 0 &&
      (is_blank(line.p[0]) || line.p[0] == ':'))
    return fail(r, bad_header);
  return count_line(r, line);
}

static bool take_line(gfh_reader *r, gfh_str line) {
  r->name = r->value = (gfh_str){NULL, 0};
  return check_line(r, line) && parse(r, line.p, line.n) && take_parsed_line(r);
}

/* --------------------------------------------------------------------------------------------- lines in pieces -- */

/* There may be a cookie in it. */
static void wipe(char *p, size_t n) {
  for (volatile char *byte = p; n > 0; n--)
    *byte++ = 0;
}

static void forget_line(gfh_reader *r) {
  wipe(r->line, r->line_n);
  r->line_n = 0;
}

/* Room for `n` bytes, of which the caller knows that they are within the cap. */
static bool make_room(gfh_reader *r, size_t n) {
  size_t room = r->line_room ? r->line_room : GFH_FIRST_ROOM;
  while (room < n)
    room *= 2;
  if (room > GFH_MAX_LINE) room = GFH_MAX_LINE;
  if (room == r->line_room) return true;
  char *larger = r->alloc.resize(r->alloc.ctx, NULL, room);
  if (!larger) return fail(r, no_memory);
  if (r->line) {
    memcpy(larger, r->line, r->line_n);
    wipe(r->line, r->line_n);
    r->alloc.resize(r->alloc.ctx, r->line, 0);
  }
  r->line = larger;
  r->line_room = room;
  return true;
}

/* What cannot become a status line need not be waited for. */
static bool begins_well(const gfh_reader *r, gfh_str piece) {
  static const char begin[] = "HTTP/";
  if (r->stage != GFH_STATUS_LINE) return true;
  for (size_t i = 0; i < piece.n && r->line_n + i < sizeof begin - 1; i++)
    if (piece.p[i] != begin[r->line_n + i]) return false;
  return true;
}

static bool fits(gfh_reader *r, gfh_str piece) {
  bool chunk = r->stage == GFH_CHUNK_LINE;
  if (!begins_well(r, piece)) return fail(r, "the answer is not HTTP");
  if (piece.n <= (chunk ? GFH_MAX_CHUNK_LINE : GFH_MAX_LINE) - r->line_n) return true;
  return fail(r, chunk ? "a chunk of the answer has too long a size" : "a line of the answer is too long");
}

static bool append(gfh_reader *r, gfh_str piece) {
  if (!make_room(r, r->line_n + piece.n)) return false;
  memcpy(r->line + r->line_n, piece.p, piece.n);
  r->line_n += piece.n;
  return true;
}

/* `piece` is the rest of a line, or as much of it as has come. */
static void take_piece(gfh_reader *r, gfh_str piece) {
  bool whole = piece.p[piece.n - 1] == '\n';
  if (!fits(r, piece)) return;
  if (whole && r->line_n == 0) {
    take_line(r, piece);
    return;
  }
  if (!append(r, piece) || !whole) return;
  take_line(r, (gfh_str){r->line, r->line_n});
  forget_line(r);
}

/* --------------------------------------------------------------------------------------------------- all bytes -- */

/* Bytes of a body; how many. */
static size_t take_data(gfh_reader *r, gfh_str bytes) {
  bool bounded = r->stage != GFH_CLOSE;
  size_t n = bounded && bytes.n > r->left ? (size_t)r->left : bytes.n;
  if (!parse(r, bytes.p, n) || !bounded || (r->left -= n) > 0) return n;
  if (r->stage == GFH_CHUNK)
    r->stage = GFH_CHUNK_LINE;
  else if (r->complete)
    end_answer(r);
  else
    fail(r, problem_of(r, HPE_INTERNAL));
  return n;
}

static size_t take_some(gfh_reader *r, gfh_str bytes) {
  if (r->stage > GFH_TRAILER_LINE) return take_data(r, bytes);
  const char *end = memchr(bytes.p, '\n', bytes.n);
  if (end) bytes.n = (size_t)(end - bytes.p) + 1;
  take_piece(r, bytes);
  return bytes.n;
}

gfh_state gfh_feed(gfh_reader *r, const char *bytes, size_t n) {
  if (n > 0) r->started = true;
  while (n > 0 && r->state == GFH_MORE) {
    size_t used = take_some(r, (gfh_str){bytes, n});
    bytes += used;
    n -= used;
  }
  if (n > 0) r->keep = false;
  return r->state;
}

static gfh_state cut(gfh_reader *r) {
  r->state = GFH_CUT;
  r->problem = !r->started                   ? "the connection was closed without an answer"
               : r->stage <= GFH_HEADER_LINE ? "the connection was closed within the head of the answer"
                                             : "the connection was closed within the body of the answer";
  return GFH_CUT;
}

gfh_state gfh_eof(gfh_reader *r) {
  r->keep = false;
  if (r->state != GFH_MORE) return r->state;
  if (r->stage != GFH_CLOSE || lacks_gzip(r)) return cut(r);
  if (llhttp_finish(&r->parser) != HPE_OK || !r->complete)
    fail(r, problem_of(r, HPE_INTERNAL));
  else
    end_answer(r);
  r->keep = false;
  return r->state;
}

/* ------------------------------------------------------------------------------------------------ birth, death -- */

gfh_reader *gfh_new(const gfh_allocator *alloc) {
  gfh_reader *r = alloc->resize(alloc->ctx, NULL, sizeof *r);
  if (!r) return NULL;
  *r = (gfh_reader){.alloc = *alloc, .state = GFH_BAD, .problem = "no answer is due"};
  return r;
}

void gfh_free(gfh_reader *r) {
  if (!r) return;
  forget_line(r);
  if (r->line) r->alloc.resize(r->alloc.ctx, r->line, 0);
  gfh_gzip_free(r->gzip);
  r->alloc.resize(r->alloc.ctx, r, 0);
}

void gfh_begin(gfh_reader *r, const char *method, const gfh_sink *sink) {
  forget_line(r);
  r->sink = *sink;
  r->state = GFH_MORE;
  r->problem = "";
  r->is_head = strcmp(method, "HEAD") == 0;
  r->is_connect = strcmp(method, "CONNECT") == 0;
  r->started = r->spoiled = false;
  r->interim = 0;
  r->n_lines = r->line_bytes = r->extensions = 0;
  begin_head(r);
}

bool gfh_started(const gfh_reader *r) { return r->started; }
int gfh_code(const gfh_reader *r) { return is_final(r) ? r->code : 0; }
bool gfh_keep(const gfh_reader *r) { return r->state == GFH_DONE && r->keep; }
const char *gfh_problem(const gfh_reader *r) { return r->problem; }
const char *gfh_encodings(void) { return gfh_gzip_is_here() ? "gzip" : NULL; }
