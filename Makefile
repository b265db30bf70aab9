# `make demo` and `make test` need only make and Python 3.11 or later: everything else is set up in .venv,
# and set up again when pyproject.toml changes.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
TORCH ?= torch==2.13.0
MACE ?= mace-torch==0.3.16
VENV ?= .venv
VENV_MACE ?= .venv-mace
JOBS ?= 2
PYTEST_ARGS ?=

BIN := $(VENV)/bin
PIP_INSTALL := install --quiet --disable-pip-version-check
# Two workers with one thread each are faster, and steadier, than one worker with two.
RUN_TESTS := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(JOBS)

.PHONY: help demo test slow docs lint format types links clean
.DELETE_ON_ERROR:

help:
	@echo 'make demo    energies and forces of cis- and trans-stilbene through a compiled module'
	@echo 'make test    the fast tests'
	@echo 'make slow    the slow tests, with those against MACE in an environment of its own'
	@echo 'make docs    the pictures and plans in docs/, after a change of what they show'
	@echo 'make lint    ruff and mypy'
	@echo 'make format  ruff, writing'
	@echo 'make clean   remove what the above made'

demo: $(VENV)/installed
	$(BIN)/python examples/stilbene/run.py

test: $(VENV)/installed
	$(RUN_TESTS) -m 'not slow' $(PYTEST_ARGS)

slow: $(VENV)/installed $(VENV_MACE)/installed
	FUSIONC_MACE_PYTHON='$(abspath $(VENV_MACE))/bin/python' $(RUN_TESTS) -m slow $(PYTEST_ARGS)

docs: $(VENV)/installed
	$(BIN)/python docs/make.py

lint: $(VENV)/installed-dev types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed-dev links
	MYPYPATH=build/links $(BIN)/mypy -p fusionc

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# mypy knows nothing of setuptools' package-dir: it is shown one folder in which grammar and backends
# lie where they are imported from.
links:
	@mkdir -p build/links/fusionc
	@for path in fusionc/* grammar backends; do ln -sfn '$(CURDIR)'/"$$path" build/links/fusionc/; done
	@find build/links/fusionc -xtype l -delete

$(VENV)/installed: pyproject.toml
	@test -n '$(PYTHON)' || { echo 'fusionc needs Python 3.11 or later' >&2; exit 3; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip $(PIP_INSTALL) '$(TORCH)'
	$(BIN)/python -m pip $(PIP_INSTALL) --editable '.[test]'
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip $(PIP_INSTALL) --editable '.[test,dev]'
	@touch $@

# mace-torch pins an e3nn whose 3j signs differ from today's, so that the two cannot share an environment.
$(VENV_MACE)/installed:
	@$(VENV_MACE)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV_MACE)
	$(VENV_MACE)/bin/python -m pip $(PIP_INSTALL) '$(TORCH)'
	$(VENV_MACE)/bin/python -m pip $(PIP_INSTALL) '$(MACE)'
	@touch $@

clean:
	rm -rf build dist fusionc.egg-info $(VENV) $(VENV_MACE) .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find fusionc grammar backends tests examples -name __pycache__ -type d -prune -exec rm -rf {} +
