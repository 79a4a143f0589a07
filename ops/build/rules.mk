# How the project is built. A room is a folder of the table in README.md; it is compiled with
# an include root of its own (build/rooms/ROOM: symbolic links to what its row allows), so that an
# include that the row forbids does not compile.
#
# VARIANT=asan builds everything again under build/asan with AddressSanitizer and UBSan;
# VARIANT=fuzz under build/fuzz with clang and libFuzzer as well. V=1 shows the commands.
# Nothing here calls a compiler or protoc-c while the makefile is read: a machine that has make
# alone must get as far as ops/install-deps.

# As many jobs as processors, unless the caller chose.
ifeq ($(MAKELEVEL),0)
ifeq ($(filter -j% --jobs%,$(shell tr '\0' ' ' </proc/$$PPID/cmdline)),)
MAKEFLAGS += -j$(shell nproc)
endif
endif
MAKEFLAGS += --no-print-directory --no-builtin-rules

comma := ,
Q := $(if $(V),,@)
say = @$(if $(V),:,printf '  %-6s %s\n' $(1) $(patsubst $(B)/%,%,$(2)))
B := build
O := $(B)$(if $(VARIANT),/$(VARIANT))
ifeq ($(origin CC),default)
CC := $(if $(filter fuzz,$(VARIANT)),clang,gcc)
endif
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
SANITIZE_asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# clang has no __SANITIZE_ADDRESS__ of its own.
SANITIZE_fuzz := -fsanitize=fuzzer-no-link $(SANITIZE_asan) -Wno-error -D__SANITIZE_ADDRESS__
SANITIZE := $(SANITIZE_$(VARIANT))
OUR_CFLAGS := -std=gnu17 $(WARNINGS) -fstack-protector-strong -D_GNU_SOURCE -pthread $(CFLAGS) $(SANITIZE) $(EXTRA_CFLAGS)
GEN_CFLAGS := -std=gnu17 -pthread $(CFLAGS) $(SANITIZE) $(EXTRA_CFLAGS)
LIBS := -lzmq -lprotobuf-c -lcurl -lssl -lcrypto -lsqlite3 -lmicrohttpd -lgnutls -ljansson -lyaml -ljq -lsodium -lunistring -lm -ldl -pthread
# gold, where binutils has it (Debian 12 does), links in two thirds of the time: some 300 programs.
LINKER := $(if $(shell command -v ld.gold),-fuse-ld=gold)
LINK = $(CC) $(CFLAGS) $(SANITIZE) $(LINKER) $(LDFLAGS) -Wl,--as-needed

# --- rooms: ROOM_<name> = what its include root holds -----------------------------------------
ROOMS := proto routing custody gateway-core gateway-store gateway-workers gateway-api gateway-operators gateway-shell adapters-core adapters ops standins tests
ROOM_proto         := proto
ROOM_routing       := proto routing
ROOM_custody       := proto routing gateway/port gateway/custody
ROOM_gateway-core  := proto routing gateway/core gateway/port gateway/custody
ROOM_gateway-store := proto routing gateway/port gateway/store
ROOM_gateway-workers := proto routing gateway/port gateway/custody gateway/workers
ROOM_gateway-api   := proto routing gateway/port gateway/custody gateway/workers gateway/api
ROOM_gateway-operators := proto routing gateway/port gateway/custody gateway/core gateway/workers gateway/api gateway/operators
ROOM_gateway-shell := proto routing gateway
ROOM_adapters-core := proto routing gateway/port gateway/store gateway/custody adapters/core
ROOM_adapters      := proto routing gateway/port gateway/store gateway/custody gateway/workers gateway/api adapters
ROOM_ops           := proto routing gateway adapters ops
# Other people's systems know nothing of an adapter's inside.
ROOM_standins      := proto routing gateway ops/client ops/sandbox tests/standins
ROOM_tests         := proto routing gateway adapters ops tests

$(B)/rooms/%/.made: ops/build/rules.mk
	@rm -rf $(@D) && mkdir -p $(@D)
	@for path in $(ROOM_$*); do mkdir -p $(@D)/$$(dirname $$path) && ln -s $(CURDIR)/$$path $(@D)/$$path; done
	@touch $@

# --- generated protobuf -----------------------------------------------------------------------
SCHEMAS := $(wildcard proto/schema/*.proto)
GEN_C := $(SCHEMAS:proto/schema/%.proto=$(B)/gen/schema/%.pb-c.c)
GEN_O := $(SCHEMAS:proto/schema/%.proto=$(O)/gen/schema/%.pb-c.o)
GEN_STAMP := $(B)/gen/.made
$(GEN_STAMP): $(SCHEMAS)
	@mkdir -p $(B)/gen
	$(call say,PROTO,proto/schema)
	$(Q)protoc-c --proto_path=proto --c_out=$(B)/gen $(SCHEMAS)
	@touch $@
$(GEN_C): $(GEN_STAMP) ;
$(O)/gen/%.o: $(B)/gen/%.c $(GEN_STAMP)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(GEN_CFLAGS) -MMD -MP -I$(B)/gen -c $< -o $@

# --- the desk's pages, as C: adapters/desk/assets.h ----------------------------------------------
# The folder itself is among what they depend on: its time changes when a file comes or goes.
ASSETS := adapters/desk/web $(wildcard adapters/desk/web/*)
ASSETS_O := $(O)/gen/desk_assets.o
$(B)/gen/desk_assets.c: $(ASSETS) ops/build/assets $(GEN_STAMP)
	$(call say,PAGES,adapters/desk/web)
	$(Q)ops/build/assets adapters/desk/web >$@.new && mv $@.new $@
$(ASSETS_O): $(B)/gen/desk_assets.c adapters/desk/assets.h
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(GEN_CFLAGS) -I. -c $< -o $@

# --- objects -----------------------------------------------------------------------------------
# $(call room_of,ROOM,SOURCES): these sources are compiled, and linted, in this room.
define room_of
ifneq ($(2),)
$(2:%.c=$(O)/obj/%.o) $(2:%.c=$(O)/lint/%.ok): ROOM := $(1)
$(2:%.c=$(O)/obj/%.o) $(2:%.c=$(O)/lint/%.ok): $(B)/rooms/$(1)/.made $(GEN_STAMP)
ALL_SRC += $(2)
endif
endef
INCLUDES = -I$(B)/rooms/$(ROOM) -isystem $(B)/gen
$(O)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(OUR_CFLAGS) -MMD -MP $(INCLUDES) -c $< -o $@

# --- libraries: every .c of a room but the programs' main files ----------------------------------
# $(call library,NAME,ROOM,FOLDERS[,MORE OBJECTS]). NAME.list changes when a source comes or goes,
# so that an archive never keeps the object of a source that was removed.
find_c = $(if $(wildcard $(1)),$(sort $(shell find $(wildcard $(1)) -name "*.c" ! -name "*main.c")))
define library
$(1)_SRC := $(call find_c,$(3))
$$(eval $$(call room_of,$(2),$$($(1)_SRC)))
$(O)/lib$(1).list: SOURCES = $$($(1)_SRC)
$(O)/lib$(1).a: $$($(1)_SRC:%.c=$(O)/obj/%.o) $(4) $(O)/lib$(1).list
	$$(call say,AR,$$@)
	@rm -f $$@
	$(Q)ar rcs $$@ $$(filter %.o,$$^)
ALL_LIBS += $(O)/lib$(1).a
endef
$(O)/lib%.list: always
	@mkdir -p $(@D)
	@echo '$(SOURCES)' | cmp -s - $@ || echo '$(SOURCES)' >$@
$(eval $(call library,proto,proto,proto,$(GEN_O)))
$(eval $(call library,routing,routing,routing))
$(eval $(call library,custody,custody,gateway/custody))
$(eval $(call library,gateway-core,gateway-core,gateway/core gateway/port))
$(eval $(call library,store,gateway-store,gateway/store))
$(eval $(call library,workers,gateway-workers,gateway/workers))
$(eval $(call library,api,gateway-api,gateway/api))
$(eval $(call library,operators,gateway-operators,gateway/operators))
$(eval $(call library,gateway-shell,gateway-shell,gateway/shell))
$(eval $(call library,adapter-core,adapters-core,adapters/core))
$(eval $(call library,adapter,adapters,$(filter-out adapters/core,$(wildcard adapters/*)),$(ASSETS_O)))
$(eval $(call library,ops,ops,ops))
$(eval $(call library,standins,standins,tests/standins))
# What people run needs no more than this; tests need what follows as well.
PRODUCT_LIBS := $(ALL_LIBS)
$(eval $(call library,sim,tests,tests/sim tests/support tests/bench tests/hostile))

# --- programs: one main file each, linked with what it uses of the libraries --------------------
# $(call program,FILE UNDER $(O),ROOM,MAIN[,MORE LIBRARIES])
libs_of = $(if $(filter tests,$(1)),$(ALL_LIBS),$(PRODUCT_LIBS))
define program
$$(eval $$(call room_of,$(2),$(3)))
$(O)/$(1): $(O)/obj/$(3:.c=.o) $(call libs_of,$(2))
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)
	$(Q)$$(LINK) -o $$@ $$< -Wl,--start-group $(call libs_of,$(2)) -Wl,--end-group $(4) $$(LIBS)
PROGRAMS += $(O)/$(1)
endef
$(eval $(call program,bin/lienthong-gateway,gateway-shell,gateway/shell/main.c))
$(eval $(call program,bin/lienthong-adapter,adapters,adapters/shell/main.c))
$(eval $(call program,bin/lienthong-carrier,adapters,adapters/carrier/main.c))
$(eval $(call program,bin/lienthong-desk,adapters,adapters/desk/main.c))
$(eval $(call program,bin/lienthong,ops,ops/cli/main.c))
$(eval $(call program,bin/lienthong-sandbox-office,standins,tests/standins/office/office_main.c))
$(eval $(call program,bin/lienthong-sandbox-desk,standins,tests/standins/desk/desk_main.c))
$(eval $(call program,bin/lienthong-sandbox-portal,standins,tests/standins/portal/portal_main.c))

# --- tests: one cmocka program per file; fuzz targets, each with the main that replays a corpus --
TEST_SRC := $(sort $(wildcard tests/unit/t_*.c tests/contract/t_*.c))
TEST_BIN := $(TEST_SRC:tests/%.c=$(O)/tests/%)
$(eval $(call room_of,tests,$(TEST_SRC)))
$(TEST_BIN): $(O)/tests/%: $(O)/obj/tests/%.o $(ALL_LIBS)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $< -Wl,--start-group $(ALL_LIBS) -Wl,--end-group -lcmocka $(LIBS)

# Its allocations fail: tests/support/failing_memory.h.
$(O)/tests/unit/t_torture_memory: LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BIN := $(FUZZ_SRC:tests/%.c=$(O)/tests/%)
FUZZ_MAIN := $(if $(filter fuzz,$(VARIANT)),,$(O)/obj/tests/fuzz/replay_main.o)
$(eval $(call room_of,tests,$(FUZZ_SRC) $(wildcard tests/fuzz/replay_main.c)))
$(FUZZ_BIN): $(O)/tests/%: $(O)/obj/tests/%.o $(FUZZ_MAIN) $(ALL_LIBS)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(LINK) $(if $(FUZZ_MAIN),,-fsanitize=fuzzer) -o $@ $< $(FUZZ_MAIN) -Wl,--start-group $(ALL_LIBS) -Wl,--end-group $(LIBS)

# Programs that system tests drive: tests/support/NAME_main.c becomes build/tests/support/NAME.
SUPPORT_MAIN := $(sort $(wildcard tests/support/*_main.c))
SUPPORT_PROGRAMS := $(SUPPORT_MAIN:tests/%_main.c=$(O)/tests/%)
$(foreach main,$(SUPPORT_MAIN),$(eval $(call program,$(main:%_main.c=%),tests,$(main))))
# The simulator.
$(eval $(call program,tests/sim/sim,tests,tests/sim/sim_main.c))
SUPPORT_PROGRAMS += $(O)/tests/sim/sim
# The attackers, and who is at work beside them.
$(eval $(call program,tests/hostile/hostile,tests,tests/hostile/hostile_main.c))
SUPPORT_PROGRAMS += $(O)/tests/hostile/hostile
PROGRAMS := $(filter-out $(SUPPORT_PROGRAMS),$(PROGRAMS))

# Benchmarks: tests/bench/NAME_main.c becomes build/bench/bin/NAME.
LIBS_rabbitmq := -lrabbitmq
LIBS_nats := -lnats
BENCH_MAIN := $(sort $(wildcard tests/bench/*_main.c))
BENCH_PROGRAMS := $(BENCH_MAIN:tests/bench/%_main.c=$(O)/bench/bin/%)
$(foreach main,$(BENCH_MAIN),$(eval $(call program,bench/bin/$(notdir $(main:%_main.c=%)),tests,$(main),$(LIBS_$(notdir $(main:%_main.c=%))))))
PROGRAMS := $(filter-out $(BENCH_PROGRAMS),$(PROGRAMS))

.PHONY: all libs tests-bin clean always
.DEFAULT_GOAL := all
all: $(PROGRAMS)
libs: $(ALL_LIBS)
tests-bin: $(TEST_BIN) $(if $(filter fuzz,$(VARIANT)),,$(FUZZ_BIN)) $(SUPPORT_PROGRAMS)
fuzz-bin: $(FUZZ_BIN)
bench-bin: $(BENCH_PROGRAMS) all
clean:
	rm -rf $(B)
always: ;

.SECONDARY:
-include $(ALL_SRC:%.c=$(O)/obj/%.d) $(GEN_O:.o=.d)
