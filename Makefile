# Everything one does here. Each task is the real tool's own line, so nothing is hidden and nothing needs make.
PYTHON ?= python3
BIN := .venv/bin
DJHTML := $(BIN)/djhtml --tabwidth 2 --extra-block partialdef,endpartialdef
COMPILE = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet

.PHONY: help run setup assets test check format journeys spark bench docs lock wheel clean
help:  ## say what can be done
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

run:  ## set up what is missing, start Rapport with its own database, print the address
	@$(PYTHON) scripts/setup.py run
	@$(BIN)/rapport up $(ARGS)

setup:  ## make .venv ready for work on Rapport
	@$(PYTHON) scripts/setup.py develop

assets: setup  ## build the front-end files and translations
	@$(BIN)/rapport assets

test: setup assets check docs  ## set up what is missing, then every check and every test
	$(BIN)/pytest -n 2 --dist loadfile

check: setup assets  ## every check that runs no product code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	DATABASE_URL=postgresql:///none $(BIN)/mypy
	$(BIN)/lint-imports
	$(DJHTML) --check rapport
	$(BIN)/codespell
	$(BIN)/rapport manage makemigrations --check --dry-run

format: setup  ## write code and templates the way `check` wants them
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(DJHTML) rapport

journeys: setup assets  ## only the walks through the product in a browser
	$(BIN)/pytest tests/journeys

spark: setup assets  ## every mart and condition on a real Spark cluster of this machine (Java 17 or newer; downloads 450 MB)
	$(BIN)/uv venv --allow-existing --quiet var/spark
	VIRTUAL_ENV=var/spark $(BIN)/uv pip install --quiet --editable '.[spark]' --group dev
	var/spark/bin/python -m pytest tests/spark

bench: setup assets  ## measure speed and size (ARGS="--size L" for the big one)
	$(BIN)/python -m benchmarks $(ARGS)

docs: setup  ## build the manual into site/, broken links are errors
	$(BIN)/sphinx-build -q -W --keep-going docs site

lock: setup  ## choose package versions anew and write them down with their hashes (ARGS=--upgrade for the newest)
	$(COMPILE) pyproject.toml --output-file requirements/runtime.txt $(ARGS)
	$(COMPILE) --group tools --constraint requirements/runtime.txt --output-file requirements/tools.txt $(ARGS)
	$(COMPILE) pyproject.toml --group dev --constraint requirements/runtime.txt --constraint requirements/tools.txt --output-file requirements/dev.txt $(ARGS)

wheel: setup assets  ## build dist/*.whl with front-end files, translations and schema snapshot inside
	$(BIN)/rapport snapshot
	$(BIN)/hatchling build -t wheel -d dist

clean:  ## remove what was built; data in var/rapport stays
	rm -rf build dist site var/test assets/node_modules rapport/foundation/ui/static/vendor rapport/launch/snapshot.json.gz
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
