# SPDX-License-Identifier: MIT
# `make help` lists the targets. What is built goes to $(BUILD) and nowhere else:
#   $(BUILD)/core/<variant>/            libgrafana.a, libgrafana.so, the curl driver, the HTTP/1.1 reader, C tests and examples
#   $(BUILD)/<lua>/<variant>/grafana/   core.so, curl.so, http1.so and libgrafana.so for one Lua: on LUA_CPATH as <…>/?.so
# <lua> is lua5.4, luajit (serves Lua 5.1 too) or rock; <variant> is release, asan or lint (objects only).

MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

BUILD   ?= build
PREFIX  ?= /usr/local
LUA     ?= lua5.4
VARIANT ?= release
CFLAGS  ?= -O2 -g
ifeq ($(origin CC),default)
CC := gcc
endif
PKG_CONFIG ?= pkg-config
CLANG_FORMAT ?= clang-format
LUACHECK ?= luacheck
SHELLCHECK ?= shellcheck
FUZZ_CC ?= clang
FUZZ ?= http1
FUZZ_SECONDS ?= 60
LIVE_SPECS ?= $(wildcard spec/live*_spec.lua spec/live spec/golden_spec.lua)

Q := $(if $(V),,@)
comma := ,
say = $(if $(V),,@printf '%-7s %s\n' $(1) $(2:$(CURDIR)/%=%);)
pkg = $(shell $(PKG_CONFIG) $(1) 2>/dev/null)
first_pkg = $(firstword $(foreach p,$(1),$(if $(shell $(PKG_CONFIG) --exists $(p) 2>/dev/null && echo y),$(p))))

# --- what is found on this machine ---------------------------------------------------------------

PKG_lua5.4 := $(call first_pkg,lua5.4 lua-5.4 lua54)
PKG_luajit := $(call first_pkg,lua5.1 lua-5.1 lua51 luajit)
ABI_lua5.4 := 5.4
ABI_luajit := 5.1
LUAS       := $(foreach l,lua5.4 luajit,$(if $(PKG_$(l)),$(l)))
INC_lua5.4 := $(if $(PKG_lua5.4),$(call pkg,--cflags $(PKG_lua5.4)))
INC_luajit := $(if $(PKG_luajit),$(call pkg,--cflags $(PKG_luajit)))
INC_rock    = $(if $(LUA_INCDIR),-I$(LUA_INCDIR))
CURL_CFLAGS := $(call pkg,--cflags libcurl)
CURL_LIBS   := $(call pkg,--libs libcurl)
MISSING     := $(if $(call first_pkg,libcurl),,libcurl)
ifdef YYJSON_DIR
YYJSON_CFLAGS := -isystem $(YYJSON_DIR)
else
YYJSON_CFLAGS := $(call pkg,--cflags yyjson)
YYJSON_LIBS   := $(call pkg,--libs yyjson)
MISSING       += $(if $(call first_pkg,yyjson),,yyjson)
endif
# The HTTP/1.1 reader, for nginx only, needs llhttp; with zlib it takes gzip.
HTTP1 := $(call first_pkg,libllhttp)
HTTP1_CFLAGS := $(if $(HTTP1),$(call pkg,--cflags libllhttp) $(if $(call first_pkg,zlib),-DGFH_ZLIB $(call pkg,--cflags zlib)))
HTTP1_LIBS   := $(if $(HTTP1),$(call pkg,--libs libllhttp) $(if $(call first_pkg,zlib),$(call pkg,--libs zlib)))
MISSING := $(strip $(MISSING) $(if $(LUAS)$(LUA_INCDIR),,lua5.4))

# --- flags ---------------------------------------------------------------------------------------

WARNINGS  := -Wall -Wextra -Wpedantic -Wshadow -Wconversion $(if $(findstring clang,$(CC)),-Wno-missing-field-initializers) \
	$(if $(WERROR),-Werror)
BASE      := -std=c11 -fPIC -D_POSIX_C_SOURCE=200809L -Isrc
SANITIZE  := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
OPT_asan  := -O1 -g $(SANITIZE)
OPT_lint  := -Werror
LINK_asan := $(SANITIZE)
cflags = $(BASE) $(CPPFLAGS) $(CFLAGS) $(WARNINGS) $(OPT_$(1)) $(YYJSON_CFLAGS)
DEPEND = -MMD -MP
# A module stays loaded: LuaJIT unloads it before the finalizers of what the last finalizers made.
MODULE_LINK := -Wl,-z,nodelete
# The old RPATH, which LD_LIBRARY_PATH cannot override: both modules must find the one libgrafana.so beside them.
ORIGIN := -Wl,--disable-new-dtags,-rpath,'$$ORIGIN'

# --- sources -------------------------------------------------------------------------------------

names = $(basename $(notdir $(wildcard $(1))))
CORE   := $(call names,src/gf_*.c)
DRIVER := $(call names,src/curl_*.c)
GLUE   := $(call names,src/lua_curl*.c)
READER := $(if $(HTTP1),$(call names,src/http1*.c))
READER_GLUE := $(if $(HTTP1),lua_http1)
BIND   := $(filter-out $(GLUE) lua_http1,$(call names,src/lua_*.c))
C_TESTS    := $(filter-out $(if $(HTTP1),,http1%),$(call names,spec/c/*.c))
C_EXAMPLES := $(call names,examples/*.c)
LIBRARY    := $(patsubst lua/%,%,$(wildcard $(addsuffix .lua,lua/* lua/*/* lua/*/*/* lua/*/*/*/*)))
C_FILES    := $(wildcard src/*.[ch] spec/c/*.[ch] spec/fuzz/*.[ch] examples/*.[ch] bench/*.[ch])
SH_FILES   := $(shell grep -lE '^\#!/.*\b(ba)?sh\b' .ci/* scripts/* scripts/*/* bench/* bench/*/* spec/standin/* 2>/dev/null)

objects  = $(patsubst %,$(BUILD)/obj/$(1)/$(2)/%.o,$(3))
modules  = $(patsubst %,$(BUILD)/$(1)/$(2)/grafana/%.so,core curl $(if $(HTTP1),http1) libgrafana)
programs = $(patsubst %,$(BUILD)/core/$(1)/$(2)/%,$(3))
YYJSON_O = $(if $(YYJSON_DIR),$(BUILD)/obj/core/$(1)/yyjson.o)

# --- building ------------------------------------------------------------------------------------

.PHONY: all release asan examples rock
all: release ## build for every Lua found (the default)
release: $(foreach l,$(LUAS),$(call modules,$(l),release))
	$(if $(HTTP1),,@echo 'Not found by pkg-config: libllhttp. Support for nginx (grafana.http1) is left out')
asan: $(foreach l,$(LUAS),$(call modules,$(l),asan)) ## build with the address and undefined-behaviour sanitizers
examples: $(call programs,release,examples,$(C_EXAMPLES)) ## build the C examples

# Rebuilds everything when a flag changed; stops early when something is missing.
$(BUILD)/flags: FORCE
	$(if $(MISSING),$(error Not found by pkg-config: $(MISSING). Run `make deps`$(if $(filter yyjson,$(MISSING)), or give YYJSON_DIR=<folder of yyjson.c and yyjson.h>)))
	@mkdir -p $(@D)
	@printf '%s\n' '$(CC) $(call cflags,asan) $(LDFLAGS) $(HTTP1_CFLAGS) $(INC_lua5.4) $(INC_luajit) $(INC_rock)' >$@.$$$$; \
	if cmp -s $@.$$$$ $@; then rm -f $@.$$$$; else mv -f $@.$$$$ $@; fi
.PHONY: FORCE

define rules_variant # 1: variant
$(BUILD)/obj/core/$(1)/yyjson.o: $(YYJSON_DIR)/yyjson.c $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)$$(CC) -std=c11 -fPIC $$(CFLAGS) $$(OPT_$(1)) -c -o $$@ $$<

$(BUILD)/obj/core/$(1)/%.o: src/%.c $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)$$(CC) $$(call cflags,$(1)) -fvisibility=hidden $(CURL_CFLAGS) $(HTTP1_CFLAGS) $$(DEPEND) -c -o $$@ $$<

$(BUILD)/core/$(1)/libgrafana.a: $(call objects,core,$(1),$(CORE)) $(call YYJSON_O,$(1))
	@mkdir -p $$(@D)
	$$(call say,AR,$$@)rm -f $$@; $$(AR) rcs $$@ $$^

$(BUILD)/core/$(1)/libgrafana_curl.a: $(call objects,core,$(1),$(DRIVER))
	@mkdir -p $$(@D)
	$$(call say,AR,$$@)rm -f $$@; $$(AR) rcs $$@ $$^

$(BUILD)/core/$(1)/libgrafana_http1.a: $(call objects,core,$(1),$(READER))
	@mkdir -p $$(@D)
	$$(call say,AR,$$@)rm -f $$@; $$(AR) rcs $$@ $$^

$(BUILD)/core/$(1)/libgrafana.so: $(call objects,core,$(1),$(CORE)) $(call YYJSON_O,$(1))
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)$$(CC) -shared -Wl,-soname,libgrafana.so -Wl,-z,defs $$(LDFLAGS) $$(LINK_$(1)) -o $$@ $$^ $(YYJSON_LIBS)

program_$(1) = $$(CC) $$(call cflags,$(1)) $(CURL_CFLAGS) $(HTTP1_CFLAGS) $$(DEPEND) -MF $$@.d -MT $$@ $$(LDFLAGS) $$(LINK_$(1)) -o $$@ $$< \
	$$(filter %_http1.a,$$^) $(BUILD)/core/$(1)/libgrafana_curl.a $(BUILD)/core/$(1)/libgrafana.a -Wl,--as-needed $(CURL_LIBS) $(HTTP1_LIBS) \
	$(YYJSON_LIBS)
$(BUILD)/core/$(1)/test/%: spec/c/%.c $(BUILD)/core/$(1)/libgrafana.a $(BUILD)/core/$(1)/libgrafana_curl.a $(if $(HTTP1),$(BUILD)/core/$(1)/libgrafana_http1.a)
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)$$(program_$(1))
$(BUILD)/core/$(1)/examples/%: examples/%.c $(BUILD)/core/$(1)/libgrafana.a $(BUILD)/core/$(1)/libgrafana_curl.a
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)$$(program_$(1))
endef

# The interpreter provides Lua's symbols: nothing links a liblua.
define rules_lua # 1: lua, 2: variant
$(BUILD)/obj/$(1)/$(2)/%.o: src/%.c $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)$$(CC) $$(call cflags,$(2)) $(CURL_CFLAGS) $(INC_$(1)) $$(DEPEND) -c -o $$@ $$<

module_$(1)_$(2) = $$(CC) -shared $$(MODULE_LINK) -Wl,--version-script=scripts/module.map $$(ORIGIN) $$(LDFLAGS) $$(LINK_$(2)) \
	-o $$@ $$(filter %.o,$$^) $$(filter %/libgrafana.so,$$^)
$(BUILD)/$(1)/$(2)/grafana/core.so: $(call objects,$(1),$(2),$(BIND)) $(BUILD)/$(1)/$(2)/grafana/libgrafana.so scripts/module.map
	$$(call say,LD,$$@)$$(module_$(1)_$(2)) $(YYJSON_LIBS)
$(BUILD)/$(1)/$(2)/grafana/curl.so: $(call objects,$(1),$(2),$(GLUE)) $(call objects,core,$(2),$(DRIVER)) $(BUILD)/$(1)/$(2)/grafana/libgrafana.so scripts/module.map
	$$(call say,LD,$$@)$$(module_$(1)_$(2)) $(CURL_LIBS)
$(BUILD)/$(1)/$(2)/grafana/http1.so: $(call objects,$(1),$(2),$(READER_GLUE)) $(call objects,core,$(2),$(READER)) $(BUILD)/$(1)/$(2)/grafana/libgrafana.so scripts/module.map
	$$(call say,LD,$$@)$$(module_$(1)_$(2)) $(HTTP1_LIBS)
$(BUILD)/$(1)/$(2)/grafana/libgrafana.so: $(BUILD)/core/$(2)/libgrafana.so
	@mkdir -p $$(@D) && ln -f $$< $$@
endef

FUZZ_SOURCES = $(if $(filter http1,$(FUZZ)),$(wildcard src/http1*.c),$(wildcard src/gf_*.c) $(YYJSON_DIR:=/yyjson.c))
fuzzer = $(if $(HTTP1)$(filter-out http1,$(FUZZ)),,$(error Not found by pkg-config: libllhttp. Run `make deps`))$(FUZZ_CC) $(BASE) -Ispec/c -O1 -g $(1) $(YYJSON_CFLAGS) $(HTTP1_CFLAGS) -o $@ $< $(FUZZ_SOURCES) -Wl,--as-needed \
	$(YYJSON_LIBS) $(HTTP1_LIBS)
$(BUILD)/fuzz/%_fuzz: spec/fuzz/%_fuzz.c $(wildcard src/*.[ch] spec/c/*.h) $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(call fuzzer,-fsanitize=fuzzer$(comma)address$(comma)undefined -fno-sanitize-recover=undefined)
$(BUILD)/fuzz/%_seeds: spec/fuzz/%_seeds.c $(wildcard src/*.[ch] spec/c/*.h) $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(call fuzzer)

$(foreach v,release asan lint,$(eval $(call rules_variant,$(v))))
$(foreach l,lua5.4 luajit rock,$(foreach v,release asan lint,$(eval $(call rules_lua,$(l),$(v)))))
.SECONDARY:
-include $(wildcard $(BUILD)/obj/*/*/*.d $(BUILD)/obj/*/*/*/*.d $(BUILD)/core/*/*/*.d)

# --- using ---------------------------------------------------------------------------------------

.PHONY: deps demo demo-openresty env generate bench bench-live
deps: ## install what building, testing and the demo need (Debian)
	@scripts/deps test

demo: ## run the main job on the stand-in Grafana, or on GRAFANA_URL
	@scripts/deps demo
	@scripts/demo

demo-openresty: ## serve a directory of all dashboards (examples/openresty) on the stand-in Grafana, or on GRAFANA_URL
	@scripts/deps openresty
	@scripts/demo-openresty

env: ## print the environment for the built tree: eval "$$(make -s env)" [LUA=luajit]
	@printf "export LUA_PATH='%s' LUA_CPATH='%s'\n" '$(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;;' '$(abspath $(BUILD))/$(LUA)/$(VARIANT)/?.so;;'

generate: ## write the table of documented operations, and from the tables types/ and the pages of doc/
	@scripts/lua lua5.4 release scripts/make-api-table.lua src/gf_api_table.c spec/facts/operations-*.json
	@$(MAKE) -s $(call modules,lua5.4,release)
	@scripts/lua lua5.4 release scripts/generate.lua .

bench: release ## measure the speed ratios
	@eval "$$($(MAKE) -s env)"; exec bench/run

bench-live: release ## measure whole organisations on the real server at GRAFANA_URL, in one of their own
	@exec bench/live

# --- testing -------------------------------------------------------------------------------------

.PHONY: test test-c test-lua test-live programs fuzz check-generated check-install check-rock
test: ## everything: both Luas, with and without sanitizers, lint (installs what is missing)
	@scripts/deps test
	@scripts/test

programs: $(foreach v,release asan,$(call programs,$(v),test,$(C_TESTS)))
test-c: programs ## the C tests, with and without sanitizers
	@scripts/test c-release c-asan

test-lua: $(call modules,$(LUA:nginx=luajit),$(VARIANT)) ## the Lua specs: LUA=lua5.4|luajit|nginx VARIANT=release|asan SPEC=path
	@scripts/lua $(LUA) $(VARIANT) busted $(if $(SPEC),$(SPEC),spec)

test-live: $(call modules,$(LUA:nginx=luajit),$(VARIANT)) ## the specs against the real server at GRAFANA_URL: LUA=lua5.4|luajit|nginx
	@test -n "$$GRAFANA_URL" || { echo 'test-live: set GRAFANA_URL, GRAFANA_USER and GRAFANA_PASSWORD' >&2; exit 2; }
	@scripts/lua $(LUA) $(VARIANT) busted $(LIVE_SPECS)

fuzz: $(BUILD)/fuzz/$(FUZZ)_fuzz $(if $(wildcard spec/fuzz/$(FUZZ)_seeds.c),$(BUILD)/fuzz/$(FUZZ)_seeds) ## fuzz a layer with clang: FUZZ=http1|json|answers|pages FUZZ_SECONDS=60
	@scripts/fuzz $(FUZZ) $(FUZZ_SECONDS)

check-generated: $(call modules,lua5.4,release) ## what is generated agrees with what it is made from
	@scripts/check-generated
check-install: ## an installed tree works
	@scripts/check-install
check-rock: ## `luarocks make` works
	@scripts/check-rock

# --- linting -------------------------------------------------------------------------------------

.PHONY: lint lint-c lint-format lint-lua lint-sh format
lint: lint-c lint-format lint-lua lint-sh ## layout, luacheck, shellcheck, and gcc with every warning an error
lint-c: $(call objects,core,lint,$(CORE) $(DRIVER) $(READER)) $(foreach l,$(LUAS),$(call objects,$(l),lint,$(BIND) $(GLUE) $(READER_GLUE))) \
	$(call programs,lint,test,$(C_TESTS)) $(call programs,lint,examples,$(C_EXAMPLES))
lint-format:
	@case "$$($(CLANG_FORMAT) --version 2>&1)" in \
	  *'version 14.'*) $(CLANG_FORMAT) --dry-run -Werror $(C_FILES) ;; \
	  *) echo 'lint-format: skipped, as other versions than clang-format 14 lay out differently' ;; esac
lint-lua:
	@$(LUACHECK) -q .
lint-sh:
	@if command -v $(SHELLCHECK) >/dev/null; then $(SHELLCHECK) $(SH_FILES); else for f in $(SH_FILES); do bash -n "$$f" || exit 1; done; fi
format: ## lay out the C files
	$(CLANG_FORMAT) -i $(C_FILES)

# --- installing ----------------------------------------------------------------------------------

.PHONY: install uninstall install-rock clean help
LIB     = $(DESTDIR)$(PREFIX)/lib
INCLUDE = $(DESTDIR)$(PREFIX)/include
SHARE   = $(DESTDIR)$(PREFIX)/share
VERSION := $(or $(shell sed -n 's/^.define GF_VERSION "\(.*\)".*/\1/p' src/grafana.h 2>/dev/null),0)
# 1: folder for Lua files, 2: folder for modules, 3: which Lua's modules
install_lua = $(foreach f,$(LIBRARY),install -Dm644 lua/$(f) $(1)/$(f) && ) \
	$(foreach m,$(call modules,$(3),release),install -Dm755 $(m) $(2)/grafana/$(notdir $(m)) && ) :

install: release $(BUILD)/core/release/libgrafana.a ## install into PREFIX (/usr/local), below DESTDIR
	@$(foreach l,$(LUAS),$(call install_lua,$(SHARE)/lua/$(ABI_$(l)),$(LIB)/lua/$(ABI_$(l)),$(l)) && ) :
	@install -Dm644 src/grafana.h $(INCLUDE)/grafana.h
	@install -Dm644 $(BUILD)/core/release/libgrafana.a $(LIB)/libgrafana.a
	@mkdir -p $(LIB)/pkgconfig
	@printf '%s\n' 'prefix=$(PREFIX)' 'Name: grafana' 'Description: Grafana HTTP API client core, without I/O' 'Version: $(VERSION)' \
	  $(if $(YYJSON_DIR),,'Requires.private: yyjson') 'Cflags: -I$${prefix}/include' 'Libs: -L$${prefix}/lib -lgrafana' >$(LIB)/pkgconfig/grafana.pc

uninstall: ## remove what install installed
	@$(foreach a,5.4 5.1,rm -rf $(SHARE)/lua/$(a)/grafana.lua $(SHARE)/lua/$(a)/grafana $(LIB)/lua/$(a)/grafana;) \
	rm -f $(INCLUDE)/grafana.h $(LIB)/libgrafana.a $(LIB)/pkgconfig/grafana.pc

rock: $(call modules,rock,release)
install-rock: rock
	@$(call install_lua,$(LUADIR),$(LIBDIR),rock)

clean: ## remove everything built
	rm -rf $(BUILD)

help: ## this list
	@awk -F ':[^#]*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile | sed 's/\$$\$$/$$/'
	@printf '\nVariables: V=1 (show commands) WERROR=1 BUILD=%s PREFIX=%s CC=%s CFLAGS="%s" YYJSON_DIR=\n' '$(BUILD)' '$(PREFIX)' '$(CC)' '$(CFLAGS)'
