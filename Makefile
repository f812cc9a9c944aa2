# 엄빠도 어렸다: set-up, build, run and test with plain commands (cargo-leptos is not needed).
# Everything made is a file below target/ or end2end/node_modules, so a second run redoes only what changed.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.SUFFIXES:
MAKEFLAGS += --no-print-directory

# Where the assets go and how the browser half is compiled. `make dev` sets SITE=target/dev-site PROFILE=dev.
SITE := target/site
PROFILE := wasm-release

# The one number of wasm-bindgen: the crate in Cargo.toml and the tool must agree to the patch.
BINDGEN_VERSION := $(shell sed -n 's/^wasm-bindgen = .*"=\([0-9.]*\)".*/\1/p' Cargo.toml)
BINDGEN := target/tools/bin/wasm-bindgen

WASM_TARGET := wasm32-unknown-unknown
FRONT := target/front/$(WASM_TARGET)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))
WORK := target/bindgen/$(PROFILE)
STAMPS := target/stamps
FONT_VENV := target/tools/font-venv

# The build takes esbuild, wasm-opt and the bundler of style sheets from npm: without npm there is no build.
NODE_MODULES := end2end/node_modules/.package-lock.json
# `server_fn` brings `wasm-streams`, whose exported classes keep code alive that nobody calls: they are left out here and
# in the bindings.
WASM_OPT := end2end/node_modules/.bin/wasm-opt --remove-exports='*intounderlying*' -Os -Oz --converge --strip-producers --enable-bulk-memory --enable-nontrapping-float-to-int \
	--enable-reference-types --enable-sign-ext --enable-mutable-globals
SHRINK := $(if $(filter dev,$(PROFILE)),,yes)
# The server sends the compressed file where there is one, so whatever makes a file makes that one anew.
COMPRESS = $(if $(SHRINK),node .ci/compress.mjs $(SITE))
# wasm-bindgen names a module once for each function that it imports from it, which esbuild calls a duplicate key.
ESBUILD := end2end/node_modules/.bin/esbuild --bundle --target=es2022 --charset=utf8 --log-level=warning \
	--log-override:duplicate-object-key=silent \
	$(if $(SHRINK),--minify)

PUBLIC := $(STAMPS)/public-$(notdir $(SITE))
WORKER := $(SITE)/service-worker.js
PAGE_SCRIPTS := $(patsubst src/scripts/%.ts,$(SITE)/%.js,$(wildcard src/scripts/*.ts))
# Every folder with a tsconfig.json.
TYPED := src/worker src/client src/scripts end2end
# Prettier formats these (`.prettierrc.json`). It skips node_modules by itself.
PRETTIER := end2end/node_modules/.bin/prettier --log-level warn '{.ci,end2end,src}/**/*.{ts,mjs}'

export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1

##@ Every day
.PHONY: help run dev test test-long

help: ## this list
	@awk -F ':.*## ' '/^##@/ { print "\n" substr($$0, 5) } /^[a-z][a-z-]*:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

run: build ## set up, build both halves in release and serve http://localhost:3000
	@APP_ENV=development target/release/umbba serve

dev: tools ## serve a debug build; rebuild and reload on change
	@node .ci/dev.mjs

test: ## set up and run every check and test
	@.ci/test

test-long: ## the same with 1000 rounds of each random test
	@TEST_ROUNDS=1000 .ci/test

##@ Parts
.PHONY: build site css scripts server server-debug bench fmt fmt-check clippy types font tools interop clean wasm-target FORCE

build: site server ## target/release/umbba and target/site

# The npm packages first: without npm the build says so before it compiles for minutes.
site: $(NODE_MODULES) $(SITE)/pkg/umbba.js $(SITE)/pkg/umbba.wasm css scripts ## the browser half and the assets only
	@$(COMPRESS)

css: $(SITE)/pkg/umbba.css ## the style sheet only
	@$(COMPRESS)

scripts: $(WORKER) $(PAGE_SCRIPTS) ## the service worker and the scripts of pages without WASM only
	@$(COMPRESS)

server: ## the server half in release
	cargo build --release --bin umbba --features ssr

# The tests turn on more features of some crates, so Cargo would build the server a second time without them. Built
# together with a test, it is the one that the Rust tests start.
server-debug: ## the server half for tests
	cargo build --features ssr --bin umbba --test cli

bench: site ## build and run the benchmarks; BENCH="page push minute live" chooses, BENCH=nodes, minute:postgres or hold:19500 adds one
	@.ci/bench-setup
ifeq ($(BENCH),nodes)
	TEST_DATABASE=postgres NODES=large cargo test --release --features ssr --test crash nodes:: -- --nocapture
else
	cargo build --release --bin umbba-bench --features ssr
ifeq ($(BENCH),minute:postgres)
	@trap '.ci/postgres stop target/test/postgres-bench' EXIT; \
		BENCH_POSTGRES_URL=$$(POSTGRES_FSYNC=on .ci/postgres start target/test/postgres-bench) target/release/umbba-bench $(BENCH)
else
	@target/release/umbba-bench $(BENCH)
endif
endif

fmt: $(NODE_MODULES) ## format Rust, TypeScript and the Node scripts
	cargo fmt
	$(PRETTIER) --write

fmt-check: $(NODE_MODULES) ## fail where `make fmt` would change something
	cargo fmt --check
	$(PRETTIER) --check

clippy: | wasm-target ## clippy on both halves, warnings denied
	cargo clippy --features otlp --all-targets -- -D warnings
	cargo clippy --lib --target $(WASM_TARGET) --features hydrate --target-dir target/front -- -D warnings

types: $(NODE_MODULES) ## tsc --strict on every TypeScript project
	@for folder in $(TYPED); do end2end/node_modules/.bin/tsc --noEmit --project $$folder; done

font: $(STAMPS)/font-venv ## make the question font anew
	$(FONT_VENV)/bin/python end2end/font/make.py

tools: $(BINDGEN) $(NODE_MODULES) | wasm-target ## set-up alone: wasm target, wasm-bindgen, npm packages

clean: ## remove all that was built or set up (data/ stays)
	rm -rf target end2end/node_modules end2end/test-results end2end/playwright-report

# ---- set-up

wasm-target:
	@test -d "$$(rustc --print sysroot)/lib/rustlib/$(WASM_TARGET)/lib" || rustup target add $(WASM_TARGET)

# Asks the tool itself, so that neither a lost binary nor another version goes unnoticed. Not --locked: that lock
# file names crates by the day of its release.
$(BINDGEN): FORCE
	@test -n "$(BINDGEN_VERSION)" || { echo 'Cargo.toml names no exact wasm-bindgen version' >&2; exit 1; }
	@if ! "$@" --version 2>/dev/null | grep -qE '^wasm-bindgen $(subst .,\.,$(BINDGEN_VERSION))( |$$)'; then \
		echo 'Installing wasm-bindgen $(BINDGEN_VERSION) into target/tools (once, a few minutes)'; \
		cargo install wasm-bindgen-cli --version $(BINDGEN_VERSION) --root target/tools --target-dir target/tools/build --force; \
		rm -rf target/tools/build; \
		touch "$@"; \
	fi

end2end/node_modules/.package-lock.json: end2end/package.json end2end/package-lock.json
	@command -v npm >/dev/null || { echo 'Please install Node 20 or newer with npm: the build needs it.' >&2; exit 1; }
	@echo 'Installing the npm packages of end2end'
	@cd end2end && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(STAMPS)/font-venv: Makefile
	python3 -m venv $(FONT_VENV)
	$(FONT_VENV)/bin/pip install --quiet --disable-pip-version-check fonttools==4.68.0 brotli==1.2.1
	@mkdir -p $(@D) && touch $@

# The tests' second opinion on our pushes; a folder of its own, so that it can be made anew.
$(STAMPS)/interop-venv: end2end/interop/requirements.txt
	@echo 'Installing the Python packages of end2end/interop'
	@rm -rf target/tools/interop-venv && python3 -m venv target/tools/interop-venv
	@target/tools/interop-venv/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@mkdir -p $(@D) && touch $@

interop: $(STAMPS)/interop-venv ## set-up alone: the PyPI libraries that try our pushes

# ---- the browser half: cargo always looks, the steps after it run when its result differs

# The library is a cdylib and an rlib. Cargo passes no `-C lto` to a build that makes an rlib, so the cdylib is built alone.
$(WORK)/umbba.wasm: FORCE | wasm-target
	cargo rustc --lib --crate-type cdylib --target $(WASM_TARGET) --profile $(PROFILE) --no-default-features --features hydrate --target-dir target/front
	@mkdir -p $(@D)
	@cmp -s $(FRONT)/umbba.wasm $@ || cp $(FRONT)/umbba.wasm $@

$(WORK)/out/umbba.js: $(WORK)/umbba.wasm $(BINDGEN)
	@rm -rf $(@D)
	$(BINDGEN) --target web --no-typescript --out-name umbba --out-dir $(@D) $(WORK)/umbba.wasm
	@sed -e '/^export class IntoUnderlying/,/^}/d' -e '/^if (Symbol.dispose) IntoUnderlying/d' \
		-e '/^const IntoUnderlying/,/;$$/d' $@ >$@.part && mv $@.part $@
	@touch $@

# The bindings and the scripts that Rust names in one file: the browser asks once. `umbba/client/…` is `src/client`.
$(SITE)/pkg/umbba.js: $(WORK)/out/umbba.js $(wildcard src/client/*.ts) src/worker/messages.ts $(NODE_MODULES)
	@mkdir -p $(@D) && rm -rf $(@D)/snippets
	@$(ESBUILD) $< --format=esm --alias:umbba=./src --outfile=$@

# The bindings' umbba_bg.wasm is served as umbba.wasm; the page passes that path to init().
$(SITE)/pkg/umbba.wasm: $(WORK)/out/umbba.js $(NODE_MODULES)
	@mkdir -p $(@D)
ifneq ($(SHRINK),)
	@echo 'Shrinking umbba.wasm (wasm-opt -Oz)'
	@$(WASM_OPT) -o $@ $(WORK)/out/umbba_bg.wasm
else
	@cp $(WORK)/out/umbba_bg.wasm $@
endif

# ---- assets

$(SITE)/pkg/umbba.css: $(shell find style 2>/dev/null) .ci/css.mjs $(NODE_MODULES)
	@mkdir -p $(@D)
	@node .ci/css.mjs style/main.css $@

# Copied anew as a whole, so that a file removed from public/ is not served for ever. The copy removes the scripts too,
# and they are built after it; it depends on the folder src/scripts, so that a script removed from there goes as well.
$(PUBLIC): $(shell find public 2>/dev/null) src/scripts $(if $(wildcard $(SITE)/pkg),,FORCE)
	@mkdir -p $(SITE) $(@D)
	@find $(SITE) -mindepth 1 -maxdepth 1 ! -name pkg -exec rm -rf {} +
	@cp -R public/. $(SITE)/
	@touch $@

# ---- the service worker and the scripts of pages without WASM: classic scripts, one file each

$(WORKER): src/worker/service-worker.ts $(wildcard src/worker/*.ts)
$(PAGE_SCRIPTS): $(SITE)/%.js: src/scripts/%.ts

$(WORKER) $(PAGE_SCRIPTS): src/tsconfig.base.json $(PUBLIC) $(NODE_MODULES)
	@$(ESBUILD) $(filter %/$(basename $(@F)).ts,$^) --format=iife --outfile=$@

FORCE:
