# Every target does all of its own set-up on Debian with Python 3.11 or later, gcc, make and the package registries.
# make PYTHON=/usr/bin/python3.11 chooses the Python, make VENV=/somewhere the virtual environment.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?=
VENV ?= .venv
PYTEST_ARGS ?=

BIN := $(VENV)/bin
SOURCES := $(sort $(shell find c_shim src docs/man -type f -not -path '*/.*' -not -path '*.egg-info/*' \
	-not -name '*.pyc' -not -name '*.so'))
FIND_PYTHON = PYTHON="$$(tools/find_python.sh '$(PYTHON)')"; export PYTHON

.PHONY: help demo test torture conformance clients pythons python-tests build lint bench clean always
.PHONY: prerequisites-build prerequisites-demo prerequisites-test prerequisites-bench

help:
	@echo 'make demo    build everything, then sign with a software card: the tour'
	@echo 'make test    build everything, then run every check and test'
	@echo 'make torture the fuzzers and soaks of make test in full size, which takes hours'
	@echo 'make conformance    the suite pkcs11-check only, which make test runs where it finds a Python 3.12 or later'
	@echo 'make clients run the tests of client programs, and write docs/clients.md from their results'
	@echo 'make pythons build for every Python from 3.11 to 3.14 of this machine, and test what is not about other programs'
	@echo 'make build   build the module into $(VENV)'
	@echo 'make lint    ruff, mypy and the import rules only'
	@echo 'make bench   compare with OpenSC on the same card'
	@echo 'make clean   remove what the others made'
	@echo 'PYTHON=PATH chooses the Python, VENV=PATH the virtual environment, PYTEST_ARGS=... what pytest is told.'

demo: prerequisites-demo $(VENV)/.installed
	@$(BIN)/python examples/demo.py

# The lines stand in this order, so that pytest's verdict is the last thing printed.
test: prerequisites-test $(VENV)/.test-requirements $(VENV)/.installed lint
	$(BIN)/python -m pytest -n auto --dist loadgroup $(PYTEST_ARGS)

# One test may take as long as it likes; its programs have time limits of their own.
torture: prerequisites-test $(VENV)/.test-requirements $(VENV)/.installed
	TORTURE=full $(BIN)/python -m pytest -n auto --dist loadgroup -o faulthandler_timeout=0 $(PYTEST_ARGS) \
		tests/torture tests/faults/test_many_processes.py

# It finds a newer Python by itself, and fails where there is none; make test only says so. Both slots at once.
conformance: prerequisites-test $(VENV)/.test-requirements $(VENV)/.installed
	CONFORMANCE=required $(BIN)/python -m pytest -n 2 -m conformance $(PYTEST_ARGS) tests/suites

# A table of a run with failures says so; the target fails all the same.
clients: prerequisites-test $(VENV)/.test-requirements $(VENV)/.installed
	status=0; $(BIN)/python -m pytest --client-results build/clients.json $(PYTEST_ARGS) tests/clients || status=$$?; \
	$(BIN)/python tools/clients.py build/clients.json > build/clients.md; cp build/clients.md docs/clients.md; exit $$status

# Each has an environment of its own. One that fails does not keep the others from being tried.
pythons: prerequisites-test
	@failed=''; for python in $$(tools/find_pythons.sh); do \
		echo "--- $$python"; name="$$(tr / - <<< "$${python#/}")"; \
		$(MAKE) --no-print-directory python-tests PYTHON="$$python" VENV=".pythons/$$name" || failed="$$failed $$python"; \
	done; if [ -n "$$failed" ]; then echo "Failed with:$$failed" >&2; exit 1; fi

python-tests: $(VENV)/.test-requirements $(VENV)/.installed
	$(BIN)/python -m pytest -q -n auto --dist loadgroup $(PYTEST_ARGS) \
		tests/unit tests/provider tests/software_card tests/module

build: prerequisites-build $(VENV)/.installed
	@echo "The module is $$(cd / && '$(abspath $(BIN))/pyjpki11' module-path)"

# What mypy and the import rules read is the source tree, so that lint needs no build.
lint: prerequisites-build $(VENV)/.test-requirements
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=src $(BIN)/lint-imports

bench: prerequisites-bench $(VENV)/.installed
	@$(BIN)/python tools/bench

clean:
	rm -rf build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf .pythons
	@if [ -e '$(VENV)/pyvenv.cfg' ]; then echo 'rm -rf $(VENV)'; rm -rf '$(VENV)'; fi
	find src tests tools c_shim -name __pycache__ -prune -exec rm -rf {} +

# --- set-up ------------------------------------------------------------------------------------------------

prerequisites-build prerequisites-demo prerequisites-test prerequisites-bench:
	@$(FIND_PYTHON); tools/prerequisites.sh $(subst prerequisites-,,$@)

$(VENV)/.created: | prerequisites-build
	$(FIND_PYTHON); "$$PYTHON" -m venv --clear '$(VENV)'
	@touch $@

# What builds the project is installed too, instead of being fetched for every build: later builds work offline.
$(VENV)/.build-requirements: pyproject.toml tools/requirements.py $(VENV)/.created
	$(BIN)/python tools/requirements.py | $(BIN)/pip install --quiet -r /dev/stdin
	@touch $@

$(VENV)/.test-requirements: pyproject.toml tools/requirements.py $(VENV)/.created
	$(BIN)/python tools/requirements.py test lint | $(BIN)/pip install --quiet -r /dev/stdin
	@touch $@

# A file that changes when a source file comes or goes, which their times do not tell.
$(VENV)/.sources: always | $(VENV)/.created
	@echo '$(SOURCES)' | cmp -s - $@ || echo '$(SOURCES)' > $@

# setuptools would pack modules that are gone, were they still in build/.
$(VENV)/.installed: pyproject.toml setup.py $(SOURCES) $(VENV)/.sources $(VENV)/.build-requirements
	rm -rf build
	$(BIN)/pip install --quiet --no-build-isolation --no-deps .
	@touch $@
