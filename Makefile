# `make` prints what there is. Everything runs from a fresh clone.

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
TOOLS       := $(CURDIR)/.tools
GO          ?= go
BIN         := bin/s$(shell $(GO) env GOEXE 2>/dev/null)
# cgo is needed by the race detector alone; s itself is built without it.
RACE        := $(shell command -v $${CC:-gcc} >/dev/null 2>&1 && echo -race)
# Two test binaries at a time: more of them only make timeouts of each other.
TEST_P      ?= 2
# Four tests at a time in each: most wait, for processes and for time to pass.
TEST_N      ?= 4
TEST_FLAGS  ?=
PKG         ?= ./...

GOLANGCI_VERSION   := v2.15.0
# The newest that Go 1.26 builds.
GORELEASER_VERSION := v2.16.0
CYCLONEDX_VERSION  := v1.10.0
GOLANGCI   := $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION)
GORELEASER := $(TOOLS)/goreleaser-$(GORELEASER_VERSION)
CYCLONEDX  := $(TOOLS)/cyclonedx-gomod-$(CYCLONEDX_VERSION)
# The program that ours is compared with; it needs Node.js.
PEER_VERSION := 3.1.10
PEER         := $(TOOLS)/serverless-devs-$(PEER_VERSION)

##@ Use

.PHONY: help
help: ## Print this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Check for what building and testing need, and install what can be
	@hack/setup

.PHONY: build
build: ## Build bin/s, static and reproducible
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o $(BIN) ./cmd/s

.PHONY: demo
demo: setup build ## Run init, build, deploy, invoke and remove in a temporary folder
	@hack/demo $(CURDIR)/$(BIN)

##@ Develop

.PHONY: test
test: setup ## Run all tests (PKG=./pkg/spec/... for some), with the race detector
	$(GO) test $(RACE) -p $(TEST_P) -parallel $(TEST_N) -timeout 20m $(TEST_FLAGS) $(PKG)

.PHONY: acceptance
acceptance: setup ## Drive the real binary (RUN=deploy/ for some of the scripts)
	$(GO) test -count=1 -parallel $(TEST_N) -timeout 20m -v $(if $(RUN),-run 'TestScripts/$(RUN)') ./acceptance

.PHONY: conformance
conformance: setup ## Hold every language to the runtime contract and write the table in docs/runtimes.md
	$(GO) test -count=1 -parallel $(TEST_N) -timeout 20m ./pkg/runtime/conformance -args -table $(CURDIR)/docs/runtimes.md

.PHONY: differential
differential: build $(PEER) ## Compare s preview with that of Serverless Devs over hack/differential/cases (needs npm)
	@$(GO) run ./hack/differential -s $(BIN) -peer $(PEER)/node_modules/.bin/s

.PHONY: test-user
test-user: setup build ## Run the tests that touch the system as an ordinary user, with and without user namespaces
	@hack/test-user $(CURDIR)/$(BIN)

.PHONY: lint
lint: $(GOLANGCI) ## Check style, errors and the directions of imports
	$(GOLANGCI) run --allow-parallel-runners ./...

.PHONY: vet-others
vet-others: ## Check that all packages and tests compile for Windows and Mac
	@for os in windows darwin; do echo "GOOS=$$os go vet ./..."; GOOS=$$os CGO_ENABLED=0 $(GO) vet ./... || exit 1; done

.PHONY: fmt
fmt: $(GOLANGCI) ## Format the Go sources
	$(GOLANGCI) fmt ./...

.PHONY: completions
completions: build ## Generate completions/
	@mkdir -p completions
	@$(BIN) completion bash > completions/s.bash
	@$(BIN) completion zsh > completions/_s
	@$(BIN) completion fish > completions/s.fish
	@$(BIN) completion powershell > completions/s.ps1

.PHONY: generate
generate: completions ## Regenerate every generated file
	@$(GO) generate ./...

.PHONY: verify
verify: generate ## Fail if a generated file or go.mod is stale
	@git diff --exit-code -- completions docs/reference '*.gen.go' || { echo "run 'make generate' and commit the result" >&2; exit 1; }
	@test -z "$$(git status --porcelain -- completions docs/reference)" || { git status --short -- completions docs/reference >&2; exit 1; }
	@$(GO) mod tidy -diff || { echo "run 'go mod tidy' and commit the result" >&2; exit 1; }

##@ Measure

.PHONY: quality
quality: build ## Measure the code against the bars of the project and check them
	@$(GO) run ./hack/quality -binary $(BIN) $(QUALITY_FLAGS) .

.PHONY: bench
bench: setup build ## Measure the figures of the README (BENCH=cold for one of them; BENCH=clients FOR=10m)
	@$(GO) run ./bench -s $(CURDIR)/$(BIN) $(if $(FOR),-for $(FOR)) $(BENCH)

.PHONY: chaos
chaos: setup build ## Load functions of several languages while they are killed and deployed anew (FOR=30m)
	@$(GO) run ./bench -s $(CURDIR)/$(BIN) -check -for $(or $(FOR),2m) chaos

##@ Release

.PHONY: release-check
release-check: $(GORELEASER) $(CYCLONEDX) completions ## Check the release configuration and build a snapshot into dist/
	@$(GORELEASER) check
	@rm -rf dist
	@mkdir -p $(TOOLS)/path && ln -sf $(CYCLONEDX) $(TOOLS)/path/cyclonedx-gomod
	@PATH="$(TOOLS)/path:$$PATH" $(GORELEASER) release --snapshot --clean --skip=publish

.PHONY: tools
tools: $(GOLANGCI) $(GORELEASER) $(CYCLONEDX) ## Build the pinned lint and release tools into .tools (slow, once)

# Each tool is a file that carries its version: present means right.
$(GOLANGCI):
	@hack/tool $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

$(GORELEASER):
	@hack/tool $@ github.com/goreleaser/goreleaser/v2@$(GORELEASER_VERSION)

$(CYCLONEDX):
	@hack/tool $@ github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$(CYCLONEDX_VERSION)

$(PEER):
	@rm -rf $@.new && mkdir -p $@.new
	@npm install --prefix $@.new --no-save --no-audit --no-fund --loglevel=error @serverless-devs/s@$(PEER_VERSION)
	@mv $@.new $@

.PHONY: ci
ci: ## Run everything that CI runs
	@.ci/run

.PHONY: clean
clean: ## Remove what was built (not .tools)
	@rm -rf bin dist coverage*
