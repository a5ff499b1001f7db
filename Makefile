# SPDX-License-Identifier: Apache-2.0
# A thin front for Meson and the scripts; `make` alone lists what there is.

SHELL := /bin/bash
BUILD := build
DEBUG := build-debug
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
PACKAGES = PKG_CONFIG_PATH="$$(scripts/librdkafka)$${PKG_CONFIG_PATH:+:$$PKG_CONFIG_PATH}"
SOURCES = $(shell git ls-files --cached --others --exclude-standard 'src/*.[ch]' 'test/*.[ch]')

.DEFAULT_GOAL := help
.PHONY: help build debug demo demo-down test unit integration check bench soak fmt lint layers coverage fuzz golden install clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build the program into build/ (installs what that needs)
	@scripts/setup --build
	@test -f $(BUILD)/build.ninja || $(PACKAGES) meson setup $(BUILD) --buildtype=release -Db_lto=false >/dev/null
	@ninja -C $(BUILD) -j $(JOBS) --quiet src/cli/sluice
	@echo "built $(BUILD)/src/cli/sluice"

debug: ## build program and tests with the address and undefined-behaviour sanitizers into build-debug/
	@scripts/setup --test
	@test -f $(DEBUG)/build.ninja || $(PACKAGES) meson setup $(DEBUG) --buildtype=debug --optimization=1 -Db_sanitize=address,undefined >/dev/null
	@ninja -C $(DEBUG) -j $(JOBS) --quiet

demo: ## continuous delivery, from push to prod and from REST to REST, on real Git, Maven, Kafka and Connect
	@scripts/setup --demo
	@$(MAKE) --no-print-directory build
	@examples/demo/demo up

demo-down: ## end the demo and remove what it made
	@examples/demo/demo down

test: ## run all tests, on a real Kafka, Connect, Maven repository and Git
	@$(MAKE) --no-print-directory debug
	@scripts/test all

unit: debug ## run the unit tests
	@scripts/test unit

integration: debug ## run the tests on real servers
	@scripts/test integration

check: debug layers ## format, layers and unit tests: under two minutes, before each commit
	@clang-format --dry-run --Werror $(SOURCES)
	@scripts/test unit

bench: ## print speed and memory as ratios against a reference in the same run
	@scripts/setup --test
	@$(MAKE) --no-print-directory build
	@/usr/bin/python3 test/bench/bench.py $(BUILD)/src/cli/sluice

soak: debug ## change, kill and apply again and again for MINUTES (10) and look for what is left behind
	@/usr/bin/python3 test/integration/soak.py --minutes $${MINUTES:-10}

fmt: ## format the C code
	@clang-format -i $(SOURCES)

lint: debug layers ## format check, clang-tidy, and the page's types
	@clang-format --dry-run --Werror $(SOURCES)
	@run-clang-tidy -quiet -j $(JOBS) -p $(DEBUG) '/src/' > $(DEBUG)/clang-tidy.log 2>&1 \
	  || { grep -E 'warning:|error:' $(DEBUG)/clang-tidy.log | sort -u; exit 1; }
	@echo "clang-tidy: clean"
	@tsc --noEmit -p web && echo "tsc: clean"

layers: ## hold the #includes to the order of the folders
	@/usr/bin/python3 test/layers.py

coverage: ## line coverage of the unit tests, as a table
	@scripts/setup --test
	@test -f build-coverage/build.ninja || $(PACKAGES) meson setup build-coverage -Db_coverage=true >/dev/null
	@meson test -C build-coverage --quiet
	@gcovr --root . --filter src/ build-coverage

fuzz: ## run every fuzz target for SECONDS (60) with libFuzzer
	@scripts/setup --test
	@test -f build-fuzz/build.ninja || CC=clang $(PACKAGES) meson setup build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false >/dev/null
	@ninja -C build-fuzz fuzz-targets
	@scripts/fuzz $(or $(SECONDS),60)

golden: debug ## rewrite the golden files of messages, plans and help from what the program says now
	@UPDATE_GOLDEN=1 scripts/test unit
	@UPDATE_GOLDEN=1 scripts/test cli

install: build ## install under PREFIX (/usr/local)
	@meson install -C $(BUILD) --no-rebuild --destdir "$(DESTDIR)"

clean: ## remove what was built
	@rm -rf build build-debug build-coverage build-fuzz
