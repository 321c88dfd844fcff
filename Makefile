# kvmpi: a KVM over IP as small Unix tools. `make help` lists the targets.

VERSION := 0.1.0
V       ?= release
PREFIX  ?= /usr/local
DESTDIR ?=
B       := build/$(V)

TOOLS := $(patsubst cmd/%.cc,%,$(wildcard cmd/kvm-*.cc))

CXX      ?= g++
AR       ?= ar
# The instrumented variants need only line numbers (-g1), because their reports show nothing else, and are
# compiled by clang, which takes half of g++'s time for them. mold links the tests' variants in a fraction of
# the time.
LDFLAGS  ?= $(if $(filter-out release,$(V)),$(if $(shell command -v mold),-fuse-ld=mold))
CXXFLAGS ?= $(if $(filter release,$(V)),-O2) $(if $(filter asan tsan,$(V)),-g1,-g)
# (clang would warn of other things than g++.)
WARNINGS := $(if $(filter release debug,$(V)),-Wall -Wextra -Wpedantic -Wshadow -Wconversion)
HARDEN   := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE

# Flags of each variant. Sanitizers do not work with _FORTIFY_SOURCE.
flags_release := $(HARDEN)
flags_debug   := -O0
flags_asan    := -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer
flags_tsan    := -fsanitize=thread
ifneq ($(filter asan tsan,$(V)),)
CXX := clang++
endif
ifeq ($(filter $(V),release debug asan tsan),)
$(error V=$(V): must be release, debug, asan or tsan)
endif

# Libraries by their pkg-config names. Debian 12 has no .pc files for wslay and crypt; that of liboath
# only adds a folder that is not needed, and that of utf8proc a macro that only Windows needs.
PACKAGES := libjpeg libmicrohttpd gnutls xkbcommon libxxhash
PKG_CONFIG ?= pkg-config
# Sanitizers define crypt_r() themselves and then look up the real one, so the linker must keep libcrypt.
keep = $(if $(filter asan tsan,$(V)),-Wl$(comma)--no-as-needed)
comma := ,
space := $(subst ,, )
# pkg-config is asked once, and only if something is compiled: until then it may not be installed.
cflags    = $(eval cflags := $$(shell $(PKG_CONFIG) --cflags $(PACKAGES)))$(cflags)
ldlibs    = $(eval ldlibs := $$(shell $(PKG_CONFIG) --libs $(PACKAGES)))$(ldlibs)
instrument = $(flags_$(V))
build_flags = -std=c++20 -pthread $(WARNINGS) $(instrument) $(CXXFLAGS) \
	-Ilib -I$(B)/gen -DKVM_VERSION='"$(VERSION)"' $(cflags)
link_flags = -pthread $(flags_$(V)) $(LDFLAGS) -Wl,--as-needed -Wl,-z,relro,-z,now
libraries = $(ldlibs) -lwslay -loath -lutf8proc $(keep) -lcrypt

lib_objects := $(patsubst %.cc,$(B)/%.o,$(wildcard lib/*/*.cc)) $(B)/gen/page_files.o
cmd_objects := $(patsubst %.cc,$(B)/%.o,$(filter-out cmd/kvm-%,$(wildcard cmd/*.cc)))
# TSan finds faults only where there are threads: tsan has the tests that start threads themselves, or
# use a module that does (`make lint` compares this list with the sources).
threaded := capture http net picture
unit_files = $(if $(filter tsan,$(V)),tests/unit/same_json.cc \
	$(shell grep -lE '"($(subst $(space),|,$(threaded)))/|<thread>' tests/unit/*.cc),$(wildcard tests/unit/*.cc))
unit_objects := $(patsubst %.cc,$(B)/%.o,$(unit_files))
page_sources := $(sort $(wildcard lib/http/page/*))

all: $(TOOLS:%=$(B)/bin/%) ## build the tools into build/release/bin (V=debug|asan|tsan: build/V/bin)

$(B)/bin/%: $(B)/cmd/%.o $(cmd_objects) $(B)/libkvm.a
	@mkdir -p $(@D)
	$(CXX) $(link_flags) -o $@ $^ $(libraries)

$(B)/libkvm.a: $(lib_objects)
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/%.o: %.cc Makefile
	@mkdir -p $(@D)
	$(CXX) $(build_flags) -MMD -MP -c -o $@ $<

# -O3 vectorises and unrolls the loops over pixels and coefficients.
$(B)/lib/picture/convert%.o $(B)/lib/picture/avx2%.o: build_flags += $(if $(filter release,$(V)),-O3)

# Instrumented code is compiled without optimisation, which would take longer than it saves. The
# exception is code that works on pictures or searches layouts.
hot := $(B)/lib/jpeg/% $(B)/lib/keys/% $(B)/lib/picture/% %/tile_encoder_test.o
$(filter $(hot),$(lib_objects) $(unit_objects)): build_flags += $(if $(filter asan tsan,$(V)),-O1)

# Tools are not instrumented: instrumenting CLI11 takes a minute per file, and CLI11 is not under test.
$(B)/cmd/%.o: instrument = $(filter-out -fsanitize=%,$(flags_$(V)))

$(B)/gen/page_files.o: $(B)/gen/page_files.cc
	$(CXX) $(build_flags) -MMD -MP -c -o $@ $<

$(B)/gen/page_files.cc: $(page_sources) scripts/embed
	@mkdir -p $(@D)
	scripts/embed $(page_sources) > $@.tmp && mv $@.tmp $@

# ---- tests ----

$(B)/unit-tests: $(unit_objects) $(B)/libkvm.a
	$(CXX) $(link_flags) -o $@ $^ -lgtest -lgtest_main -lgmock $(libraries)

# CLI tests preload this library, which simulates a V4L2 device (tests/v4l2/README.md).
tests-cli: build/release/libfakev4l2.so

build/release/libfakev4l2.so: $(wildcard tests/v4l2/*.cc tests/v4l2/*.h)
	@mkdir -p $(@D)
	$(CXX) -std=c++20 -O2 -g -fPIC -shared -fvisibility=hidden $(WARNINGS) -U_FILE_OFFSET_BITS \
		-o $@ $(filter %.cc,$^) -pthread -ldl

$(B)/fuzz-%: $(B)/tests/fuzz/%_fuzz.o $(B)/libkvm.a
	$(CXX) $(subst fuzzer-no-link,fuzzer,$(link_flags)) -o $@ $^ $(libraries)

unit: $(B)/unit-tests ## run the unit tests (T=Suite.Name runs some)
	$(B)/unit-tests --gtest_brief=1 $(if $(T),--gtest_filter='$(T)')

check: ## install packages for the tests and run them all: lint, unit, arm64, cli, ship, fuzz, web, vm
	scripts/install-deps build check ship
	tests/run

check-ship: ## run the longer tests: the package in a Debian with systemd, web servers, Ansible, browsers
	tests/ship/run --all
	tests/ship/boot/run
	tests/web/browsers/run

lint: ## check includes, warnings, shell scripts, man pages, formatting
	tests/lint/run

fuzz: ## run every fuzz target for FUZZ_SECONDS each (default 5)
	tests/fuzz/run

soak: all tests-cli ## run kvm-capture through 10 minutes of random faults (SECONDS=60: 1 minute)
	tests/soak/run

$(B)/bench-%: $(B)/tests/bench/%.o $(B)/libkvm.a
	$(CXX) $(link_flags) -o $@ $^ $(libraries)

bench: all ## compare speed with other programs, in the same run on the same frames
	tests/bench/run

# ---- use ----

demo: ## install the packages that the build needs, build, run the whole pipe on a built-in picture
	scripts/install-deps build
	$(MAKE) $(if $(filter -j%,$(MAKEFLAGS)),,-j$$(scripts/jobs)) all
	scripts/demo

install: all ## install into $(DESTDIR)$(PREFIX)
	scripts/install-files install "$(DESTDIR)" "$(PREFIX)" $(B)/bin

uninstall: ## remove the installed files
	scripts/install-files uninstall "$(DESTDIR)" "$(PREFIX)" $(B)/bin

deb: ## build the Debian package in build/deb (ARCH=arm64|armhf: cross-built)
	scripts/deb/build $(ARCH)

clean: ## remove build/
	rm -rf build

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

.PHONY: all unit tests-cli check check-ship lint fuzz soak bench demo install uninstall deb clean help
.DELETE_ON_ERROR:
.SECONDARY:

-include $(wildcard $(B)/*/*.d $(B)/*/*/*.d)
