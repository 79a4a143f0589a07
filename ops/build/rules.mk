# How the project is built. A room is a folder of the table in README.md; it is compiled with
# an include root of its own (build/rooms/ROOM: symbolic links to what its row allows), so that an
# include that the row forbids does not compile.
#
# VARIANT=asan builds everything again under build/asan with AddressSanitizer and UBSan.

comma := ,
B := build
O := $(B)$(if $(VARIANT),/$(VARIANT))
CC ?= gcc
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
SANITIZE := $(if $(filter asan,$(VARIANT)),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
OUR_CFLAGS := -std=gnu17 $(WARNINGS) -fstack-protector-strong -D_GNU_SOURCE -pthread $(CFLAGS) $(SANITIZE) $(EXTRA_CFLAGS) -MMD -MP
GEN_CFLAGS := -std=gnu17 -pthread $(CFLAGS) $(SANITIZE) $(EXTRA_CFLAGS) -MMD -MP
LIBS := -lzmq -lprotobuf-c -lcurl -lssl -lcrypto -lsqlite3 -lmicrohttpd -ljansson -lcyaml -lyaml -ljq -lm -ldl -pthread

# --- rooms: ROOM_<name> = what its include root holds -----------------------------------------
ROOMS := proto routing gateway-core gateway-store gateway-shell adapters-core adapters ops tests
ROOM_proto         := proto
ROOM_routing       := proto routing
ROOM_gateway-core  := proto routing gateway/core gateway/port
ROOM_gateway-store := proto routing gateway/port gateway/store
ROOM_gateway-shell := proto routing gateway
ROOM_adapters-core := proto routing gateway/port gateway/store adapters/core
ROOM_adapters      := proto routing gateway/port gateway/store adapters
ROOM_ops           := proto routing gateway adapters ops
ROOM_tests         := proto routing gateway adapters ops tests

ROOM_STAMPS := $(ROOMS:%=$(B)/rooms/%/.made)
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
	protoc-c --proto_path=proto --c_out=$(B)/gen $(SCHEMAS)
	@touch $@
$(GEN_C): $(GEN_STAMP) ;
$(O)/gen/%.o: $(B)/gen/%.c $(GEN_STAMP)
	@mkdir -p $(@D)
	$(CC) $(GEN_CFLAGS) -I$(B)/gen -c $< -o $@

# --- libraries: every .c of a room but the programs' main files ----------------------------------
# $(call library,NAME,ROOM,FOLDERS)
find_c = $(if $(wildcard $(1)),$(sort $(shell find $(wildcard $(1)) -name "*.c" ! -name "*main.c")))
define library
$(1)_SRC := $(call find_c,$(3))
$(1)_OBJ := $$($(1)_SRC:%.c=$(O)/obj/%.o)
$$($(1)_OBJ): ROOM := $(2)
$$($(1)_OBJ): $(B)/rooms/$(2)/.made $(GEN_STAMP)
$(O)/lib$(1).a: $$($(1)_OBJ) $(4)
	@rm -f $$@
	@ar rcs $$@ $$^
ALL_LIBS += $(O)/lib$(1).a
ALL_OBJ += $$($(1)_OBJ)
endef
$(eval $(call library,proto,proto,proto,$(GEN_O)))
$(eval $(call library,routing,routing,routing))
$(eval $(call library,gateway-core,gateway-core,gateway/core gateway/port))
$(eval $(call library,store,gateway-store,gateway/store))
$(eval $(call library,gateway-shell,gateway-shell,gateway/shell))
$(eval $(call library,adapter-core,adapters-core,adapters/core))
$(eval $(call library,adapter,adapters,$(filter-out adapters/core,$(wildcard adapters/*))))
$(eval $(call library,ops,ops,ops))
$(eval $(call library,sim,tests,tests/sim))

$(O)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(OUR_CFLAGS) -I$(B)/rooms/$(ROOM) -isystem $(B)/gen -c $< -o $@

# --- programs: FOLDER/main.c --------------------------------------------------------------------
# $(call program,NAME,ROOM,MAIN)
define program
$(O)/obj/$(3:.c=.o): ROOM := $(2)
$(O)/obj/$(3:.c=.o): $(B)/rooms/$(2)/.made $(GEN_STAMP)
$(O)/bin/$(1): $(O)/obj/$(3:.c=.o) $$(ALL_LIBS)
	@mkdir -p $$(@D)
	$(CC) $(CFLAGS) $(SANITIZE) -o $$@ $$< -Wl,--start-group $$(ALL_LIBS) -Wl,--end-group $(LIBS)
PROGRAMS += $(O)/bin/$(1)
ALL_OBJ += $(O)/obj/$(3:.c=.o)
endef
ifneq ($(wildcard gateway/shell/main.c),)
$(eval $(call program,lienthong-gateway,gateway-shell,gateway/shell/main.c))
endif
ifneq ($(wildcard adapters/shell/main.c),)
$(eval $(call program,lienthong-adapter,adapters,adapters/shell/main.c))
endif
ifneq ($(wildcard ops/cli/main.c),)
$(eval $(call program,lienthong,ops,ops/cli/main.c))
endif
ifneq ($(wildcard ops/sandbox/office_main.c),)
$(eval $(call program,lienthong-sandbox-office,ops,ops/sandbox/office_main.c))
endif

# --- tests: tests/unit/t_*.c and tests/contract/t_*.c, one program each (cmocka) ---------------
TEST_SRC := $(sort $(wildcard tests/unit/t_*.c tests/contract/t_*.c))
TEST_BIN := $(TEST_SRC:tests/%.c=$(O)/tests/%)
TEST_OBJ := $(TEST_SRC:%.c=$(O)/obj/%.o)
$(TEST_OBJ): ROOM := tests
$(TEST_OBJ): $(B)/rooms/tests/.made $(GEN_STAMP)
ALL_OBJ += $(TEST_OBJ)
$(O)/tests/%: $(O)/obj/tests/%.o $(ALL_LIBS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(SANITIZE) -o $@ $< -Wl,--start-group $(ALL_LIBS) -Wl,--end-group $(LIBS) -lcmocka

.PHONY: all libs tests-bin clean
.DEFAULT_GOAL := all
all: $(PROGRAMS)
libs: $(ALL_LIBS)
tests-bin: $(TEST_BIN)
clean:
	rm -rf $(B)

.SECONDARY:
-include $(ALL_OBJ:.o=.d) $(GEN_O:.o=.d)
