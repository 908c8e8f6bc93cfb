/* SPDX-License-Identifier: MIT
 *
 * Reading JSON text without building anything.
 *
 * Containers are stepped over as simdjson finds structure (Langdale and Lemire, "Parsing gigabytes of
 * JSON per second"): 64 bytes become four masks of a bit each; a bit is inside a string when an odd number
 * of quotes that are not escaped lies before it; and as long as a block closes fewer brackets than are
 * open, it need not be looked at more closely. */
#include "gf_skim.h"
#include "gf_json.h"

/* Which instructions may be used: 2 AVX2 where the processor has it, 1 SSE2, which every x86-64 has, 0
 * none: byte by byte. The tests compare them. */
#if !defined(__GNUC__) || !defined(__x86_64__)
#undef GF_SKIM_LEVEL
#define GF_SKIM_LEVEL 0
#elif !defined(GF_SKIM_LEVEL)
#define GF_SKIM_LEVEL 2
#endif

#if GF_SKIM_LEVEL > 0
#include <immintrin.h>
/* Functions that exist once for each width: they have to become part of the one that knows it. */
#define PER_WIDTH static inline __attribute__((always_inline))
#define WIDE static inline __attribute__((target("avx2,bmi,popcnt,pclmul")))
#endif

static bool fail(gf_skim *s) {
  s->failed = true;
  return false;
}

/* --- bits --- */

#if GF_SKIM_LEVEL > 0

enum { BLOCK = 64 };

static inline unsigned lowest(uint64_t bits) {
  return (unsigned)__builtin_ctzll(bits);
} /* of what is not zero */

/* The compiler's own calls a function where there may be no such instruction. */
static inline size_t count_narrow(uint64_t bits) {
  bits -= bits >> 1 & UINT64_C(0x5555555555555555);
  bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
  bits = (bits + (bits >> 4)) & UINT64_C(0x0F0F0F0F0F0F0F0F);
  return (size_t)(bits * UINT64_C(0x0101010101010101) >> 56);
}

static inline uint64_t prefix_xor_narrow(uint64_t bits) {
  bits ^= bits << 1;
  bits ^= bits << 2;
  bits ^= bits << 4;
  bits ^= bits << 8;
  bits ^= bits << 16;
  return bits ^ bits << 32;
}

/* --- blocks --- */

typedef struct masks {
  uint64_t quotes, backslashes, opens, closes; /* a bit a byte, the first byte lowest */
} masks;

/* Brackets and braces differ in this bit, and nothing else becomes one of them. */
enum { FOLD = 0x20 };

static inline uint64_t where(__m128i bytes, char c) {
  return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)));
}

static inline __m128i sixteen(const char *p) { return _mm_loadu_si128((const __m128i *)(const void *)p); }

static inline void add_sixteen(masks *b, const char *p, unsigned at) {
  __m128i bytes = sixteen(p + at), folded = _mm_or_si128(bytes, _mm_set1_epi8(FOLD));
  b->quotes |= where(bytes, '"') << at;
  b->backslashes |= where(bytes, '\\') << at;
  b->opens |= where(folded, '{') << at;
  b->closes |= where(folded, '}') << at;
}

static inline masks read_narrow(const char *p) {
  masks b = {0, 0, 0, 0};
  add_sixteen(&b, p, 0);
  add_sixteen(&b, p, 16);
  add_sixteen(&b, p, 32);
  add_sixteen(&b, p, 48);
  return b;
}

#if GF_SKIM_LEVEL > 1

WIDE uint64_t where_wide(__m256i first, __m256i second, char c) {
  const __m256i wanted = _mm256_set1_epi8(c);
  uint64_t low = (unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(first, wanted));
  uint64_t high = (unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(second, wanted));
  return low | high << 32;
}

WIDE masks read_wide(const char *p) {
  __m256i first = _mm256_loadu_si256((const __m256i *)(const void *)p);
  __m256i second = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
  masks b = {.quotes = where_wide(first, second, '"'), .backslashes = where_wide(first, second, '\\')};
  first = _mm256_or_si256(first, _mm256_set1_epi8(FOLD));
  second = _mm256_or_si256(second, _mm256_set1_epi8(FOLD));
  b.opens = where_wide(first, second, '{');
  b.closes = where_wide(first, second, '}');
  return b;
}

WIDE size_t count_wide(uint64_t bits) { return (size_t)__builtin_popcountll(bits); }

/* A product without carries by all ones. */
WIDE uint64_t prefix_xor_wide(uint64_t bits) {
  __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)bits), _mm_set1_epi8(-1), 0);
  return (uint64_t)_mm_cvtsi128_si64(product);
}

#else
#define read_wide read_narrow
#define count_wide count_narrow
#define prefix_xor_wide prefix_xor_narrow
#endif

PER_WIDTH masks read_block(const char *p, bool wide) { return wide ? read_wide(p) : read_narrow(p); }

PER_WIDTH size_t count(uint64_t bits, bool wide) { return wide ? count_wide(bits) : count_narrow(bits); }

/* Each bit becomes the exclusive or of itself and all below it. */
PER_WIDTH uint64_t prefix_xor(uint64_t bits, bool wide) {
  return wide ? prefix_xor_wide(bits) : prefix_xor_narrow(bits);
}

/* --- stepping over containers --- */

typedef struct scan {
  uint64_t escape; /* 1: the next byte is escaped */
  uint64_t inside; /* all ones: the next byte is inside a string */
  uint64_t stray;  /* backslashes outside strings were seen */
  size_t depth;    /* containers that are open */
} scan;

/* The bytes behind an odd number of backslashes. Runs of backslashes that begin at odd bits are told from
 * those at even ones by what a subtraction carries (simdjson, json_escape_scanner.h). */
static inline uint64_t escaped_bytes(scan *s, uint64_t backslashes) {
  const uint64_t odd = UINT64_C(0xAAAAAAAAAAAAAAAA);
  uint64_t before = s->escape;
  if (!backslashes) {
    s->escape = 0;
    return before;
  }
  uint64_t starts = backslashes & ~before;
  uint64_t codes = ((starts << 1 | odd) - starts) ^ odd;
  s->escape = (codes & backslashes) >> (BLOCK - 1);
  return codes ^ (backslashes | before);
}

/* The place of the bracket that closes the last open container; -1: it is not in this block after all. */
static int closing_bit(scan *s, uint64_t opens, uint64_t closes) {
  for (uint64_t both = opens | closes; both; both &= both - 1) {
    uint64_t bit = both & (0 - both);
    if (opens & bit)
      s->depth++;
    else if (--s->depth == 0)
      return (int)lowest(bit);
  }
  return -1;
}

PER_WIDTH int scan_block(scan *s, const char *p, bool wide) {
  masks b = read_block(p, wide);
  uint64_t quotes = b.quotes & ~escaped_bytes(s, b.backslashes);
  uint64_t inside = prefix_xor(quotes, wide) ^ s->inside;
  uint64_t opens = b.opens & ~inside, closes = b.closes & ~inside;
  size_t closed = count(closes, wide);
  s->inside = 0 - (inside >> (BLOCK - 1));
  s->stray |= b.backslashes & ~inside;
  if (closed >= s->depth) return closing_bit(s, opens, closes);
  s->depth += count(opens, wide) - closed;
  return -1;
}

/* What is left of the text is copied: nothing is read behind its end. */
PER_WIDTH int scan_last(scan *s, const char *p, const char *end, bool wide) {
  char last[BLOCK];
  memset(last, ' ', sizeof last);
  memcpy(last, p, (size_t)(end - p));
  return scan_block(s, last, wide);
}

/* The bracket that closes the container which begins at `p`; NULL where the text ends before, or cannot be
 * JSON. */
PER_WIDTH const char *find_close(const char *p, const char *end, bool wide) {
  scan s = {.depth = 1};
  int at = -1;
  for (p++; end - p >= BLOCK && (at = scan_block(&s, p, wide)) < 0;)
    p += BLOCK;
  if (at < 0) at = scan_last(&s, p, end, wide);
  return at >= 0 && !s.stray ? p + at : NULL;
}

#if GF_SKIM_LEVEL > 1

WIDE const char *find_close_wide(const char *p, const char *end) { return find_close(p, end, true); }

static bool is_wide(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul"); }

static const char *closing_bracket(const char *p, const char *end) {
  return is_wide() ? find_close_wide(p, end) : find_close(p, end, false);
}

#else

static const char *closing_bracket(const char *p, const char *end) { return find_close(p, end, false); }

#endif

#else /* GF_SKIM_LEVEL == 0 */

/* The quote that ends the string which begins at `p`, or the end. */
static const char *closing_quote(const char *p, const char *end) {
  for (p++; p < end && *p != '"'; p++)
    if (*p == '\\' && ++p == end) return end;
  return p;
}

static const char *closing_bracket(const char *p, const char *end) {
  size_t depth = 0;
  for (; p < end; p++) {
    char folded = (char)(*p | 0x20); /* brackets become braces, and nothing else does */
    if (*p == '\\' || (*p == '"' && (p = closing_quote(p, end)) == end)) return NULL;
    if (folded == '{')
      depth++;
    else if (folded == '}' && --depth == 0)
      return p;
  }
  return NULL;
}

#endif

static bool skip_container(gf_skim *s) {
  const char *close = closing_bracket(s->p, s->end);
  if (!close || *close != (*s->p == '{' ? '}' : ']')) return fail(s);
  s->p = close + 1;
  return true;
}

/* --- strings --- */

static bool is_special(char c) { return c == '"' || c == '\\' || (unsigned char)c < ' '; }

/* Step to what is not plain text; says whether bytes beyond ASCII lay on the way. */
static bool skip_plain(gf_skim *s) {
  unsigned beyond = 0;
#if GF_SKIM_LEVEL > 0
  for (; s->end - s->p >= 16; s->p += 16) {
    __m128i bytes = sixteen(s->p);
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
    uint64_t special = where(bytes, '"') | where(bytes, '\\') | (unsigned)_mm_movemask_epi8(control);
    unsigned high = (unsigned)_mm_movemask_epi8(bytes);
    if (special) {
      s->p += lowest(special);
      return beyond || (high & (special ^ (special - 1)));
    }
    beyond |= high;
  }
#endif
  for (; s->p < s->end && !is_special(*s->p); s->p++)
    beyond |= (unsigned char)*s->p & 0x80u;
  return beyond != 0;
}

/* The number that four hexadecimal digits write, or -1. */
static int hex4(const char *p) {
  int n = 0;
  for (int i = 0; i < 4; i++) {
    char c = p[i], letter = (char)(c | 0x20);
    if (c >= '0' && c <= '9')
      n = n * 16 + (c - '0');
    else if (letter >= 'a' && letter <= 'f')
      n = n * 16 + (letter - 'a' + 10);
    else
      return -1;
  }
  return n;
}

/* Surrogates are rare, and right in pairs only: they are left to the parser. */
static bool is_character(int n) { return n >= 0 && (n < 0xD800 || n > 0xDFFF); }

static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";

static bool skip_escape(gf_skim *s) {
  size_t left = (size_t)(s->end - s->p), n = 2;
  if (left < 2 || *s->p != '\\') return fail(s);
  if (s->p[1] == 'u')
    n = left >= 6 && is_character(hex4(s->p + 2)) ? 6 : 0;
  else if (!memchr(escapes, s->p[1], sizeof escapes - 1))
    n = 0;
  if (n == 0) return fail(s);
  s->p += n;
  return true;
}

/* From behind the opening quote to behind the closing one. */
static bool read_string(gf_skim *s, gf_str *raw, bool *escaped) {
  raw->p = s->p;
  *escaped = false;
  bool beyond = skip_plain(s);
  while (s->p < s->end && *s->p != '"') {
    if (!skip_escape(s)) return false;
    *escaped = true;
    beyond |= skip_plain(s);
  }
  if (s->p == s->end) return fail(s);
  raw->n = (size_t)(s->p++ - raw->p);
  return !beyond || gf_is_utf8(*raw) || fail(s);
}

static size_t put_utf8(char *to, unsigned c) {
  if (c < 0x80) {
    to[0] = (char)c;
    return 1;
  }
  size_t n = c < 0x800 ? 2 : 3;
  for (size_t i = n - 1; i > 0; i--, c >>= 6)
    to[i] = (char)(0x80 | (c & 0x3F));
  to[0] = (char)((n == 2 ? 0xC0 : 0xE0) | c);
  return n;
}

size_t gf_skim_unescape(char *to, gf_str raw) {
  size_t n = 0;
  for (size_t i = 0; i < raw.n;) {
    if (raw.p[i] != '\\') {
      to[n++] = raw.p[i++];
    } else if (raw.p[i + 1] == 'u') {
      n += put_utf8(to + n, (unsigned)hex4(raw.p + i + 2));
      i += 6;
    } else {
      const char *which = memchr(escapes, raw.p[i + 1], sizeof escapes - 1);
      to[n++] = meanings[which - escapes];
      i += 2;
    }
  }
  return n;
}

/* --- values --- */

static void skip_blank(gf_skim *s) {
  while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\t' || *s->p == '\r'))
    s->p++;
}

/* The next byte; zero at the end, which is a byte that no text has here. */
static inline char peek(const gf_skim *s) { return s->p < s->end ? *s->p : '\0'; }

static inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* At least one digit; says how many. */
static size_t skip_digits(gf_skim *s) {
  const char *begin = s->p;
  while (is_digit(peek(s)))
    s->p++;
  if (s->p == begin) fail(s);
  return (size_t)(s->p - begin);
}

static bool skip_fraction(gf_skim *s) {
  if (peek(s) != '.') return false;
  s->p++;
  skip_digits(s);
  return true;
}

static bool skip_exponent(gf_skim *s) {
  if ((peek(s) | 0x20) != 'e') return false;
  s->p++;
  if (peek(s) == '+' || peek(s) == '-') s->p++;
  skip_digits(s);
  return true;
}

static void set_integer(gf_scalar *to, const char *p, size_t n, bool negative) {
  uint64_t i = 0;
  for (; n > 0; n--, p++)
    i = i * 10 + (uint64_t)(*p - '0');
  to->value.tag = YYJSON_TYPE_NUM | (negative ? YYJSON_SUBTYPE_SINT : YYJSON_SUBTYPE_UINT);
  to->value.uni.u64 = negative ? 0 - i : i;
}

static bool read_number(gf_skim *s, gf_skimmed *v) {
  bool negative = peek(s) == '-';
  const char *digits = s->p += negative;
  size_t n = skip_digits(s);
  if (s->failed || (n > 1 && *digits == '0')) return fail(s);
  bool fraction = skip_fraction(s), exponent = skip_exponent(s);
  v->odd = fraction || exponent || n > 18 || (negative && *digits == '0');
  if (!v->odd) set_integer(&v->scalar, digits, n, negative);
  return !s->failed;
}

static bool read_word(gf_skim *s, gf_skimmed *v, const char *word, uint8_t type) {
  size_t n = strlen(word);
  if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0) return fail(s);
  s->p += n;
  v->scalar.value.tag = type;
  return true;
}

static bool read_text(gf_skim *s, gf_skimmed *v) {
  gf_str raw;
  s->p++;
  if (!read_string(s, &raw, &v->scalar.escaped)) return false;
  v->scalar.value.tag = (uint64_t)raw.n << YYJSON_TAG_BIT | YYJSON_TYPE_STR;
  v->scalar.value.uni.str = raw.p;
  return true;
}

bool gf_skim_value(gf_skim *s, gf_skimmed *v) {
  *v = (gf_skimmed){.odd = false};
  switch (peek(s)) {
  case '{':
  case '[': v->container = s->p; return skip_container(s);
  case '"': return read_text(s, v);
  case 't': return read_word(s, v, "true", YYJSON_TYPE_BOOL | YYJSON_SUBTYPE_TRUE);
  case 'f': return read_word(s, v, "false", YYJSON_TYPE_BOOL | YYJSON_SUBTYPE_FALSE);
  case 'n': return read_word(s, v, "null", YYJSON_TYPE_NULL);
  default: return read_number(s, v);
  }
}

/* --- walking --- */

void gf_skim_begin(gf_skim *s, gf_str text) {
  *s = (gf_skim){text.p, text.p + text.n, false};
  skip_blank(s);
}

bool gf_skim_is_over(gf_skim *s) {
  skip_blank(s);
  return !s->failed && s->p == s->end;
}

bool gf_skim_enter(gf_skim *s, char bracket) {
  if (s->failed || peek(s) != bracket) return false;
  s->p++;
  return true;
}

/* To where the next item begins; false behind `close`, the end of them. */
static bool next_item(gf_skim *s, bool *begun, char close) {
  if (s->failed) return false;
  skip_blank(s);
  if (peek(s) == close) {
    s->p++;
    return false;
  }
  if (*begun) {
    if (peek(s) != ',') return fail(s);
    s->p++;
    skip_blank(s);
  }
  return *begun = true;
}

bool gf_skim_element(gf_skim *s, bool *begun) { return next_item(s, begun, ']'); }

bool gf_skim_member(gf_skim *s, bool *begun, gf_str *key) {
  bool escaped;
  if (!next_item(s, begun, '}')) return false;
  if (peek(s) != '"') return fail(s);
  s->p++;
  if (!read_string(s, key, &escaped)) return false;
  skip_blank(s);
  if (escaped || peek(s) != ':') return fail(s);
  s->p++;
  skip_blank(s);
  return true;
}
