# `make help` lists what can be made. Objects go to $(BUILD); header dependencies are followed by -MMD.

all: s2d

PREFIX  = /usr/local
BUILD   = build
CC      = gcc
CLANG   = clang
OPT     = -O3 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
FUZZ_SECONDS = 20
CHECK_MODEL  = smollm2-135m
CHAT_MODELS  = qwen2.5-coder-0.5b qwen2.5-coder-1.5b

# WERROR=-Werror is CI's: what another compiler warns of must not keep a user from building.
CFLAGS  = -I. $(OPT) -g -std=c11 -D_GNU_SOURCE -Wall -Wextra $(WERROR) -ffp-contract=off \
          -fstack-protector-strong -fPIE
LDFLAGS = -pie -Wl,-z,relro,-z,now
LDLIBS  = -lncursesw -lreadline -lcyaml -lyaml -ljansson -lcurl -lunistring -lnettle -lzip -lpthread -lm

# Debian's names of what the build needs, and of what lint and fuzz need on top.
PACKAGES     = gcc libc6-dev make ca-certificates libncurses-dev libreadline-dev libcyaml-dev libyaml-dev \
               libjansson-dev libcurl4-openssl-dev libunistring-dev nettle-dev libzip-dev \
               libcmocka-dev tmux
DEV_PACKAGES = clang libclang-rt-dev clang-format cppcheck mandoc python3-pip

# CUDA=1 builds the CUDA backend (nvcc is needed to build, nothing to run), 0 does not, auto looks for
# nvcc. CUDA_ARCH: the devices that the program carries code for, of those that nvcc knows; a driver
# compiles the PTX of the last one for younger devices. One alone builds fastest: CUDA_ARCH=90.
CUDA      = auto
CUDA_ARCH = $(filter 80 86 89 90 100,$(patsubst compute_%,%,$(shell $(NVCC) --list-gpu-arch)))
NVCC     := $(firstword $(wildcard $(shell command -v nvcc 2>/dev/null) /usr/local/cuda/bin/nvcc))
CUDA_ON  := $(if $(filter auto,$(CUDA)),$(if $(NVCC),1,0),$(CUDA))
CUDA_SRC  = kernels/cuda/driver.c kernels/cuda/blas.c kernels/cuda/image.c
IMAGE     = $(BUILD)/kernels/cuda/kernels.fatbin

# One binary for every x86-64: only these files use newer instructions, behind a check at run time.
# -ffp-contract=off everywhere: scalar and vector paths must round alike.
SRC    = $(sort $(shell find app engine kernels ui -name '*.c'))
VECTOR = $(filter %_avx2.c %_avx512.c,$(SRC))
ifeq ($(filter x86_64 amd64,$(shell uname -m)),)
SRC   := $(filter-out $(VECTOR),$(SRC))
endif
ifeq ($(CUDA_ON),1)
$(BUILD)/kernels/kernels.o: CFLAGS += -DS2D_CUDA
$(CUDA_SRC:%.c=$(BUILD)/%.o): CFLAGS += -isystem $(NVCC:%/bin/nvcc=%)/include -DCUDA_IMAGE='"$(IMAGE)"'
$(BUILD)/kernels/cuda/image.o: $(IMAGE)
else
SRC   := $(filter-out $(CUDA_SRC),$(SRC))
endif
$(BUILD)/kernels/%.o: CFLAGS += $(KERNEL_OPT)
$(BUILD)/kernels/%_avx2.o: CFLAGS += -mavx2 -mfma -mf16c
$(BUILD)/kernels/%_avx512.o: CFLAGS += -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vnni -mfma -mf16c
$(BUILD)/kernels/train/train_bf16_avx512.o: CFLAGS += -mavx512bf16
$(BUILD)/kernels/train/train_amx_avx512.o: CFLAGS += -mavx512bf16 -mamx-tile -mamx-bf16
$(BUILD)/kernels/cpu/isa_amx_avx512.o: CFLAGS += -mamx-tile -mamx-int8

OBJ     = $(SRC:%.c=$(BUILD)/%.o)
LIB_OBJ = $(filter-out $(BUILD)/app/main.o,$(OBJ))

# tests/unit: a program for each subject, in the rooms of what it tests. tests/fuzz: fuzz_*.c are targets,
# make_*.c fill a folder with inputs for the target of that name. tests/support helps them all. The
# programs are all in $(BUILD)/tests.
PROGRAMS  = $(basename $(sort $(shell find tests/unit -name 'test_*.c') $(wildcard tests/fuzz/*.c)))
in_build  = $(addprefix $(BUILD)/tests/,$(notdir $(filter $1,$(PROGRAMS))))
TESTS     = $(call in_build,tests/unit/%)
REPLAYS   = $(filter-out %/fuzz_main,$(call in_build,tests/fuzz/fuzz_%))
MAKERS    = $(call in_build,tests/fuzz/make_%)
HELP_OBJ  = $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(DEVICE_SRC) $(FAIL_SRC),$(wildcard tests/support/*.c)))
DEVICE_SRC   = tests/support/cuda_device.c
FAIL_SRC     = tests/support/fail.c
DEVICE_TESTS = $(patsubst $(BUILD)/tests/%,$(BUILD)/tests/device/%,$(filter %/tests/test_cuda_%,$(TESTS)))

LINT_SRC = $(shell find app engine kernels ui tests -name '*.[ch]' -o -name '*.cu')
MAN      = $(wildcard man/*.1 man/*.5)

s2d: $(BUILD)/s2d
	@cp -f $< $@
$(BUILD)/s2d: $(OBJ)
	@echo link $@
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo cc $<
	@$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# The device's code: multiplications and additions are fused only where the source says so.
$(IMAGE): kernels/cuda/kernels.cu $(wildcard kernels/*.h kernels/*.def kernels/cuda/*.h kernels/cuda/device/*.h) Makefile
	@mkdir -p $(@D)
	@echo nvcc $<
	@$(NVCC) -I. -fatbin -t 0 -O3 -fmad=false -Xfatbin -compress-all $(foreach a,$(CUDA_ARCH),-gencode \
	  arch=compute_$a,code=sm_$a) -gencode arch=compute_$(lastword $(CUDA_ARCH)),code=compute_$(lastword \
	  $(CUDA_ARCH)) -o $@ $<

# The demo that ships is part of the program.
$(BUILD)/app/demo/shipped.o: app/demo/demo.yaml app/demo/demo.jsonl

# What a test program takes what it needs from: all but main, and the helpers.
$(BUILD)/tests/all.a: $(LIB_OBJ) $(HELP_OBJ)
	@rm -f $@ && ar rcs $@ $^

$(foreach p,$(PROGRAMS),$(eval $(call in_build,$p) $(BUILD)/tests/device/$(notdir $p): $(BUILD)/$p.o))
$(TESTS) $(MAKERS) $(REPLAYS) $(DEVICE_TESTS): $(BUILD)/tests/all.a
	@mkdir -p $(@D)
	@echo link $@
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(BUILD)/tests/all.a $(LDLIBS) -lcmocka
$(REPLAYS): $(BUILD)/tests/fuzz/fuzz_main.o
# They run the program itself, with a library that makes calls fail.
$(BUILD)/tests/test_failures $(BUILD)/tests/test_failures_pull $(BUILD)/tests/test_failures_worker \
  $(BUILD)/tests/test_draft_import $(BUILD)/tests/test_chat_killed: \
  | $(BUILD)/s2d $(BUILD)/tests/fail.so
$(BUILD)/tests/fail.so: $(FAIL_SRC) Makefile
	@mkdir -p $(@D)
	@echo cc $<
	@$(CC) $(CFLAGS) -fno-sanitize=all -U_FORTIFY_SOURCE -fPIC -shared -o $@ $<
# The same tests, with a device in the place of the one that the host plays.
$(DEVICE_TESTS): $(DEVICE_SRC:%.c=$(BUILD)/%.o)
tests: s2d $(TESTS) $(REPLAYS) $(MAKERS)

# Shows the command, then runs it as root or after a yes (YES=1 is one).
deps-dev: PACKAGES += $(DEV_PACKAGES)
deps deps-dev:
	@command -v apt-get >/dev/null || { \
	  echo "Not a Debian system: install a C compiler, make, and the development files of ncursesw,"; \
	  echo "readline, libcyaml, jansson, libcurl, libunistring, nettle, libzip, cmocka; tmux."; exit 0; }; \
	missing=$$(for p in $(PACKAGES); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | \
	  grep -q 'ok installed' || printf ' %s' $$p; done); \
	test -n "$$missing" || exit 0; \
	test $$(id -u) = 0 && sudo= || sudo=sudo; \
	echo $$sudo apt-get install -y --no-install-recommends $$missing; \
	if [ -n "$$sudo" ] && [ "$(YES)" != 1 ]; then \
	  printf 'Run this? [y/N] '; read answer; test "$$answer" = y || exit 1; fi; \
	$$sudo apt-get -q update && \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $$missing

chat: deps
	@$(MAKE) --no-print-directory s2d
	@./s2d pull $(if $(filter 1,$(YES)),,--ask) $(CHAT_MODELS)
	@./s2d chat

check: deps
	@$(MAKE) --no-print-directory tests
	@sh tests/run.sh $(BUILD) $(CHECK_MODEL) $(TESTS) $(REPLAYS)

# The same tests under AddressSanitizer and UndefinedBehaviorSanitizer, whose checks mislead gcc about
# what may be uninitialised, and with which following variables through inlined loops takes it minutes.
asan: deps
	@$(MAKE) --no-print-directory CUDA=0 BUILD=build-asan OPT="-O1 -fno-omit-frame-pointer -fno-var-tracking \
	  -fsanitize=address,undefined -fno-sanitize-recover=all -Wno-maybe-uninitialized" sanitised-tests
sanitised-tests: $(TESTS) $(REPLAYS) $(MAKERS)
	@sh tests/run.sh $(BUILD) "" $(TESTS) $(REPLAYS)

# Both skip where there is no device.
cuda-check: deps
	@$(MAKE) --no-print-directory s2d $(DEVICE_TESTS)
	@sh tests/cuda.sh check $(BUILD) $(DEVICE_TESTS)
cuda-bench: s2d
	@sh tests/cuda.sh bench

# libFuzzer on every target; what it finds new stays in build-fuzz/corpus. It is not told what the loops
# of arithmetic compare, which would take most of the time.
fuzz:
	@$(MAKE) --no-print-directory CUDA=0 BUILD=build-fuzz CC=$(CLANG) OPT="-O1 -fno-omit-frame-pointer \
	  -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all" \
	  KERNEL_OPT="-O2 -fno-sanitize-coverage=trace-cmp" fuzz-targets
fuzz-targets: $(REPLAYS:$(BUILD)/tests/%=$(BUILD)/libfuzzer/%) $(MAKERS)
	@sh tests/fuzz/fuzz.sh $(BUILD) $(FUZZ_SECONDS) $(filter $(BUILD)/libfuzzer/%,$^)
$(BUILD)/libfuzzer/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/tests/all.a
	@mkdir -p $(@D)
	@echo link $@
	@$(CC) $(CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

bench: s2d
	./s2d bench verify
	$(if $(QUESTIONS),./s2d bench spec --questions $(QUESTIONS))

lint: $(OBJ)
	clang-format --dry-run -Werror $(LINT_SRC)
	cppcheck -I. --quiet --error-exitcode=1 --std=c11 --language=c --enable=warning,portability \
	  --suppressions-list=tests/cppcheck.txt -D__x86_64__ -D_GNU_SOURCE -j2 app engine kernels ui
	mandoc -Tlint -W warning $(MAN)
	sh tests/lint_rooms.sh $(BUILD)

format:
	clang-format -i $(LINT_SRC)

install: s2d
	install -D -m 755 s2d $(DESTDIR)$(PREFIX)/bin/s2d
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/s2d/profiles profiles/*.yaml profiles/*.ids $(wildcard profiles/*.gguf)
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 man/*.1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man5 man/*.5
	install -D -m 644 app/completion.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/s2d

clean:
	rm -rf build build-asan build-fuzz s2d

help:
	@echo "make            build ./s2d"
	@echo "make chat       install what is missing, build, fetch the default models, chat"
	@echo "make check      install what is missing, build and pass all tests"
	@echo "make asan       the tests under AddressSanitizer and UBSan"
	@echo "make fuzz       libFuzzer, FUZZ_SECONDS=$(FUZZ_SECONDS) a target"
	@echo "make bench      what this machine does; QUESTIONS=FILE compares ways of drafting"
	@echo "make cuda-check the CUDA backend's tests on a device; cuda-bench measures it"
	@echo "make lint       clang-format, cppcheck, mandoc, rooms (tests/lint_rooms.sh); make format formats"
	@echo "make install    to PREFIX=$(PREFIX) below DESTDIR"
	@echo "make deps       Debian packages to build and test; deps-dev: for lint and fuzz too"
	@echo "YES=1 answers yes to every question."

.PHONY: all tests deps deps-dev chat check cuda-check cuda-bench asan sanitised-tests fuzz fuzz-targets bench lint format \
        install clean help
-include $(OBJ:.o=.d) $(PROGRAMS:%=$(BUILD)/%.d) $(HELP_OBJ:.o=.d)
