# Targets for people and for CI. `make help` lists them.
GO      ?= go
BIN     := bin
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LIBRARY := $(BIN)/libonnxruntime.so.1

# Says at its end which tests were skipped, and why.
TEST := $(GO) run gotest.tools/gotestsum@v1.13.0 --format pkgname-and-test-fails --format-hide-empty-pkg -- -timeout 20m

export SDL_ORT_LIB := $(abspath $(LIBRARY))

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: build
build: $(LIBRARY) ## bin/sdl-batch, with the runtime library beside it
	$(GO) build -trimpath -ldflags '-X main.version=$(VERSION)' -o $(BIN)/sdl-batch ./cmd/sdl-batch

# The runtime library comes out of an npm package and must be the recorded one.
$(LIBRARY): model/ort/library.sha256
	./model/ort/library.sh $(BIN)

.PHONY: demo
demo: build ## label generated scenes and show the result
	$(BIN)/sdl-batch demo --output $(BIN)/demo

.PHONY: test
test: build ## all tests, as the README says
	$(TEST) ./...
	cd jobs/queries && SDL_BATCH_BIN=$(abspath $(BIN))/sdl-batch $(TEST) -count=1 ./...

.PHONY: check
check: build lint ## what CI runs: lint, then all tests with the race detector
	$(TEST) -race ./...
	cd jobs/queries && SDL_BATCH_BIN=$(abspath $(BIN))/sdl-batch $(TEST) -count=1 ./...

.PHONY: lint
lint: ## format, vet, staticcheck, tidy
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo 'run gofmt -w'; exit 1; }
	$(GO) vet ./...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
	$(GO) mod tidy -diff
	./docs/notice.sh | diff NOTICE -
	cd jobs/queries && $(GO) vet ./...

.PHONY: fuzz
fuzz: build ## every fuzz target, FUZZTIME each (default 30s)
	@set -e; git grep -oE '^func Fuzz[A-Za-z0-9]+' -- '*_test.go' | sed 's/:func /:/' | sort | while IFS=: read -r file name; do \
	  echo "== $$name in $$(dirname $$file)"; \
	  $(GO) test -run '^$$' -fuzz "^$$name$$" -fuzztime $(or $(FUZZTIME),30s) -fuzzminimizetime 5x ./$$(dirname $$file); \
	done

.PHONY: bench
bench: build ## benchmarks of decoding, resizing, inference and scoring
	$(GO) test -run '^$$' -bench . ./stages/decode/... ./model/...

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BIN)
