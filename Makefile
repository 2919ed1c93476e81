.DEFAULT_GOAL := help
SHELL := /bin/bash
# The Node of the package `node@24` comes first: the machine's own may be older.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
export NODE_NO_WARNINGS := 1

NODE := node -C source
KERNEL := sidecar/src/kernel/kernel.wasm
OPA := tools/.cache/opa.path

CLUSTER := $(NODE) tools/cluster/main.ts

.PHONY: help setup demo test test-unit cluster cluster-down cluster-images cluster-programs images test-cluster lint typecheck build bench bench-operator clean

help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

node_modules/.package-lock.json: package-lock.json
	@echo "installing npm packages"
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(OPA): tools/opa.sh
	@mkdir -p $(@D)
	@tools/opa.sh > $@.new
	@mv $@.new $@

$(KERNEL): node_modules/.package-lock.json $(wildcard sidecar/src/kernel/assembly/*.ts)
	@npm run --silent kernel -w sidecar
	@touch $@

# The two downloads are independent of each other and mostly waiting: side by side.
setup: ## Install what the other targets need (they do it themselves)
	@$(MAKE) --no-print-directory -j2 $(KERNEL) $(OPA)

demo: setup ## See it work: reranker, identity provider and sidecar on this machine (KEEP=1 leaves them running)
	@$(NODE) examples/support-search/src/demo/main.ts

test: setup ## Run every check and test; ends with "N passed, N failed, N skipped"
	@$(NODE) tools/test/main.ts

test-unit: setup ## Run the Jest suites (ARGS="path or -t name")
	@npm test --silent -- $(ARGS)

cluster: setup ## Start a Kubernetes here: kind where Docker runs, else a real node (root)
	@$(CLUSTER) up

cluster-down: setup ## Stop it and remove everything of it
	@$(CLUSTER) down

images: setup ## Build the images with Docker or buildah (ARGS="--tag TAG --base IMAGE")
	@$(NODE) tools/images/main.ts $(ARGS)

cluster-images: setup ## Build the images and put them into the cluster of make cluster (ARGS="--tag TAG")
	@rm -rf tools/.cache/images
	@$(NODE) tools/images/main.ts --archives tools/.cache/images $(ARGS)
	@$(CLUSTER) load tools/.cache/images/*.tar

cluster-programs: setup ## Build a Kubernetes node's programs with Go, once (8 minutes)
	@$(CLUSTER) binaries

test-cluster: setup ## Run the end-to-end suite on KUBECONFIG or a node of its own (ARGS="calls", KEEP=1)
	@$(NODE) test/cluster/main.ts $(patsubst --,,$(ARGS))

lint: setup ## Check style and types
	@biome check .
	@$(MAKE) --no-print-directory typecheck

typecheck: setup
	@tsc -b
	@tsc -p test

build: setup ## Compile to dist/; then `npx rankguard --help`
	@tsc -b
	@npm run --silent build:assets -w sidecar
	@npm run --silent bundle -w cli

bench: build ## Compare with a direct call and a bare hop (ARGS="--help" shows the options)
	@node bench/dist/main.js $(ARGS)

bench-operator: setup cluster-programs ## The operator's memory and admission's latency on a real API server (ARGS="connections pods others")
	@$(NODE) tools/bench-operator/main.ts $(ARGS)

clean: ## Remove what was built (not what was installed)
	@rm -rf */dist examples/*/dist */*.tsbuildinfo examples/*/*.tsbuildinfo $(KERNEL) coverage
