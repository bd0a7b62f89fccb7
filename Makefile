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

# Readers of Arrow files that other people wrote. Tests skip where they cannot be
# had.
PEERS := $(BIN)/peers/installed
.PHONY: peers
peers: $(PEERS) ## Polars and Apache Arrow for JavaScript, which tests read Arrow files with

$(PEERS): storage/columnar/peers/peers.sh storage/columnar/peers/peers.sha256
	-./storage/columnar/peers/peers.sh $(BIN)/peers

# Object stores that tests start. Tests skip, by name, where they cannot be had.
SERVERS := $(BIN)/servers/installed
.PHONY: servers
servers: $(SERVERS) ## an S3 gateway and stand-ins for Google's and Azure's stores, for tests

$(SERVERS): storage/storagetest/servers.sh
	-./storage/storagetest/servers.sh $(BIN)/servers

.PHONY: demo
demo: build ## label generated scenes and show the result
	$(BIN)/sdl-batch demo --output $(BIN)/demo

.PHONY: test
test: build $(PEERS) $(SERVERS) ## all tests, as the README says
	$(TEST) ./...
	cd jobs/queries && SDL_BATCH_BIN=$(abspath $(BIN))/sdl-batch $(TEST) -count=1 ./...

.PHONY: check
check: build lint $(PEERS) $(SERVERS) ## what CI runs: lint, then all tests with the race detector
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

# The inputs kept in testdata/fuzz run in every test. What fails here is kept
# there, too, by Go.
.PHONY: fuzz
fuzz: build ## every fuzz target, FUZZTIME each (default 30s; 300x: that many inputs)
	@set -e; git grep -oE '^func Fuzz[A-Za-z0-9]+' -- '*_test.go' | sed 's/:func /:/' | sort | while IFS=: read -r file name; do \
	  echo "== $$name in $$(dirname $$file)"; \
	  $(GO) test -run '^$$' -fuzz "^$$name$$" -fuzztime $(or $(FUZZTIME),30s) -fuzzminimizetime 5x ./$$(dirname $$file); \
	done

# Tests that have a long form, in it: runs are killed, and their storage fails, at
# every one of their points, where `make test` tries some of each kind.
.PHONY: torture
torture: build $(SERVERS) ## thousands of kills, faults and damages (hours on 2 cores)
	SDL_TORTURE=1 $(TEST) -count=1 -timeout 12h $$(git grep -l SDL_TORTURE -- '*_test.go' | xargs -n 1 dirname | sort -u | sed 's|^|./|')

.PHONY: bench
bench: build ## benchmarks of decoding, resizing, inference and scoring
	$(GO) test -run '^$$' -bench . ./stages/decode/... ./model/...

# The embedded model, from nothing: scenes are drawn, a net trained on them, its
# description and weights put where the next build takes them.
MODEL := $(BIN)/default-model
.PHONY: default-model
default-model: build ## train the model that the program carries anew (6 minutes on 2 cores)
	rm -rf $(MODEL)
	$(BIN)/sdl-batch demo scenes --output $(MODEL)/scenes --seed 7 --train 10000 --val 500 --test 0
	$(BIN)/sdl-batch train --labels $(MODEL)/scenes/labels.parquet --vocab $(MODEL)/scenes/vocab.parquet \
	  --init new:1,1,1,1x0.25 --rows 7 --size 64 --output $(MODEL)/bundle \
	  --epochs 20 --batch 64 --rate 8e-3 --decay 3e-5 --regulariser 0.1
	mkdir -p training/scenes/default
	cp $(MODEL)/bundle/model.json $(MODEL)/bundle/weights.safetensors training/scenes/default/
	$(MAKE) build

.PHONY: bench-scenes
bench-scenes: build ## what the program's model finds on scenes it was not trained on
	$(GO) build -o $(BIN)/sdl-bench ./cmd/sdl-bench
	$(BIN)/sdl-bench scenes

.PHONY: bench-claims
bench-claims: build ## the paper's claims on scenes, three seeds (about an hour on 2 cores)
	$(GO) build -o $(BIN)/sdl-bench ./cmd/sdl-bench
	$(BIN)/sdl-bench claims

.PHONY: bench-train
bench-train: build ## a training step of TResNet-M beside PyTorch's (needs python3-torch)
	$(GO) build -o $(BIN)/sdl-bench ./cmd/sdl-bench
	$(BIN)/sdl-bench train

.PHONY: bench-plan
bench-plan: ## planning a run of 1 and 10 million rows, by the manifest's format
	$(GO) build -o $(BIN)/sdl-bench ./cmd/sdl-bench
	$(BIN)/sdl-bench plan

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BIN)
