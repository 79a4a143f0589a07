# What a person calls. Everything that needs packages calls ops/install-deps first, in a recipe of
# its own, and only then a second make that builds.

PREFIX ?= /usr/local
DESTDIR ?=
SANDBOX := $(B)/sandbox
FORMATTED = $(shell find proto routing gateway adapters ops tests -name '*.[ch]' </dev/null)

MINUTES ?= 1
SEED ?= 1

.PHONY: run test test-long test-fresh test-browser screenshots differential fuzz bench bench-scale bench-files bench-instructions bench-memory bench-backup bench-purge bench-retention bench-desk pictures install uninstall format format-check lint lint-files help chaos hostile test-portal restore-drill upgrade-drill bench-portal sim decade sim-selftest campaign planted lint-changed lint-none

# A fresh province every time. The exit code of ONCE=1 is the sandbox's own.
run:
	@ops/install-deps build
	@ops/build/progress $(MAKE) all
	@rm -rf $(SANDBOX)
	@$(B)/bin/lienthong sandbox init $(SANDBOX)
	@$(B)/bin/lienthong sandbox up $(SANDBOX) $(if $(ONCE),--once)

test:
	@ops/install-deps test
	@ops/build/progress $(MAKE) all libs tests-bin
	@ops/build/progress $(MAKE) VARIANT=asan all tests-bin
	@tests/run

# The desk's pages in Debian's Chromium.
test-browser:
	@ops/install-deps test
	@tests/run 'system/t036*'

# Every page in both languages and themes, as a picture in build/screenshots; the README's five.
screenshots:
	@ops/install-deps test
	@tests/browser/screenshots $(B)/screenshots
	@tests/browser/screenshots ops/pictures/desk tour

# The tests that search, EFFORT times as far as `make test` lets them.
EFFORT ?= 10
LONG_TESTS := unit/t_link_reset unit/t_seal_differential unit/t_trust_differential unit/t_torture_ports unit/t_torture_memory
test-long:
	@ops/install-deps test
	@ops/build/progress $(MAKE) all libs tests-bin
	@ops/build/progress $(MAKE) VARIANT=asan all tests-bin
	@EFFORT=$(EFFORT) PATIENCE=$(EFFORT) tests/run $(LONG_TESTS)

test-fresh:
	@ops/build/test-fresh

# Our verdict on signatures, chains and lists beside OpenSSL's; the last line but one is the sum.
DIFFERENTIAL := unit/t_seal_differential unit/t_seal_crafted unit/t_trust_differential
differential:
	@ops/install-deps test
	@$(MAKE) $(DIFFERENTIAL:%=$(B)/tests/%)
	@$(MAKE) VARIANT=asan $(DIFFERENTIAL:%=build/asan/tests/%)
	@tests/run $(DIFFERENTIAL)

# Every fuzz target for MINUTES of processor time, two at a time.
fuzz:
	@ops/install-deps test
	@ops/install-deps develop
	@$(MAKE) VARIANT=fuzz fuzz-bin
	@tests/fuzz/campaign $(MINUTES)

# Side by side with RabbitMQ and NATS; what grows with history, backlog and destinations; files.
# Results in build/bench; tests/bench/README.md.
bench bench-scale bench-files bench-instructions bench-backup bench-purge bench-retention bench-desk:
	@ops/install-deps bench
	@$(MAKE) bench-bin
	@tests/bench/$(patsubst bench,run,$(patsubst bench-%,%,$@))

# The pictures of the READMEs: windows of a province that runs now, and the last `make bench`.
pictures:
	@ops/install-deps test
	@ops/install-deps develop
	@$(MAKE) all $(O)/tests/support/window
	@ops/build/pictures

# What the programs of a sandbox province take at most, against their bounds.
bench-memory:
	@ops/install-deps build
	@$(MAKE) all
	@tests/bench/memory

# Real processes under real faults, MINUTES of them; SEED chooses. Needs root.
chaos:
	@ops/install-deps test
	@$(MAKE) all $(O)/tests/support/store_compare
	@tests/chaos/chaos $(MINUTES) $(SEED)

# Every attack of tests/hostile/attacks.def against real processes, beside honest agencies at work;
# ATTACK: shell patterns of some of them; SEED chooses the pairs. A quarter of an hour.
hostile:
	@ops/install-deps test
	@$(MAKE) all $(O)/tests/hostile/hostile
	@rm -rf $(B)/hostile && mkdir -p $(B)/hostile
	@elsewhere=$$(mktemp -d -p /dev/shm) && trap 'rm -rf "$$elsewhere"' EXIT && \
	    $(O)/tests/hostile/hostile --seed $(SEED) --elsewhere "$$elsewhere" \
	    $(if $(ATTACK),--pairs 0 --attack '$(ATTACK)') $(CURDIR)/$(B)/hostile $(CURDIR)/$(O)/bin

# 10,000 dossiers with eight states each through everything that the portal can do wrong and a
# kill -9 of each process, at most TEST_PORTAL_SECONDS; the same as t0600-portal, which is smaller.
TEST_PORTAL_SECONDS := 1800
test-portal:
	@ops/install-deps test
	@$(MAKE) all tests-bin
	@rm -rf $(B)/test-portal && mkdir -p $(B)/test-portal
	@ROOT=$(CURDIR) BIN=$(CURDIR)/$(B)/bin PLAIN_BIN=$(CURDIR)/$(B)/bin \
	    TEST_DIR=$(CURDIR)/$(B)/test-portal PORTAL_ROUND=1250 PORTAL_LAPS=2 \
	    PORTAL_LIMIT=$(TEST_PORTAL_SECONDS) \
	    timeout $(TEST_PORTAL_SECONDS) tests/system/t0600-portal
	@rm -rf $(B)/test-portal

# Traffic, the loss of each program's disk in turn, and a restore of an older copy.
restore-drill:
	@ops/install-deps test
	@$(MAKE) all
	@rm -rf $(B)/restore-drill && mkdir -p $(B)/restore-drill
	@ROOT=$(CURDIR) BIN=$(CURDIR)/$(B)/bin PLAIN_BIN=$(CURDIR)/$(B)/bin \
	    TEST_DIR=$(CURDIR)/$(B)/restore-drill tests/chaos/restore-drill
	@rm -rf $(B)/restore-drill

# The release OLD=v1.0.0 and this tree's programs beside one another.
upgrade-drill:
	@ops/install-deps test
	@$(MAKE) all
	@rm -rf $(B)/upgrade-drill && mkdir -p $(B)/upgrade-drill
	@ROOT=$(CURDIR) BIN=$(CURDIR)/$(B)/bin PLAIN_BIN=$(CURDIR)/$(B)/bin \
	    TEST_DIR=$(CURDIR)/$(B)/upgrade-drill tests/chaos/upgrade-drill
	@rm -rf $(B)/upgrade-drill

# The first load of 100,000 dossiers to the portal's stand-in, killed once on its way.
bench-portal:
	@ops/install-deps test
	@$(MAKE) all
	@tests/bench/portal

# The cores in a hostile world: one seed, or seed after seed on every processor for MINUTES.
SIM := $(B)/tests/sim/sim
SIM_COMMIT = COMMIT=$$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
sim:
	@ops/install-deps build
	@$(MAKE) $(SIM)
	@$(SIM_COMMIT) $(SIM) $(if $(V),-v) $(SEED)
campaign:
	@ops/install-deps build
	@$(MAKE) $(SIM)
	@$(SIM_COMMIT) $(SIM) -c $$(($(MINUTES) * 60)) -j $$(nproc) $(SEED)
decade:
	@ops/install-deps build
	@$(MAKE) $(SIM)
	@$(SIM_COMMIT) $(SIM) -y 122 -d 128 $(SEED)

# The same with one deliberate fault of tests/sim/planted at a time: each must be caught.
PLANTED := $(sort $(wildcard tests/sim/planted/*.patch))
PLANTED_SIM := $(PLANTED:tests/sim/planted/%.patch=$(O)/planted/%/sim)
sim-selftest:
	@ops/install-deps test
	@$(MAKE) $(SIM)
	@$(MAKE) planted
	@tests/sim/selftest
planted: $(PLANTED_SIM)
$(PLANTED_SIM): ROOM := tests
$(PLANTED_SIM): $(O)/planted/%/sim: tests/sim/planted/%.patch $(SIM)
	$(call say,PLANT,$*)
	@rm -rf $(@D) && mkdir -p $(@D)/source
	@cp --parents $$(sed -n 's,^+++ b/,,p' $<) $(@D)/source
	@patch --quiet --strip=1 --fuzz=0 --directory=$(@D)/source <$<
	$(Q)set -e; for file in $$(sed -n 's,^+++ b/,,p' $<); do \
	    $(CC) $(OUR_CFLAGS) $(INCLUDES) -c $(@D)/source/$$file \
	        -o $(@D)/source/$$(basename $$file .c).o; done
	$(Q)$(LINK) -o $@ $(O)/obj/tests/sim/sim_main.o $(@D)/source/*.o -Wl,--start-group $(ALL_LIBS) -Wl,--end-group $(LIBS)
	@rm -r $(@D)/source

# Where each shell looks for what it may offer.
COMPLETIONS := bash-completion/completions/lienthong zsh/site-functions/_lienthong \
               fish/vendor_completions.d/lienthong.fish

install: all
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/share/lienthong/registry
	install -m 644 routing/data/version routing/data/*.csv $(DESTDIR)$(PREFIX)/share/lienthong/registry
	install -m 644 adapters/rest/*.jq adapters/portal/*.jq $(wildcard adapters/openapi.yaml) $(DESTDIR)$(PREFIX)/share/lienthong
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	set -e; for unit in $(wildcard ops/systemd/*); do \
	    sed 's|/usr/local/bin|$(PREFIX)/bin|' $$unit \
	        >$(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit##*/}; done
	set -e; for page in $(wildcard ops/man/*.[1-9]); do \
	    folder=$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}; \
	    install -d $$folder; install -m 644 $$page $$folder; done
	set -e; for shell in $(COMPLETIONS); do \
	    folder=$(DESTDIR)$(PREFIX)/share/$${shell%/*}; \
	    install -d $$folder; install -m 644 ops/completion/$${shell##*/} $$folder; done

uninstall:
	rm -rf $(DESTDIR)$(PREFIX)/share/lienthong
	rm -f $(patsubst ops/systemd/%,$(DESTDIR)$(PREFIX)/lib/systemd/system/%,$(wildcard ops/systemd/*))
	rm -f $(PROGRAMS:$(O)/bin/%=$(DESTDIR)$(PREFIX)/bin/%)
	rm -f $(foreach page,$(notdir $(wildcard ops/man/*.[1-9])),$(DESTDIR)$(PREFIX)/share/man/man$(patsubst .%,%,$(suffix $(page)))/$(page))
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/share/,$(COMPLETIONS))

format:
	@ops/install-deps develop
	@clang-format -i $(FORMATTED)
format-check:
	@ops/install-deps develop
	@clang-format --dry-run -Werror $(FORMATTED)

# Checks and their reasons: .clang-tidy.
lint:
	@ops/install-deps develop
	@$(MAKE) lint-files
# Those that differ from BASE alone.
BASE ?= HEAD~1
lint-changed:
	@ops/install-deps develop
	@$(MAKE) $(patsubst %.c,$(O)/lint/%.ok,$(filter $(ALL_SRC),$(shell git diff --name-only --diff-filter=d $(BASE) -- '*.c'))) lint-none
lint-none: ;
lint-files: $(ALL_SRC:%.c=$(O)/lint/%.ok)
$(O)/lint/%.ok: %.c .clang-tidy
	@mkdir -p $(@D)
	$(call say,LINT,$<)
	$(Q)clang-tidy --quiet --warnings-as-errors='*' $< -- $(OUR_CFLAGS) $(INCLUDES)
	@touch $@

help:
	@echo 'make                the programs, in build/bin'
	@echo 'make run            a sandbox province at work; ONCE=1 ends with its result'
	@echo 'make test           every test, plain and with sanitizers'
	@echo 'make test-long      the tests that search, EFFORT=10 times as far'
	@echo 'make test-browser   the desk'"'"'s pages in Chromium; screenshots: pictures of them all'
	@echo 'make test-fresh     both of these on a bare Debian 12 of their own (root)'
	@echo 'make differential   signatures, chains and lists: our verdict beside OpenSSL'"'"'s'
	@echo 'make test-portal    10,000 dossiers to a national portal that misbehaves, processes killed'
	@echo 'make restore-drill  each program of a province loses its disk, an older copy is put back'
	@echo 'make upgrade-drill  an older release, OLD=, beside these programs, in either order'
	@echo 'make bench-portal   the first load of the national portal: dossiers/s, memory'
	@echo 'make fuzz           every fuzz target for MINUTES=1 of processor time, with sanitizers'
	@echo 'make bench          RabbitMQ, NATS and the gateway side by side: build/bench'
	@echo 'make bench-scale    with long history, backlog, many destinations; bench-files: files'
	@echo 'make bench-backup   a backup of 1,000,000 messages beside traffic'
	@echo 'make bench-purge    what a purge costs the traffic beside it'
	@echo 'make bench-retention  how large a store is after ten years of a province and their purges'
	@echo 'make bench-desk     a desk with 1,000,000 dossiers and 20 people at work: p99, memory'
	@echo 'make bench-memory   what gateway and adapters take at most in a sandbox province'
	@echo 'make bench-instructions  instructions of the hot path, against the kept figures'
	@echo 'make pictures       the pictures of the READMEs, drawn anew: ops/pictures'
	@echo 'make hostile        every attack on real processes beside honest agencies; ATTACK= some'
	@echo 'make chaos          real processes under real faults for MINUTES=1 (root); SEED= chooses'
	@echo 'make sim SEED=n     the cores in a simulated hostile world; V=1 shows every event'
	@echo 'make decade SEED=n  ten years of one province in virtual time, its state kept'
	@echo 'make campaign       seed after seed from SEED=1 for MINUTES=1 on every processor'
	@echo 'make sim-selftest   every deliberate fault of tests/sim/planted must be caught'
	@echo 'make install        programs, manual pages, completion: PREFIX=/usr/local DESTDIR='
	@echo 'make uninstall      removes what install put there'
	@echo 'make format         clang-format over the sources; format-check only looks'
	@echo 'make lint           clang-tidy over the sources; lint-changed BASE=: over some'
	@echo 'make libs tests-bin the libraries; the unit, contract and fuzz programs'
	@echo 'make clean          removes build/'
	@echo 'VARIANT=asan        the same under build/asan, with sanitizers;  V=1 shows commands'
