# Everything here sets itself up, given a Python of 3.11 or newer with pip. Paths are relative, so that the folder may have
# any name; no environment needs to be active, and a second run installs nothing.

.PHONY: demo test lint docs bench lock clean

VENV = .venv
RUN = $(VENV)/bin/python
READY = $(VENV)/.ready-to-run
READY_TO_TEST = $(VENV)/.ready-to-test

# The first Python that will do. Expanded only where something must be installed.
PYTHONS = python3 python3.14 python3.13 python3.12 python3.11 python
WILL_DO = import sys, pip; sys.exit(sys.version_info < (3, 11))
FOUND = $(shell for each in $(PYTHONS); do $$each -c '$(WILL_DO)' 2>/dev/null && echo $$each && break; done)
PYTHON = $(or $(FOUND),$(error shift needs Python 3.11 or newer with pip; none of these is: $(PYTHONS)))
# pip works on the environment from outside: Debian's Python cannot put a pip into it.
INSTALL = $(PYTHON) -m pip --python $(RUN) install --quiet --disable-pip-version-check

# A synthetic clinic into a local twin of a CRM, from end to end. TO=name chooses among project.yml's destinations.
demo: $(READY)
	@$(RUN) -m shift demo $(if $(TO),--to $(TO))

# pytest comes last, so that its closing line is the last one.
test: lint
	@$(RUN) -m pytest --numprocesses 2

lint: $(READY_TO_TEST)
	@$(RUN) -m ruff check --quiet
	@$(RUN) -m ruff format --check --quiet
	@$(RUN) -m mypy
	@$(RUN) -m yamllint --strict .

docs: $(READY)
	@$(RUN) docs/generate.py

bench: $(READY_TO_TEST)
	@for each in benchmarks/[!_]*.py; do $(RUN) "$$each" || exit; done

# The locks hold versions and hashes but no registry's address: where to fetch is up to your pip. Needs uv.
lock:
	uv pip compile pyproject.toml --extra sandbox --group build --output-file requirements.lock $(LOCKED)
	uv pip compile pyproject.toml --extra sandbox --group dev --output-file requirements-dev.lock $(LOCKED)

LOCKED = --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url

clean:
	rm -rf build dist target *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -m venv --without-pip $(VENV)

$(READY): requirements.lock pyproject.toml $(VENV)/pyvenv.cfg
	@echo "Installing what shift needs into $(VENV) …"
	@$(INSTALL) --require-hashes --requirement requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(READY_TO_TEST): requirements-dev.lock $(READY)
	@echo "Installing what its tests need into $(VENV) …"
	@$(INSTALL) --require-hashes --requirement requirements-dev.lock
	@touch $@
