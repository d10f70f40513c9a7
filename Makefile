# edgews. `make help` lists the targets; CONTRIBUTING.md says what they are for.

VERSION := $(shell sed -n 's/.* library_version = "\(.*\)";/\1/p' include/edgews/version.hpp)
PREFIX ?= /usr/local
SECONDS ?= 20
MINUTES ?= 60
CXX ?= g++

# A mode is a set of flags. Each has objects of its own, so they never mix.
MODE ?= release
FLAGS_release := -O2 -g
FLAGS_clang := -fsyntax-only
FLAGS_aarch64 := -O0
# `vptr` opens a pipe to see whether memory may be read: without descriptors, which some tests have
# none of, it takes any object for a broken one, and where pipes are simulated it asks for ever.
# AddressSanitizer sees what is used after its end.
# clang 14 cannot compile coroutines with the `function` sanitizer.
SANE := -fno-sanitize=function,vptr -fno-sanitize-recover=all
# What g++ defines, and clang++ does not.
FLAGS_asan := -O1 -g1 -fsanitize=address,undefined $(SANE) -fno-omit-frame-pointer \
  -D__SANITIZE_ADDRESS__
FLAGS_tsan := -O1 -g1 -fsanitize=thread -D__SANITIZE_THREAD__
FLAGS_coverage := -O0 -g --coverage
FLAGS_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined $(SANE)
# It compiles tests in two thirds of g++'s time, and reads them by warnings of its own.
ifneq ($(filter clang fuzz asan tsan,$(MODE)),)
CXX := clang++
else ifeq ($(MODE),aarch64)
CXX := aarch64-linux-gnu-g++
endif

BASE := -std=c++20 -pthread -MMD -MP -Iinclude -I.
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Werror
ALL_FLAGS = $(BASE) $(WARN) $(FLAGS_$(MODE)) $(CXXFLAGS)
OUT := $(if $(filter release,$(MODE)),build,build/$(MODE))
OBJ := build/obj/$(MODE)

# The rooms whose sources make the library.
PARTS := crypto $(patsubst %/,%,$(wildcard core/*/ net/*/))
SOURCES := $(wildcard $(PARTS:%=%/*.cpp))
DEFLATE := $(wildcard deflate/*.cpp)
TLS := $(wildcard tls/*.cpp)
SIM := $(wildcard sim/*.cpp)
MICRO := $(wildcard bench/micro/*.cpp)
LOAD := $(wildcard bench/load/*.cpp)
SOAK := $(wildcard bench/soak/*.cpp)
SOCKETIO := $(wildcard bench/socketio/*.cpp)
# And what it has of the other load generator.
SOCKETIO_LOAD := $(filter-out bench/socketio/main.cpp,$(SOCKETIO)) $(addprefix bench/load/, \
  failures.cpp frame_run.cpp measurement.cpp opening.cpp payload.cpp poller.cpp server_probe.cpp \
  target.cpp)
PUBLIC := $(wildcard include/edgews/*.hpp)
HEADERS := $(wildcard $(PARTS:%=%/*.hpp))
# programs/NAME/NAME.cpp is built as build/programs/NAME: those that need an add-on, and the others.
ADDON_PROGRAMS := conformance_client secure_echo wsc
PROGRAMS := $(filter-out $(ADDON_PROGRAMS) common,$(patsubst programs/%/,%,$(wildcard programs/*/)))
EXAMPLES := $(patsubst examples/%.cpp,%,$(wildcard examples/*.cpp))
FUZZ := $(patsubst tests/fuzz/%_fuzz.cpp,%,$(wildcard tests/fuzz/*_fuzz.cpp))
# Only net/ has threads, and deflate/ what they share: the rest would tell ThreadSanitizer nothing.
TESTED_tsan := net deflate tls
# What core/ is held to by its own tests.
TESTED_coverage := crypto core
TESTED := $(or $(TESTED_$(MODE)),crypto core net deflate tls bench)
TESTS := $(wildcard $(TESTED:%=tests/%/*.cpp) $(TESTED:%=tests/%/*/*.cpp) tests/support/*.cpp)
# Those that have each call fail, or each block of memory, end many processes: too slow with a
# sanitizer in each.
FAULT_TESTS := $(wildcard tests/sim/fail_*_test.cpp tests/faults/*.cpp)
SIM_UNITS := $(filter-out $(FAULT_TESTS),$(wildcard tests/sim/*_test.cpp tests/sim/script*.cpp)) \
  tests/support/raw_server.cpp tests/support/test_client.cpp \
  $(if $(filter asan,$(MODE)),,$(FAULT_TESTS))
# What tests/bench/ tests of the load generator and the soak.
LOAD_TESTED := $(if $(filter bench,$(TESTED)),$(sort $(addprefix bench/load/,answer_reader.cpp \
  frame_run.cpp opening.cpp options.cpp payload.cpp reply_reader.cpp target.cpp) \
  $(SOCKETIO_LOAD)) bench/soak/judge.cpp)

MAKEFLAGS += --no-builtin-rules --no-print-directory
# As many jobs as cores, unless -j says otherwise.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

# Goals that are named together are made one after the other, in a make of their own each: many of
# them have others made by another make, and two at once would write the same files.
ifneq ($(and $(filter 0,$(MAKELEVEL)),$(word 2,$(MAKECMDGOALS))),)
.PHONY: $(MAKECMDGOALS)
.NOTPARALLEL:
$(sort $(MAKECMDGOALS)):
	@$(MAKE) $@
else

.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all
.PHONY: all addons tests unit test run run-cluster sim sim-bugs sanitize coverage fuzz bench bench-smoke \
  bench-programs soak-program soak peers race stomp-race socketio-race cluster-race cluster-million lint install clean help \
  force lint-layers lint-sizes lint-faults lint-bugs lint-format lint-clang lint-portable lint-tidy

all: $(OUT)/libedgews.a $(OUT)/libedgews-sim.a $(PROGRAMS:%=$(OUT)/programs/%) $(EXAMPLES:%=$(OUT)/examples/%)  ## the libraries, the programs, the examples (default)

addons:  ## permessage-deflate on zlib, TLS on OpenSSL, and their programs
	@tools/need addons
	@$(MAKE) $(OUT)/libedgews-deflate.a $(OUT)/libedgews-tls.a $(ADDON_PROGRAMS:%=$(OUT)/programs/%)

# --- Building ---------------------------------------------------------------

# clang++ only reads: what it would make are empty files.
THEN = $(if $(filter clang,$(MODE)),&& touch $@)

# Rewritten when the compiler or its flags change, and then all is compiled anew.
$(OBJ)/flags: force
	@mkdir -p $(@D)
	@echo '$(CXX) $(ALL_FLAGS)' | cmp -s - $@ || echo '$(CXX) $(ALL_FLAGS)' > $@

$(OBJ)/%.o: %.cpp $(OBJ)/flags
	@mkdir -p $(@D)
	@echo "compile $@"
	@$(CXX) $(ALL_FLAGS) -c $< -o $@ $(THEN)

# Tests are compiled to be right, not fast. What all of them begin with is read once, and again
# (-MD) where another version of it is installed.
TEST_OBJECTS := $(patsubst %.cpp,$(OBJ)/%.o,$(sort $(TESTS) $(SIM_UNITS)))
GTEST := $(OBJ)/tests/gtest.hpp
# UBSan is for what they test: in them it would take a third of the compiler's time.
$(TEST_OBJECTS) $(GTEST).gch: private FLAGS_$(MODE) += -O0 $(and $(filter asan,$(MODE)),-fno-sanitize=undefined)
$(TEST_OBJECTS): private BASE += -include $(GTEST)
$(TEST_OBJECTS): $(GTEST).gch

$(GTEST).gch: $(OBJ)/flags
	@mkdir -p $(@D)
	@echo '#include <gtest/gtest.h>' > $(GTEST)
	@echo "compile $@"
	@$(CXX) $(filter-out -fsyntax-only,$(ALL_FLAGS:-MMD=-MD)) -x c++-header $(GTEST) -o $@

$(OUT)/libedgews.a: $(SOURCES:%.cpp=$(OBJ)/%.o)
	@$(ARCHIVE)

$(OUT)/libedgews-deflate.a: $(DEFLATE:%.cpp=$(OBJ)/%.o)
	@$(ARCHIVE)

$(OUT)/libedgews-tls.a: $(TLS:%.cpp=$(OBJ)/%.o)
	@$(ARCHIVE)

# Its functions take the place of libc's: in front of what calls them.
$(OUT)/libedgews-sim.a: $(SIM:%.cpp=$(OBJ)/%.o)
	@$(ARCHIVE)

# q, not r: core/websocket/fault.o and core/stomp/fault.o have one name, and neither replaces the other.
ARCHIVE = mkdir -p $(@D) && echo "archive $@" && rm -f $@ && ar qcs $@ $^

WITH_ADDONS := $(OUT)/libedgews-deflate.a $(OUT)/libedgews-tls.a $(OUT)/libedgews.a
ADDON_LIBRARIES := -lz -lssl -lcrypto
# Objects first, and last the library that all others need.
LINK = mkdir -p $(@D) && echo "link    $@" && $(CXX) $(ALL_FLAGS) $(filter %.o,$^) \
  $(filter-out %/libedgews.a,$(filter %.a,$^)) $(filter %/libedgews.a,$^) -o $@

$(OUT)/examples/%: $(OBJ)/examples/%.o $(OUT)/libedgews.a
	@$(LINK)

$(OUT)/examples/order_histories: $(OUT)/libedgews-sim.a

$(PROGRAMS:%=$(OUT)/programs/%): $(OUT)/libedgews.a
	@$(LINK)

$(ADDON_PROGRAMS:%=$(OUT)/programs/%): $(WITH_ADDONS)
	@$(LINK) $(ADDON_LIBRARIES)

$(foreach name,$(PROGRAMS) $(ADDON_PROGRAMS),$(eval \
  $(OUT)/programs/$(name): $(OBJ)/programs/$(name)/$(name).o))

$(OUT)/tests/unit: $(patsubst %.cpp,$(OBJ)/%.o,$(TESTS) $(LOAD_TESTED)) $(WITH_ADDONS)
	@$(LINK) -lgtest_main -lgtest $(ADDON_LIBRARIES)

# Clients that the interop tests lead by hand, a crowd of them, and a server of plain HTTP.
$(OUT)/tests/client_driver: $(OBJ)/tests/interop/client_driver.o $(WITH_ADDONS)
	@$(LINK) $(ADDON_LIBRARIES)

$(OUT)/tests/many_clients $(OUT)/tests/stomp_driver $(OUT)/tests/http_server: $(OUT)/tests/%: \
    $(OBJ)/tests/interop/%.o $(OUT)/libedgews.a
	@$(LINK)

# Histories in the simulated kernel, and that kernel's own tests.
SIM_TESTS := $(filter-out $(FAULT_TESTS) $(SIM_UNITS),$(wildcard tests/sim/*.cpp))
$(OUT)/tests/sim: $(SIM_TESTS:%.cpp=$(OBJ)/%.o) $(OUT)/libedgews-sim.a $(WITH_ADDONS)
	@$(LINK) $(ADDON_LIBRARIES)

$(OUT)/tests/sim_unit: $(SIM_UNITS:%.cpp=$(OBJ)/%.o) $(OUT)/libedgews-sim.a $(WITH_ADDONS)
	@$(LINK) -lgtest_main -lgtest $(ADDON_LIBRARIES)

$(OUT)/tests/fuzz/%_replay: $(OBJ)/tests/fuzz/%_fuzz.o $(OBJ)/tests/fuzz/replay_main.o $(WITH_ADDONS)
	@$(LINK) $(ADDON_LIBRARIES)

$(OUT)/tests/fuzz/%_fuzz: $(OBJ)/tests/fuzz/%_fuzz.o $(WITH_ADDONS)
	@$(LINK) -fsanitize=fuzzer $(ADDON_LIBRARIES)

# It plays what the simulator's own program does.
$(OUT)/tests/fuzz/sim_replay $(OUT)/tests/fuzz/sim_fuzz: $(OUT)/tests/fuzz/sim_%: \
    $(patsubst %.cpp,$(OBJ)/%.o,$(filter-out tests/sim/main.cpp,$(SIM_TESTS))) $(OUT)/libedgews-sim.a

$(OUT)/bench/load: $(LOAD:%.cpp=$(OBJ)/%.o) $(OUT)/libedgews.a
	@$(LINK)

$(OUT)/bench/floor $(OUT)/bench/stomp_load: $(OUT)/bench/%: $(OBJ)/bench/%.o $(OUT)/libedgews.a
	@$(LINK)

$(OUT)/bench/socketio_load: $(patsubst %.cpp,$(OBJ)/%.o,bench/socketio/main.cpp $(SOCKETIO_LOAD)) \
    $(OUT)/libedgews.a
	@$(LINK)

$(OUT)/bench/listeners: $(OBJ)/bench/cluster/listeners.o \
    $(patsubst %,$(OBJ)/bench/load/%.o,opening poller target) $(OUT)/libedgews.a
	@$(LINK)

$(OUT)/bench/soak: $(SOAK:%.cpp=$(OBJ)/%.o) $(WITH_ADDONS)
	@$(LINK) $(ADDON_LIBRARIES)

$(OUT)/bench/micro: $(MICRO:%.cpp=$(OBJ)/%.o) $(WITH_ADDONS)
	@$(LINK) -lbenchmark $(ADDON_LIBRARIES)

# Pages travel inside their programs: build/generated/demo/page.cpp has a row {"app.js", what it
# holds} of `page` (programs/common/page.hpp) for every file of demo_PAGE (text). Made anew each
# time, and replaced when it differs; in a file of its own, for two makes may run at once.
build/generated/%/page.cpp: force
	@mkdir -p $(@D)
	@{ printf '%s\n' '// Made by make: the files of a page.' '#include "programs/common/page.hpp"' \
	    'static constexpr programs::PageFile files[] = {'; \
	  for file in $($*_PAGE); do \
	    printf '{"%s", R"~page~(' "$${file##*/}"; cat "$$file"; printf ')~page~"},\n'; \
	  done; echo '};'; \
	  echo 'const std::span<const programs::PageFile> programs::page = files;'; } > $@.$$$$; \
	cmp -s $@.$$$$ $@ && rm $@.$$$$ || mv $@.$$$$ $@

# The browser's STOMP client, where npm has brought it; else a line that says so.
STOMPJS := $(firstword $(wildcard $(addsuffix /node_modules/@stomp/stompjs/bundles/stomp.umd.min.js, \
  programs/stomp_broker tests/interop)) programs/stomp_broker/page/without/stomp.umd.min.js)
# That of Socket.IO.
SOCKETIOJS := $(firstword $(wildcard $(addsuffix /node_modules/socket.io-client/dist/socket.io.min.js, \
  programs/demo tests/interop)) programs/demo/page/without/socket.io.min.js)
demo_PAGE := $(wildcard programs/demo/page/*.*) $(STOMPJS) $(SOCKETIOJS)
stomp_broker_PAGE := $(wildcard programs/stomp_broker/page/*.*) \
  $(addprefix programs/demo/page/,style.css dom.js favicon.svg) $(STOMPJS)

socketio_server_PAGE := $(wildcard programs/socketio_server/page/*) \
  $(addprefix programs/demo/page/,style.css dom.js favicon.svg) programs/stomp_broker/page/tables.css

$(foreach name,demo stomp_broker socketio_server,$(eval \
  $(OUT)/programs/$(name): $(OBJ)/build/generated/$(name)/page.o))

# --- Testing ----------------------------------------------------------------

tests: $(OUT)/tests/unit $(OUT)/tests/sim_unit $(OUT)/tests/sim $(OUT)/tests/client_driver \
  $(OUT)/tests/many_clients $(OUT)/tests/stomp_driver $(OUT)/tests/http_server

unit: $(OUT)/tests/unit  ## the unit tests alone: run them at every change
	@tests/run unit

# Another server for our client, where its library is installed.
LIBWEBSOCKETS := $(and $(wildcard /usr/include/libwebsockets.h),build/bench/peers/libwebsockets)

test:  ## unit, install, compile and interop tests; installs what they need where it can
	@tools/need test
	@$(MAKE) addons tests/interop/node_modules/.package-lock.json
	@$(MAKE) all tests bench-programs soak-program $(LIBWEBSOCKETS)
	@tests/run unit sim_unit sim orders race install compile interop

%/node_modules/.package-lock.json: %/package.json %/package-lock.json
	cd $* && npm ci --no-progress
	@touch $@

# The seeds of one run follow those of another: FIRST=1 SEEDS=20000, or for so many SECONDS.
SEEDS ?= 10000
FIRST ?= 1
sim-bugs: $(OUT)/tests/sim  ## bugs that are put into a copy on purpose, and have to be found
	@tests/run seeded

sim: $(OUT)/tests/sim  ## histories in the simulated kernel: SEEDS=10000 FIRST=1 ONLY=scenario
	@$< --first $(FIRST) --seeds $(SEEDS) $(ONLY:%=--only %)

run: $(OUT)/programs/demo  ## build the demo and start it: http://localhost:9001/
	$<

run-cluster:  ## three nodes of the demo behind nginx, and a hub: PORT=9000
	@tools/need cluster
	@$(MAKE) $(OUT)/programs/demo $(OUT)/programs/stomp_broker
	@PORT='$(PORT)' programs/demo/cluster

sanitize:  ## the units and the fuzz corpora under ASan+UBSan, the threads under TSan
	@tools/need test fuzz
	@$(MAKE) MODE=asan $(addprefix build/asan/tests/,unit sim_unit sim) $(FUZZ:%=build/asan/tests/fuzz/%_replay)
	@$(MAKE) MODE=tsan build/tsan/tests/unit
	@tests/run asan asan_sim replay tsan

fuzz:  ## every fuzz target for SECONDS=20, from its corpus
	@tools/need fuzz
	@$(MAKE) MODE=fuzz $(FUZZ:%=build/fuzz/tests/fuzz/%_fuzz)
	@FUZZ_SECONDS=$(SECONDS) tests/run fuzz

# What it counts is added up in build/obj/coverage, until it is taken away.
coverage:  ## which lines and branches of core/ its own tests run
	@tools/need test
	@$(MAKE) MODE=coverage build/coverage/tests/unit
	@find build/obj/coverage -name '*.gcda' -delete
	@build/coverage/tests/unit --gtest_brief=1
	@tools/coverage core build/obj/coverage

# --- Measuring --------------------------------------------------------------

bench:  ## the micro-benchmarks: all, or those whose name fits FILTER=regex
	@tools/need bench
	@$(MAKE) $(OUT)/bench/micro
	@$(OUT)/bench/micro --benchmark_min_time=0.05 --benchmark_filter='$(or $(FILTER),.)'

# Each for an instant: whether it gives the right result, and has not rotted.
bench-smoke:
	@tools/need bench
	@$(MAKE) $(OUT)/bench/micro
	@tests/run bench

# The load generator, and the server that does the least that one can.
bench-programs: $(OUT)/bench/load $(OUT)/bench/floor $(OUT)/bench/stomp_load $(OUT)/bench/socketio_load

# The servers that ours is compared with, by flags that favour them: ours gets no -march=native.
PEER_PROGRAMS := beast libwebsockets websocketpp
PEER_FLAGS := -std=c++17 -O3 -DNDEBUG -march=native -pthread -Wall -Wextra

build/bench/peers/%: bench/peers/%.cpp bench/peers/port_option.hpp Makefile
	@mkdir -p $(@D)
	@echo "compile $@"
	@$(CXX) $(PEER_FLAGS) $< -o $@ $(PEER_LIBRARIES)

build/bench/peers/libwebsockets: PEER_LIBRARIES := -lwebsockets

peers:  ## the other servers of the race, from Debian's packages and npm
	@tools/need race
	@$(MAKE) $(PEER_PROGRAMS:%=build/bench/peers/%) bench/peers/node_modules/.package-lock.json

race:  ## edgews beside other servers: QUICK=1 ROWS=regex PEERS='floor beast' PEER_name='command'
	@tools/need race
	@$(MAKE) MODE=release all bench-programs peers
	@RACE_COMPILER='$(CXX)' RACE_FLAGS='-std=c++20 $(strip $(FLAGS_release) $(CXXFLAGS))' \
	  RACE_PEER_FLAGS='$(PEER_FLAGS)' RACE_VERSION='$(VERSION)' python3 -B bench/race

stomp-race:  ## the STOMP broker beside RabbitMQ: ROUNDS=3
	@tools/need stomp-race
	@$(MAKE) MODE=release all bench-programs
	@ROUNDS='$(ROUNDS)' python3 -B bench/stomp_race.py

socketio-race:  ## the Socket.IO server beside npm's: ROUNDS=5 ROWS=regex
	@tools/need socketio-race
	@$(MAKE) MODE=release all bench-programs bench/socketio/node_modules/.package-lock.json
	@ROUNDS='$(ROUNDS)' ROWS='$(ROWS)' python3 -B bench/socketio_race.py

cluster-race:  ## three nodes over each backbone, beside Spring's way and Socket.IO: SECONDS=20 ROWS=regex
	@tools/need cluster-race
	@$(MAKE) MODE=release all bench/cluster/node_modules/.package-lock.json
	@PYTHONPATH=bench python3 -B bench/cluster '$(SECONDS)' '$(ROWS)'

CONNECTIONS ?= 1000000
cluster-million:  ## what a million connections take, over many nodes: CONNECTIONS=1000000
	@$(MAKE) MODE=release all $(OUT)/bench/listeners
	@PYTHONPATH=bench python3 -B bench/cluster/million.py $(CONNECTIONS)

# The whole hour is kept; else it is for a look.
SOAK_RESULTS := $(if $(filter release60,$(MODE)$(MINUTES)),bench/results,$(OUT)/soak)

soak-program: $(OUT)/bench/soak

soak:  ## an hour of churn with faults, after which nothing may have grown: MINUTES=60
	@tools/need soak
	@$(MAKE) soak-program
	@mkdir -p $(OUT)/soak $(SOAK_RESULTS)
	@nice $(OUT)/bench/soak --minutes $(MINUTES) --csv $(OUT)/soak/all.csv; status=$$?; \
	  awk -F, 'NR == 1 || $$2 == "judged" || NR % 10 == 0' $(OUT)/soak/all.csv \
	    > $(SOAK_RESULTS)/soak.csv && \
	  gnuplot -c bench/soak/plot.gnuplot $(SOAK_RESULTS)/soak.csv $(SOAK_RESULTS)/soak.svg && \
	  exit $$status

# --- Style ------------------------------------------------------------------

LINTED := $(SOURCES) $(DEFLATE) $(TLS) $(SIM) \
  $(wildcard programs/*/*.cpp examples/*.cpp bench/*.cpp bench/cluster/*.cpp) $(LOAD) $(SOAK)
ALL_CODE := $(sort $(LINTED) $(PUBLIC) $(HEADERS) $(wildcard deflate/*.hpp tls/*.hpp sim/*.hpp \
  programs/*/*.hpp examples/*.hpp bench/*/*.?pp tests/*/*.?pp tests/*/*/*.?pp))

lint:  ## layers, sizes, format, clang-tidy, clang++, AArch64
	@tools/need lint
	@$(MAKE) -k lint-layers lint-sizes lint-faults lint-bugs lint-format lint-clang lint-portable lint-tidy

lint-layers:
	@tools/check_layers $(LINTED) $(PUBLIC) $(HEADERS) $(wildcard deflate/*.hpp tls/*.hpp sim/*.hpp)

lint-sizes:
	@tools/check_sizes $(ALL_CODE)

# And that it names all that the archives call, where there are some.
lint-faults:
	@tools/check_faults $(wildcard $(WITH_ADDONS))

# Each bug that `make sim-bugs` puts in has the code that it changes.
lint-bugs:
	@tests/sim/seeded_bugs --look

lint-format:
	@clang-format --dry-run -Werror $(ALL_CODE)

# What neither clang-tidy reads nor `make sanitize`, which has clang++ compile the tests.
SANITIZED := $(TESTS) $(filter-out $(FAULT_TESTS),$(SIM_UNITS)) $(SIM_TESTS) \
  $(wildcard tests/fuzz/*.cpp)
lint-clang:
	@$(MAKE) MODE=clang $(patsubst %.cpp,build/obj/clang/%.o,$(filter-out $(LINTED) $(SANITIZED) \
	  tests/compile/% bench/peers/%,$(filter %.cpp,$(ALL_CODE))))

lint-portable:
	@$(MAKE) MODE=aarch64 all build/aarch64/libedgews-sim.a

lint-tidy: SHELL := /bin/bash
lint-tidy:
	@set -o pipefail; printf '%s\n' $(LINTED) | xargs -P $$(nproc) -I FILE \
	  clang-tidy --quiet FILE -- $(BASE) $(WARN) 2>&1 | \
	  { grep -v 'warnings* generated' || :; }

# --- Installing -------------------------------------------------------------

DEST = $(DESTDIR)$(PREFIX)

# What a transport of one's own needs, edgews-core.pc: with the paths that they have here.
CORE_ROOMS := $(patsubst %/,%,$(sort $(dir $(filter core/% crypto/%,$(HEADERS)))))
CORE = $(DEST)/include/edgews-core

install: $(OUT)/libedgews.a $(OUT)/libedgews-sim.a  ## headers, library and pkg-config file: PREFIX=/usr/local DESTDIR=
	@install -d $(DEST)/include/edgews $(addprefix $(CORE)/,$(CORE_ROOMS)) $(DEST)/lib/pkgconfig
	@install -m 644 $(filter-out $(ADDON_HEADERS),$(PUBLIC)) $(DEST)/include/edgews
	@for room in $(CORE_ROOMS); do install -m 644 $$room/*.hpp $(CORE)/$$room || exit; done
	@install -m 644 $< $(DEST)/lib/libedgews.a
	@$(call INSTALL_PC,edgews)
	@$(call INSTALL_PC,edgews-core)
	@$(MAKE) install-sim
	@echo "installed $(DEST)/include/edgews, $(DEST)/lib/libedgews.a"
	@for part in deflate tls; do \
	  [ ! -f $(OUT)/libedgews-$$part.a ] || $(MAKE) install-$$part || exit; done

INSTALL_PC = sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' $(1).pc.in \
  > $(DEST)/lib/pkgconfig/$(1).pc

HEADERS_deflate := include/edgews/deflate.hpp
HEADERS_tls := include/edgews/tls.hpp
HEADERS_sim := include/edgews/sim.hpp
ADDON_HEADERS := $(HEADERS_deflate) $(HEADERS_tls) $(HEADERS_sim)
# Of the simulated kernel all but its seam, in a folder beside its face.
SIM_SEAM := sim/calls.hpp sim/clocks.hpp sim/real.hpp sim/refusal.hpp sim/system_call.hpp
SIM_HEADERS := $(filter-out $(SIM_SEAM),$(wildcard sim/*.hpp))

# deflate and tls: where `make addons` was called.
install-%: $(OUT)/libedgews-%.a
	@install -d $(DEST)/include/edgews
	@install -m 644 $(HEADERS_$*) $(DEST)/include/edgews
	@[ $* != sim ] || { install -d $(DEST)/include/edgews/sim && \
	  install -m 644 $(SIM_HEADERS) $(DEST)/include/edgews/sim && \
	  sed -i 's|^\#include "\(.*\)"|\#include <edgews/\1>|' $(DEST)/include/edgews/sim.hpp \
	    $(patsubst %,$(DEST)/include/edgews/%,$(SIM_HEADERS)); }
	@install -m 644 $< $(DEST)/lib/libedgews-$*.a
	@$(call INSTALL_PC,edgews-$*)
	@echo "installed $(DEST)/lib/libedgews-$*.a"

clean:  ## remove build/
	rm -rf build

help:
	@sed -n 's/^\([a-z]*\):.*  ## \(.*\)/make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

-include $(shell find build/obj -name '*.d' 2>/dev/null)
endif
