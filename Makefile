.DEFAULT_GOAL := help
PY := .venv/bin/python

# The weights that development and CI use where nothing else is named.
ifeq ($(DETECTION_MODEL),)
ifneq ($(wildcard ../shared/weights/yolov5n.pt),)
test: export DETECTION_MODEL := $(abspath ../shared/weights/yolov5n.pt)
endif
endif

help:  ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## Install everything into .venv (does nothing when nothing changed)
	@bin/setup

run: setup  ## Start the whole service here and print the address of its chat page (options: make run ARGS=--help)
	@$(PY) -m sandbox up $(ARGS)

demo: setup  ## Send one photo through it and print the answer: make demo PHOTO=cat.jpg [OUT=answer.jpg]
	@$(PY) -m sandbox demo "$(PHOTO)" $(if $(OUT),--out "$(OUT)")

test: setup  ## Run every test; each one skipped is named with the way to get it
	@bin/setup site && bin/setup worker
	@$(PY) -m pytest -n 3 --dist worksteal -rfEs $(ARGS)

lint: setup  ## Check format, style, types and who may import whom
	@$(PY) -m ruff format --check . && $(PY) -m ruff check . && $(PY) -m mypy && .venv/bin/lint-imports --no-logo

lock: setup  ## Make requirements/*.lock anew from pyproject.toml: make lock [ARGS=--upgrade]
	@bin/lock $(ARGS)

demo-model: setup  ## Train the demo model anew (20 to 40 minutes on 2 cores; never in CI): make demo-model [SEED=1] [ARGS=--help]
	@bin/demo-model --seed $(or $(SEED),1) $(ARGS)

chromium:  ## Install the browser that the chat page's tests drive (Debian and Ubuntu)
	@command -v chromium >/dev/null || { $(if $(filter-out 0,$(shell id -u)),sudo) apt-get update -qq && $(if $(filter-out 0,$(shell id -u)),sudo) apt-get install -yqq --no-install-recommends chromium fonts-noto-color-emoji; }

cloud-init:  ## Install cloud-init for the tests of user data (Debian and Ubuntu; not on a machine that a cloud starts by it)
	@/usr/bin/python3 -c 'import cloudinit' 2>/dev/null || { $(if $(filter-out 0,$(shell id -u)),sudo) apt-get update -qq && $(if $(filter-out 0,$(shell id -u)),sudo) apt-get install -yqq --no-install-recommends cloud-init; }

terraform: setup  ## Install Terraform, its provider and checkov for the tests of deploy/ (Linux; 1.1 GB)
	@bin/terraform && bin/setup checkov

images: setup  ## Build both images without Docker and have them answer a photo: six to ten minutes (Linux, root; options: ARGS="--raw FILE")
	@bin/images $(ARGS)

simulate: setup  ## Simulate the workers' scaling, and rehearse it with real workers (options: ARGS="--raw FILE")
	@$(PY) -m deploy.simulate $(ARGS) && $(PY) -m benchmarks.scaling

rehearse-aws: setup  ## Apply everything to an emulator of AWS, use it, roll, take it down: ten to fifteen minutes (options: ARGS=--help)
	@$(PY) -m deploy.rehearse $(ARGS)

bench-queue: setup  ## Measure the queue's speed beside stock Celery and a plain loop (options: ARGS="--raw FILE")
	@benchmarks/install-celery-5.6.2 && $(PY) -m benchmarks.speed $(ARGS)

bench-faults: setup  ## Tabulate what workers make of each fault, beside stock Celery (options: ARGS="--raw FILE")
	@$(PY) -m benchmarks.fault_table $(ARGS)

bench-kills: setup  ## Run 10,000 tasks while workers are killed, and check the history (options: ARGS="--raw FILE")
	@$(PY) -m benchmarks.kills $(ARGS)

bench-redrive: setup  ## Redrive 500 dead letters at 50 a second beside a worker (options: ARGS="--raw FILE")
	@$(PY) -m benchmarks.redrive $(ARGS)

bench-fairness: setup  ## Measure what a flooding chat makes the others wait (options: ARGS="--raw FILE")
	@$(PY) -m benchmarks.fairness $(ARGS)

bench-surge: setup  ## Let a worker grow and shrink 20 times under surges of photos (options: ARGS="--raw FILE --plot FILE")
	@$(PY) -m benchmarks.surge $(ARGS)

bench-admin: setup  ## Measure the admin's pages with 1,000 and with 100,000 predictions (options: ARGS="--raw FILE")
	@$(PY) -m benchmarks.admin $(ARGS)

.PHONY: help setup run demo test lint lock demo-model chromium cloud-init terraform images simulate rehearse-aws bench-queue bench-faults bench-kills bench-redrive bench-fairness bench-surge bench-admin
