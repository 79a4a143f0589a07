# Liên Thông. `make run` and `make test` are all the set-up there is.
include ops/build/rules.mk
