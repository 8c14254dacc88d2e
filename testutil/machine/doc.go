// Package machine throws random messages at the whole application, block after
// block, and compares what it does with a model of balances and outcomes that is
// written from the laws of docs/design.md and knows nothing of the keepers. All of
// it is tests: TestMachine, FuzzMarket and `make soak-market`.
package machine
