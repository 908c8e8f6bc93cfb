/* SPDX-License-Identifier: MIT
 * grafana.number: a number kept as its digits, for what this Lua's numbers cannot hold exactly. */
#include "lua_json.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define NUMBER "grafana.number"
#define EXACT_DOUBLE 9007199254740992 /* 2^53: from here on doubles leave integers out */

typedef struct number {
  size_t n;
  char digits[]; /* zero-terminated */
} number;

static void push_number(lua_State *L, gf_str text) {
  number *p = lua_newuserdatauv(L, sizeof *p + text.n + 1, 0);
  p->n = text.n;
  memcpy(p->digits, text.p, text.n);
  p->digits[text.n] = '\0';
  luaL_getmetatable(L, NUMBER);
  lua_setmetatable(L, -2);
}

bool lgf_test_number(lua_State *L, int index, gf_str *digits) {
  number *p = luaL_testudata(L, index, NUMBER);
  if (p && digits) {
    *digits = (gf_str){p->digits, p->n};
  }
  return p != NULL;
}

void lgf_push_integer(lua_State *L, int64_t i) {
#if LUA_VERSION_NUM >= 503
  lua_pushinteger(L, i);
#else
  if (i >= -EXACT_DOUBLE && i <= EXACT_DOUBLE) {
    lua_pushnumber(L, (lua_Number)i);
  } else {
    char digits[24];
    push_number(L, (gf_str){digits, (size_t)snprintf(digits, sizeof digits, "%" PRId64, i)});
  }
#endif
}

/* --- the parts of a number's text --- */

typedef struct parts {
  bool negative, real;                     /* real: it has a fraction or an exponent */
  const char *whole, *fraction, *exponent; /* where the digits begin; the exponent with its sign */
  size_t n_whole, n_fraction, n_exponent;
} parts;

static size_t count_digits(const char *p) { return strspn(p, "0123456789"); }

/* As RFC 8259 has it; `z` is zero-terminated and ends at the number's end. */
static bool split(const char *z, parts *out) {
  *out = (parts){.negative = *z == '-'};
  out->whole = z += out->negative;
  z += out->n_whole = count_digits(z);
  if (out->n_whole == 0 || (out->n_whole > 1 && *out->whole == '0')) {
    return false;
  }
  out->fraction = z;
  if (*z == '.') {
    out->fraction = ++z;
    z += out->n_fraction = count_digits(z);
    out->real = true;
    if (out->n_fraction == 0) {
      return false;
    }
  }
  if (*z == 'e' || *z == 'E') {
    out->exponent = ++z;
    out->real = true;
    size_t sign = *z == '+' || *z == '-', n = count_digits(z + sign);
    if (n == 0) {
      return false;
    }
    out->n_exponent = sign + n;
    z += sign + n;
  }
  return *z == '\0';
}

/* --- equality: the same value, however it is written --- */

/* A value as its significant digits (those of whole and fraction, zeros at both ends left out) and the power of ten of
 * the first. Exponents beyond what strtoll holds stay at its limits; a text that long in digits does not exist. */
typedef struct value {
  const parts *of;
  size_t first, end;
  long long power;
} value;

static char digit_at(const parts *p, size_t i) {
  return i < p->n_whole ? p->whole[i] : p->fraction[i - p->n_whole];
}

static value significant(const parts *p) {
  value v = {.of = p, .end = p->n_whole + p->n_fraction};
  while (v.first < v.end && digit_at(p, v.first) == '0') {
    v.first++;
  }
  while (v.end > v.first && digit_at(p, v.end - 1) == '0') {
    v.end--;
  }
  long long exponent = p->exponent ? strtoll(p->exponent, NULL, 10) : 0;
  long long shift = (long long)p->n_whole - (long long)v.first;
  v.power = exponent > LLONG_MAX / 2 || exponent < -LLONG_MAX / 2 ? exponent : exponent + shift;
  return v;
}

static bool same_value(const char *a, const char *b) {
  parts pa, pb;
  if (!split(a, &pa) || !split(b, &pb)) {
    return strcmp(a, b) == 0;
  }
  value va = significant(&pa), vb = significant(&pb);
  size_t n = va.end - va.first;
  if (n == 0 || vb.end == vb.first) {
    return n == vb.end - vb.first; /* zero has neither sign nor power */
  }
  if (pa.negative != pb.negative || va.power != vb.power || n != vb.end - vb.first) {
    return false;
  }
  for (size_t i = 0; i < n; i++) {
    if (digit_at(&pa, va.first + i) != digit_at(&pb, vb.first + i)) {
      return false;
    }
  }
  return true;
}

/* --- between Lua's numbers and texts; by yyjson, because strtod and printf follow the locale --- */

void lgf_push_number_node(lua_State *L, void *node) {
  if (unsafe_yyjson_is_raw(node)) {
    push_number(L, (gf_str){unsafe_yyjson_get_raw(node), unsafe_yyjson_get_len(node)});
  } else if (unsafe_yyjson_is_real(node)) {
    lua_pushnumber(L, unsafe_yyjson_get_real(node));
  } else if (unsafe_yyjson_is_sint(node) || unsafe_yyjson_get_uint(node) <= INT64_MAX) {
    lgf_push_integer(L, unsafe_yyjson_get_sint(node));
  } else {
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, unsafe_yyjson_get_uint(node));
    push_number(L, (gf_str){digits, (size_t)n});
  }
}

void lgf_push_digits(lua_State *L, gf_str text) {
  yyjson_val node;
  push_number(L, text); /* for the final zero, and as the result when nothing else will do */
  const char *z = ((number *)lua_touserdata(L, -1))->digits;
  if (yyjson_read_number(z, &node, YYJSON_READ_BIGNUM_AS_RAW, NULL, NULL) && !unsafe_yyjson_is_raw(&node)) {
    lgf_push_number_node(L, &node);
    lua_replace(L, -2);
  }
}

size_t lgf_format_real(double d, char out[LGF_REAL_SIZE]) {
  char space[1024];
  yyjson_alc alc;
  yyjson_val node = {0};
  size_t n = 0;
  unsafe_yyjson_set_real(&node, d);
  if (!yyjson_alc_pool_init(&alc, space, sizeof space)) {
    return 0;
  }
  char *text = yyjson_val_write_opts(&node, 0, &alc, &n, NULL);
  if (!text || n + 4 > LGF_REAL_SIZE) {
    return 0;
  }
  memcpy(out, text, n + 1);
  if (n < 20 || strcmp(out + n - 2, ".0") != 0) {
    return n;
  }
  size_t end = n -= 2;
  while (out[n - 1] == '0') {
    n--;
  }
  return n + (size_t)snprintf(out + n, LGF_REAL_SIZE - n, "e%u", (unsigned)(end - n));
}

bool lgf_is_integral(double d, int64_t *i) {
  if (!(d >= -0x1p63 && d < 0x1p63) || (double)(int64_t)d != d || (d == 0 && signbit(d))) {
    return false;
  }
  *i = (int64_t)d;
  return true;
}

/* --- what Lua sees --- */

static int number_tostring(lua_State *L) {
  number *p = luaL_checkudata(L, 1, NUMBER);
  lua_pushlstring(L, p->digits, p->n);
  return 1;
}

static int number_eq(lua_State *L) {
  gf_str a, b;
  lua_pushboolean(L, lgf_test_number(L, 1, &a) && lgf_test_number(L, 2, &b) && same_value(a.p, b.p));
  return 1;
}

static void push_operand(lua_State *L, int index) {
  if (!lua_isstring(L, index) && !lgf_test_number(L, index, NULL)) {
    luaL_error(L, "attempt to concatenate a %s value with a grafana.number", luaL_typename(L, index));
  }
  luaL_tolstring(L, index, NULL);
}

static int number_concat(lua_State *L) {
  push_operand(L, 1);
  push_operand(L, 2);
  lua_concat(L, 2);
  return 1;
}

static void push_lua_number(lua_State *L, int index) {
  double d = lua_tonumber(L, index);
  int64_t i = 0;
  char text[LGF_REAL_SIZE];
  luaL_argcheck(L, d - d == 0, index, "NaN and infinities are no JSON numbers");
  if (lua_isinteger(L, index)) {
    i = (int64_t)lua_tointeger(L, index);
  } else if (!lgf_is_integral(d, &i)) {
    push_number(L, (gf_str){text, lgf_format_real(d, text)});
    return;
  }
  push_number(L, (gf_str){text, (size_t)snprintf(text, sizeof text, "%" PRId64, i)});
}

/* grafana.number(digits): of a text, a number or a grafana.number. */
static int number_new(lua_State *L) {
  if (lgf_test_number(L, 1, NULL)) {
    lua_settop(L, 1);
    return 1;
  }
  if (lua_type(L, 1) == LUA_TNUMBER) {
    push_lua_number(L, 1);
    return 1;
  }
  gf_str text = {.p = luaL_checklstring(L, 1, &text.n)};
  parts p;
  if (strlen(text.p) != text.n || !split(text.p, &p)) {
    return luaL_argerror(L, 1, lua_pushfstring(L, "a JSON number expected, got \"%s\"", text.p));
  }
  push_number(L, text);
  return 1;
}

static const luaL_Reg number_metamethods[] = {
    {"__tostring", number_tostring}, {"__concat", number_concat}, {"__eq", number_eq}, {NULL, NULL}};

void lgf_number_open(lua_State *L) {
  luaL_newmetatable(L, NUMBER);
  luaL_setfuncs(L, number_metamethods, 0);
  lua_pushliteral(L, NUMBER);
  lua_setfield(L, -2, "__name");
  lua_pop(L, 1);
  lua_pushcfunction(L, number_new);
  lua_setfield(L, -2, "number");
}
