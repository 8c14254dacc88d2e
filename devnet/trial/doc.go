// Package trial tries whole networks out, in tests that take long: TestChaos injects
// faults into one under load (make test-chaos), TestLoadTable measures some (make
// load-table), TestLatency how long requests wait on a quiet one (make latency).
package trial
