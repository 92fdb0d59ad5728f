# mektep-agent: `make help` lists what there is.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PY_SOURCES := agent drivers centre simulator bench scripts tests
SECONDS ?=
CLIPS ?=
CSI_TREE ?= /var/tmp/mektep-csi
GPIO_KERNEL ?= /var/tmp/mektep-gpio
DEB_TREE ?= /var/tmp/mektep-deb
ARCH ?=
SYSTEMD_TREE ?= /var/tmp/mektep-systemd
SUITE ?= bookworm
SUITES ?= bookworm trixie

.DEFAULT_GOAL := help
.PHONY: help setup demo rush test properties bench bench-peers fuzz csi-tree test-csi gpio-kernel test-gpio deb test-deb test-box test-vm systemd-tree test-systemd check lint format types docs man wheel clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup:  ## install what is missing (system packages by apt, everything else into .venv)
	@scripts/setup

demo: setup  ## a simulated school day on the real agent; SECONDS=60 runs it unattended; CLIPS=FOLDER of footage plays fights and fires
	@PATH="$(CURDIR)/$(BIN):/usr/sbin:/usr/bin:$$PATH" $(BIN)/mektep demo $(if $(SECONDS),--seconds $(SECONDS)) $(if $(CLIPS),--clips "$(CLIPS)")

rush: setup  ## 600 children eat at two readers, the line down, the power cut; SECONDS=60 runs it unattended, 1200 as long as a true one
	@PATH="$(CURDIR)/$(BIN):/usr/sbin:/usr/bin:$$PATH" $(BIN)/mektep demo --rush $(if $(SECONDS),--seconds $(SECONDS))

# The tests start some thousand processes: that each compiles the sources anew is switched off, where a machine has it on.
test: setup check  ## all checks and all tests
	@PYTHONDONTWRITEBYTECODE= PATH="$(CURDIR)/$(BIN):/usr/sbin:/usr/bin:$$PATH" $(BIN)/python -m pytest -q -n 2 --dist loadfile

properties: setup  ## try every property with examples of its own; no part of make test, which tries the same each time
	@PATH="$(CURDIR)/$(BIN):/usr/sbin:/usr/bin:$$PATH" PROPERTIES=new $(BIN)/python -m pytest -q -n 2 -m hypothesis

bench: setup  ## measure; one JSON line a figure
	@PATH="$(CURDIR)/$(BIN):/usr/sbin:/usr/bin:$$PATH" $(BIN)/python -m bench

bench-peers: setup  ## measure peers beside us (installs the ThingsBoard gateway into build/peers); one JSON line a figure
	@PATH="$(CURDIR)/$(BIN):/usr/sbin:/usr/bin:$$PATH" $(BIN)/python -m bench.peers

fuzz: setup  ## fuzz every parser with atheris (installed into build/fuzz), a minute each; SECONDS=600 for longer
	@PATH="$(CURDIR)/$(BIN):/usr/sbin:/usr/bin:$$PATH" $(BIN)/python scripts/fuzz.py $(if $(SECONDS),--seconds $(SECONDS))

csi-tree:  ## a Debian 13 tree for test-csi: root, a network, 0.5 GB under CSI_TREE=/var/tmp/mektep-csi
	@scripts/csi-tree "$(CSI_TREE)"

test-csi: csi-tree  ## the CSI camera's driver against a real picamera2 in that tree; no part of make test
	@scripts/test-csi "$(CSI_TREE)"

gpio-kernel:  ## a kernel with a simulated GPIO chip for test-gpio: a network, 2 GB while it builds, under GPIO_KERNEL=/var/tmp/mektep-gpio
	@scripts/gpio-kernel "$(GPIO_KERNEL)"

test-gpio: setup gpio-kernel  ## the GPIO drivers against the kernel's own simulated chip; no part of make test
	@scripts/test-gpio "$(GPIO_KERNEL)"

deb: setup  ## dist/mektep-agent_VERSION_ARCH.deb with all its wheels: a network, 0.4 GB; ARCH=amd64 or arm64 for one of them
	@$(BIN)/python scripts/deb/build_deb.py $(if $(ARCH),--arch $(ARCH))

test-deb: setup  ## the package's whole life in Debian 12 and 13 trees: root, a network, 1 GB under DEB_TREE=/var/tmp/mektep-deb
	@scripts/test-deb "$(DEB_TREE)"

test-box: setup  ## the whole way of a box in booted Debian 12 and 13 trees: installed, enrolled, every order, updated, rolled back: root, 2 GB
	@scripts/test-box "$(DEB_TREE)" $(SUITES)

test-vm: setup  ## the package in a virtual machine, from power-on to an enrolled box: QEMU, a network, root for the image, 3 GB under DEB_TREE
	@scripts/test-vm "$(DEB_TREE)"

systemd-tree:  ## a Debian tree for test-systemd: root, a network, 1 GB under SYSTEMD_TREE=/var/tmp/mektep-systemd; SUITE=trixie for Debian 13
	@scripts/systemd-tree "$(SYSTEMD_TREE)" "$(SUITE)"

test-systemd: setup systemd-tree  ## the units in that tree, booted by its own systemd; no part of make test
	@scripts/test-systemd "$(SYSTEMD_TREE)"

check: lint types  ## ruff and mypy

lint:
	@$(BIN)/ruff check $(PY_SOURCES)
	@$(BIN)/ruff format --check -q $(PY_SOURCES) || { echo "run: make format"; exit 1; }

types:
	@$(BIN)/mypy

format:  ## format the sources
	@$(BIN)/ruff check -q --fix $(PY_SOURCES)
	@$(BIN)/ruff format -q $(PY_SOURCES)

docs:  ## write the generated pages: schemas, AsyncAPI, settings, states of the link and of incidents, the ledger's example, the man page
	@$(BIN)/python scripts/contract.py
	@$(BIN)/python scripts/config_page.py > docs/config.md.new && mv docs/config.md.new docs/config.md
	@$(BIN)/python scripts/ledger_example.py
	@$(BIN)/python scripts/link_page.py > docs/link.md.new && mv docs/link.md.new docs/link.md
	@$(BIN)/python scripts/incidents_page.py
	@$(BIN)/python scripts/man_page.py

man:  ## write docs/man: the man page of mektep and its completion for bash and zsh
	@$(BIN)/python scripts/man_page.py

wheel:  ## build the agent's wheel
	@$(BIN)/python -m pip wheel -q --no-deps --no-build-isolation -w dist .

clean:  ## remove what was built here
	@rm -rf $(VENV) dist build .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
