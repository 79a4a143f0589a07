# Liên Thông. `make run` and `make test` are all the set-up there is; `make help` lists the rest.
include ops/build/rules.mk
include ops/build/targets.mk
