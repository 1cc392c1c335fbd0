# SPDX-License-Identifier: BSD-3-Clause
# The two commands: `make run` serves a volume on NVMe/TCP, `make check` runs all tests.
# Meson does the work; `meson setup build && ninja -C build` is the same as `make`.

BUILD ?= build
MESON_ARGS ?=
NINJA ?= ninja
DATA ?= volume.img
JOBS ?= $(shell nproc)

.PHONY: all run check check-arm64 check-tsan bench noop soak prefix install uninstall deb clean format deps-build deps-test

all: $(BUILD)/build.ninja
	@$(NINJA) -C $(BUILD) -j $(JOBS)

$(BUILD)/build.ninja:
	@command -v meson >/dev/null || scripts/pkgdep.sh --hint build
	@meson setup $(BUILD) $(MESON_ARGS) || { scripts/pkgdep.sh --hint build; exit 1; }

deps-build:
	@scripts/pkgdep.sh build

deps-test:
	@scripts/pkgdep.sh build test

run: deps-build
	@$(MAKE) --no-print-directory all
	@scripts/run.sh $(BUILD) $(DATA)

check: deps-test
	@$(MAKE) --no-print-directory all
	@scripts/check.py $(BUILD)

# Races: what has threads, in a build of its own.
check-tsan: deps-test
	@[ -d build-tsan ] || meson setup build-tsan -Db_sanitize=thread -Db_lundef=false
	@$(NINJA) -C build-tsan -j $(JOBS)
	@test/tsan/run.py build-tsan

bench: deps-test
	@test/bench/bench.py

# No public function is hollow: those of the library, then the inline ones of the headers, which have
# code of their own only in a build without optimisation.
noop: deps-test
	@$(MAKE) --no-print-directory all
	@test/compat/noop/noop.py $(BUILD)
	@test/compat/noop/noop.py $(BUILD) --value 1
	@[ -d build-inline ] || meson setup build-inline -Doptimization=0 -Dc_args=-falign-functions=16
	@$(NINJA) -C build-inline -j $(JOBS)
	@test/compat/noop/noop.py build-inline --inline
	@test/compat/noop/noop.py build-inline --inline --value 1

# Cross-build for arm64 and its unit tests under qemu-user.
check-arm64: deps-build
	@JOBS=$(JOBS) test/arm64/check.sh

soak: deps-test
	@$(MAKE) --no-print-directory all
	@test/soak/soak.py --build $(BUILD)

# PREFIX=/usr DESTDIR=/tmp/stage make install; without PREFIX it is the one of the last time, at
# first /usr/local.
prefix: $(BUILD)/build.ninja
	@[ -z "$(PREFIX)" ] || scripts/set_prefix.py $(BUILD) $(PREFIX)

install: prefix
	@$(MAKE) --no-print-directory all
	@meson install -C $(BUILD) --no-rebuild --quiet $(if $(DESTDIR),--destdir "$(DESTDIR)")
	@cp $(BUILD)/meson-logs/install-log.txt $(BUILD)/installed.txt

uninstall:
	@scripts/uninstall.py $(BUILD)

deb: all
	@packaging/debian/build.py --build $(BUILD) --out $(BUILD)/deb && ls $(BUILD)/deb

format:
	@git ls-files '*.c' '*.h' | grep -v -e queue_extras.h | xargs clang-format -i

clean:
	@rm -rf $(BUILD)
