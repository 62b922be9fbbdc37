# The four commands of this project, for a machine that has make and Python 3.11+ and nothing else of ours.
#
#   make up      set up, then run everything on this machine
#   make test    set up with the development tools, then the whole test suite
#   make check   format, lint, types, architecture
#   make bench   the benchmarks
#
# Every path is relative: a checkout may lie under a path with spaces and Chinese characters,
# which make's own $(CURDIR) and its list functions would cut into pieces.

PYTHON ?= python3
# Two processes, each with a PostgreSQL of its own; a file stays together.
PYTEST_ARGS ?= -n 2 --dist loadfile
UP_ARGS ?=
BENCH_ARGS ?=
UV := $(shell command -v uv 2>/dev/null)

ENV_PYTHON := .venv/bin/python
PACKAGES := grid backend bot mobile_api

# uv makes environments without pip, so whoever made .venv also installs into it;
# uv can install into an environment that pip made, but not the other way round.
ifneq ($(UV),)
make_env = uv venv --quiet --allow-existing --no-project --python '>=3.11' .venv
install = uv pip install --quiet --python $(ENV_PYTHON)
else
make_env = $(PYTHON) -m venv .venv
install = $(ENV_PYTHON) -m pip install --quiet --no-input --disable-pip-version-check
endif

.PHONY: help up test check bench requirements clean
.DELETE_ON_ERROR:

help:
	@sed -n '3,6s/^# *//p' Makefile

# `exec` leaves no shell between make and wangge, so Ctrl-C and SIGTERM reach it.
up: .venv/installed-runtime
	@exec $(ENV_PYTHON) -m backend up $(UP_ARGS)

test: .venv/installed-development
	@exec $(ENV_PYTHON) -m pytest $(PYTEST_ARGS)

check: .venv/installed-development
	$(ENV_PYTHON) -m ruff format --check .
	$(ENV_PYTHON) -m ruff check .
	$(ENV_PYTHON) -m mypy $(PACKAGES)
	.venv/bin/lint-imports

bench: .venv/installed-development
	@exec $(ENV_PYTHON) -m tests.benchmarks $(BENCH_ARGS)

# --- set-up: one stamp file per set of requirements, so that it runs once ----------------------

.venv/made:
ifeq ($(UV),)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "wangge needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
	  || { echo "this Python cannot make environments (on Debian and Ubuntu: apt-get install python3-venv)"; exit 1; }
endif
	@echo "Making .venv ..."
	@$(make_env)
	@touch $@

# The development set contains the runtime set, so installing it satisfies both.
.venv/installed-runtime: requirements.txt pyproject.toml | .venv/made
	@$(call install_set,requirements.txt)
	@touch $@

.venv/installed-development: requirements-dev.txt pyproject.toml | .venv/made
	@$(call install_set,requirements-dev.txt)
	@touch .venv/installed-runtime $@

define install_set
if [ -z "$(UV)" ] && ! $(ENV_PYTHON) -m pip --version >/dev/null 2>&1; then \
  echo "uv made .venv and is gone from PATH: put it back, or run: make clean"; exit 1; \
fi; \
echo "Installing $(1) (about a minute with pip, seconds with uv) ..."; \
$(install) --require-hashes -r $(1) && \
$(install) --no-deps --no-build-isolation -e .
endef

# --- upkeep ------------------------------------------------------------------------------------

# Compiled for the lowest Python we support; the file holds hashes and no index address.
COMPILE := uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header

requirements:
	$(COMPILE) --extra build pyproject.toml -o requirements.txt
	$(COMPILE) --extra build --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt

# Leaves .wangge alone: that is data.
clean:
	rm -rf .venv build ./*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find $(PACKAGES) migrations tests -name __pycache__ -type d -prune -exec rm -rf {} +
