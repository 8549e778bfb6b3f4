# What a person runs. Everything that is missing is installed on the way, once, and said.
#
#   NIEBLA_CACHE       where fetched things are kept (default: .cache)
#   NIEBLA_VENV        the Python environment (default: .venv)
#   CARGO_TARGET_DIR   where Cargo builds (default: target)

export NIEBLA_CACHE ?= $(CURDIR)/.cache
export NIEBLA_VENV ?= $(CURDIR)/.venv
XTASK := cargo xtask
# Becoming root only where we are not.
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
VENV_STAMP := $(NIEBLA_VENV)/.requirements

.DEFAULT_GOAL := help
.PHONY: help run test bench lint models venv clean

help:
	@echo 'make run      build Niebla, start it on 127.0.0.1:4566, run the first example on it'
	@echo 'make test     every test: unit, in process, black box, crash'
	@echo 'make bench    hot paths, startup, memory, beside a static reply'
	@echo 'make lint     rustfmt, clippy, licences, advisories, ruff, invariants'
	@echo 'make models   generate the API types from the models'
	@echo 'make clean    delete what was built (not what was fetched)'

run: xtask venv
	@$(XTASK) run

test: xtask venv
	@$(XTASK) test

bench: xtask
	@$(XTASK) bench

lint: xtask venv
	@$(XTASK) lint

models: xtask
	@$(XTASK) models

venv: $(VENV_STAMP)

# `cargo xtask` is quiet, and its first build takes a minute: this one shows its progress.
.PHONY: xtask
xtask: tools
	@cargo build --package xtask

clean:
	cargo clean

# A C compiler builds LMDB and zstd; without Cargo nothing goes.
.PHONY: tools
tools:
	@command -v cargo >/dev/null || { echo 'error: Rust is missing; install it from https://rustup.rs' >&2; exit 1; }
	@command -v cc >/dev/null || { \
	  echo '==> installing a C compiler, which LMDB and zstd are built with (build-essential)'; \
	  $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq build-essential >/dev/null; }

$(VENV_STAMP): tests/requirements.txt
	@command -v python3 >/dev/null || { \
	  echo '==> installing Python 3'; \
	  $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq python3 python3-venv >/dev/null; }
	@python3 -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo '==> installing python3-venv'; \
	  $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq python3-venv >/dev/null; }
	@echo '==> installing the AWS CLI, boto3 and what the tests need in $(NIEBLA_VENV)'
	@python3 -m venv '$(NIEBLA_VENV)'
	@'$(NIEBLA_VENV)/bin/pip' install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch '$@'
