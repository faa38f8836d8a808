VENV ?= .venv
# The first of these that runs (a shim may exist and still fail), has the right version and can make environments.
PYTHON ?= $(shell for python in python3.11 python3.12 python3; do \
	"$$python" -c 'import ensurepip, sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null \
	&& echo "$$python" && break; done)
BIN = $(VENV)/bin
LOCK ?= requirements.lock
# Options of the contests, e.g. RIVALS="--sections drain --runs 5": see docs/benchmarks.md.
RIVALS ?=
UV = "$(BIN)/uv" --quiet
# A file as a whole by one of the processes, whose number follows: see docs/decisions/0022.
PYTEST = "$(BIN)/python" -m pytest --dist loadfile --no-loadscope-reorder --numprocesses
COMPILE = pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
# Where Python may not store what it compiles, each process would compile anew all that it imports.
BYTECODE = $(if $(PYTHONDONTWRITEBYTECODE),--compile-bytecode)
# Everything is a wheel but pyspark, which is built with the setuptools that the lock names.
SYNC = pip sync $(BYTECODE) --require-hashes --no-build-isolation --only-binary :all: --no-binary pyspark,pyspark-client

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup environment demo test test-long check integration bench bench-rivals bench-smoke compose-test lock clean prerequisites

help: ## print this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: environment ## make the environment: Python packages and jars from the committed locks
	@"$(BIN)/python" -m tideline.class_archive

environment: prerequisites $(VENV)/.packages ## the same without the archive of Java's classes, by which a JVM starts faster
	@"$(BIN)/python" -m tideline.jars install
	@"$(BIN)/python" -m tideline.jvm

demo: setup ## the whole path on this machine: broker, producers, stream, Airflow, report
	"$(BIN)/tideline" demo

test: environment ## all that CI runs: set-up, check, integration
	@# Beside each other: making the archive is one thread's work, and so is much of the check.
	@"$(BIN)/python" -m tideline.class_archive & archive=$$!; trap 'kill $$archive' INT TERM; \
	$(MAKE) --no-print-directory check; checked=$$?; wait $$archive && exit $$checked
	@$(MAKE) --no-print-directory integration

check: environment ## lint, types and unit tests
	"$(BIN)/ruff" check
	"$(BIN)/ruff" format --check
	"$(BIN)/mypy"
	$(PYTEST) 2 --ignore tests/integration

integration: setup ## the tests with real Kafka, Spark and Airflow
	$(PYTEST) 3 tests/integration -m "not long" --durations 20

test-long: setup ## the long ones of these, before a release: what they show, CI shows by a smaller relative
	$(PYTEST) 2 tests/integration -m long --durations 0

bench: setup ## speed, CPU, memory and freshness, as a table and JSON
	"$(BIN)/python" -m bench

bench-rivals: ## contests with what else does the same, in .venv-rivals; RIVALS="--sections drain" for some
	@$(MAKE) --no-print-directory setup VENV=.venv-rivals LOCK=requirements-rivals.lock
	".venv-rivals/bin/python" -m bench.rivals $(RIVALS)

bench-smoke: setup ## ratios of CPU time against the stored ones, in a minute or two; it warns and never fails
	@"$(BIN)/python" -m bench.smoke

compose-test: ## build and start the live demo, kill its parts, account for every row, remove it; needs Docker
	"$(PYTHON)" docker/prove.py

lock: $(VENV)/.bootstrap ## resolve the Python packages and the jars anew and write the locks
	$(UV) $(COMPILE) --group dev pyproject.toml --output-file requirements.lock
	$(UV) $(COMPILE) --group bootstrap --output-file requirements-bootstrap.lock
	$(UV) $(COMPILE) --group rivals pyproject.toml --constraint requirements.lock \
		--override bench/rivals/overrides.txt --output-file requirements-rivals.lock
	$(MAKE) $(VENV)/.packages
	"$(BIN)/python" -m tideline.jars lock

clean: ## delete the environment and what tools cached; the data in .tideline stay
	rm -rf "$(VENV)" .venv-rivals .mypy_cache .pytest_cache .ruff_cache .hypothesis build ./*.egg-info

prerequisites:
	@test -n "$(PYTHON)" || { echo "Tideline needs Python 3.11 or 3.12 with venv: install one" \
	"(Debian: python3.11-venv), or name it, e.g. make setup PYTHON=/opt/python/bin/python3.11." >&2; exit 1; }
	@"$(PYTHON)" -m tideline.prerequisites

$(BIN)/python: | prerequisites
	"$(PYTHON)" -m venv "$(VENV)"

$(VENV)/.bootstrap: requirements-bootstrap.lock | $(BIN)/python
	"$(BIN)/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	@touch $@

$(VENV)/.packages: $(LOCK) pyproject.toml $(VENV)/.bootstrap
	VIRTUAL_ENV="$(VENV)" "$(BIN)/uv" $(SYNC) "$(LOCK)"
	VIRTUAL_ENV="$(VENV)" $(UV) pip install --offline --no-deps --no-build-isolation --editable .
	@touch $@
