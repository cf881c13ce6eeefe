# The tasks of this repository; CI runs exactly these. `make` lists them.

.DEFAULT_GOAL := help
.PHONY: help run web test lint fmt bench

help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build Hookyard and start it; TO=http://127.0.0.1:3000/hooks also delivers there
	scripts/web.sh --if-possible
	cargo run --release --bin hookyard -- dev $(if $(TO),--to $(TO))

web: ## Build the dashboard, which the next build takes into the binary
	scripts/web.sh

test: ## Run every test
	scripts/test.sh

lint: ## Check format, lints, licences and unused dependencies
	scripts/lint.sh

fmt: ## Format the code
	cargo fmt --all

bench: ## Measure against bare hyper; ARGS="--quick" or ARGS="--only e2e,latency" for less
	cargo build --release --bin hookyard --bin hookyard-bench
	target/release/hookyard-bench --hookyard target/release/hookyard --out target/bench.json $(ARGS)
