# What a person calls. Everything that needs packages calls ops/install-deps first, in a recipe of
# its own, and only then a second make that builds.

PREFIX ?= /usr/local
DESTDIR ?=
SANDBOX := $(B)/sandbox
FORMATTED = $(shell find proto routing gateway adapters ops tests -name '*.[ch]' </dev/null)

MINUTES ?= 1
UNITS := lienthong-gateway.service lienthong-adapter@.service

.PHONY: run test test-fresh fuzz bench bench-scale bench-files bench-instructions install uninstall format format-check lint lint-files help

# A fresh province every time. The exit code of ONCE=1 is the sandbox's own.
run:
	@ops/install-deps build
	@$(MAKE) all
	@rm -rf $(SANDBOX)
	@$(B)/bin/lienthong sandbox init $(SANDBOX)
	@$(B)/bin/lienthong sandbox up $(SANDBOX) $(if $(ONCE),--once)

test:
	@ops/install-deps test
	@$(MAKE) all libs tests-bin
	@$(MAKE) VARIANT=asan all tests-bin
	@tests/run

test-fresh:
	@ops/build/test-fresh

# Every fuzz target for MINUTES of processor time, two at a time.
fuzz:
	@ops/install-deps test
	@ops/install-deps develop
	@$(MAKE) VARIANT=fuzz fuzz-bin
	@tests/fuzz/campaign $(MINUTES)

# Side by side with RabbitMQ and NATS; what grows with history, backlog and destinations; files.
# Results in build/bench; tests/bench/README.md.
bench bench-scale bench-files bench-instructions:
	@ops/install-deps bench
	@$(MAKE) bench-bin
	@tests/bench/$(patsubst bench,run,$(patsubst bench-%,%,$@))

install: all
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/share/lienthong/registry
	install -m 644 routing/data/version routing/data/*.csv $(DESTDIR)$(PREFIX)/share/lienthong/registry
	install -m 644 adapters/rest/*.jq $(wildcard adapters/openapi.yaml) $(DESTDIR)$(PREFIX)/share/lienthong
	set -e; for page in $(wildcard ops/man/*.[1-9]); do \
	    folder=$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}; \
	    install -d $$folder; install -m 644 $$page $$folder; done
	set -e; for file in $(wildcard ops/completion/*); do \
	    folder=$(DESTDIR)$(PREFIX)/share/bash-completion/completions; \
	    install -d $$folder; install -m 644 $$file $$folder; done

	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	set -e; for unit in $(UNITS); do \
	    sed 's|@PREFIX@|$(PREFIX)|' ops/systemd/$$unit >$(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit; done

uninstall:
	rm -f $(UNITS:%=$(DESTDIR)$(PREFIX)/lib/systemd/system/%)
	rm -rf $(DESTDIR)$(PREFIX)/share/lienthong
	rm -f $(PROGRAMS:$(O)/bin/%=$(DESTDIR)$(PREFIX)/bin/%)
	rm -f $(foreach page,$(notdir $(wildcard ops/man/*.[1-9])),$(DESTDIR)$(PREFIX)/share/man/man$(patsubst .%,%,$(suffix $(page)))/$(page))
	rm -f $(patsubst ops/completion/%,$(DESTDIR)$(PREFIX)/share/bash-completion/completions/%,$(wildcard ops/completion/*))

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
	@echo 'make test-fresh     both of these on a bare Debian 12 of their own (root)'
	@echo 'make fuzz           every fuzz target for MINUTES=1 of processor time, with sanitizers'
	@echo 'make bench          RabbitMQ, NATS and the gateway side by side: build/bench'
	@echo 'make bench-scale    with long history, backlog, many destinations; bench-files: files'
	@echo 'make bench-instructions  instructions of the hot path, against the kept figures'
	@echo 'make install        programs, manual pages, completion: PREFIX=/usr/local DESTDIR='
	@echo 'make uninstall      removes what install put there'
	@echo 'make format         clang-format over the sources; format-check only looks'
	@echo 'make lint           clang-tidy over the sources'
	@echo 'make libs tests-bin the libraries; the unit, contract and fuzz programs'
	@echo 'make clean          removes build/'
	@echo 'VARIANT=asan        the same under build/asan, with sanitizers;  V=1 shows commands'
