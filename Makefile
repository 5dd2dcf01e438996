PYTHON ?= python3
BOOTSTRAP = $(PYTHON) -m ivr.bootstrap
.DEFAULT_GOAL := help
.PHONY: help run demo test check bench prepare clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## set up what is missing and start the hotline
	@exec $(BOOTSTRAP) run $(ARGS)

demo: ## the same, with simulated citizens and agents on real SIP
	@exec $(BOOTSTRAP) demo $(ARGS)

test: ## run all tests; ARGS="-k word" is passed on to pytest
	@exec $(BOOTSTRAP) test $(ARGS)

check: ## linter, formatter, type checkers, import rule
	@exec $(BOOTSTRAP) check

bench: ## measure the reception against the same menu in plain dialplan
	@exec $(BOOTSTRAP) bench $(ARGS)

prepare: ## only set up, tests included, and start nothing
	@exec $(BOOTSTRAP) prepare --tests

clean: ## remove the Python environment and tool caches; calls and settings stay
	rm -rf .venv web/dist web/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
