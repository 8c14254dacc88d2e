package main

import (
	"fmt"
	"strconv"
	"strings"
)

// row is one line of the table.
type row struct{ what, figure, beside, ratio, goal string }

// table writes the rows in Markdown.
func table(rows []row) string {
	var b strings.Builder
	b.WriteString("| what | figure | beside it | ratio | goal |\n|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.what, r.figure, r.beside, r.ratio, r.goal)
	}
	return b.String()
}

// section is some benchmarks and what the table says of them.
type section struct {
	runs []run
	rows func(results) ([]row, error)
}

// sections are all of them; requests and worlds are about the market's worlds.
func sections(rounds, requests int, worlds string) []section {
	const e2e = "./testutil/e2e"
	times := strconv.Itoa(rounds) + "x"
	list := []section{
		{[]run{
			{pkg: "./x/verifier/proof/batch", bench: "Batch$/bn254", benchtime: "20x", cpus: 1},
			{pkg: "./x/verifier/proof/batch", bench: "Batch$/bn254", benchtime: "20x"},
		}, proofRows},
		{[]run{
			{pkg: e2e, bench: "Lifecycle/^(sends|sends-seen|sends-one-account|market|market-seen|batches)$", benchtime: times},
			{pkg: e2e, bench: "Lifecycle/stock-fees$/block-stm", benchtime: times},
			{pkg: e2e, bench: "Share", benchtime: "15x"},
			{pkg: e2e, bench: "Executions", benchtime: "3x", once: true},
		}, lifeRows},
	}
	if requests > 0 {
		env := []string{fmt.Sprintf("BENCH_REQUESTS=%d", requests), "BENCH_WORLDS=" + worlds, "GOMEMLIMIT=8GiB"}
		list = append(list, section{[]run{
			{pkg: "./x/market/keeper", bench: "Market", benchtime: "40x", env: env, once: true},
		}, func(r results) ([]row, error) { return worldRows(r, requests) }})
	}
	return list
}

// proofRows tell what a proof of a batch costs.
func proofRows(found results) ([]row, error) {
	r := reader{results: found}
	const batch, unit = 128, "ns/op"
	var rows []row
	for _, kind := range []struct{ name, what string }{
		{"no_commitment", "two inputs"}, {"one_commitment", "one commitment"},
	} {
		at := "Batch/bn254/" + kind.name
		gnark := r.median(at+"/gnark/verify@1", unit)
		for _, cores := range []struct{ suffix, name, goal string }{{"@1", "one core", "≥ 4"}, {"", "all cores", "≥ 5"}} {
			clean := r.median(fmt.Sprintf("%s/%d%s", at, batch, cores.suffix), unit)
			bad := r.median(fmt.Sprintf("%s/%d_with_a_bad_one%s", at, batch, cores.suffix), unit)
			rows = append(rows,
				row{
					fmt.Sprintf("Groth16, %s, %d proofs under one key, %s", kind.what, batch, cores.name),
					fmt.Sprintf("%.0f µs a proof", clean/batch/1e3), fmt.Sprintf("gnark's Verify, one core: %.0f µs", gnark/1e3), ratio(gnark / (clean / batch)), cores.goal,
				},
				row{
					"the same with one bad proof",
					fmt.Sprintf("%.1f ms", bad/1e6), fmt.Sprintf("clean: %.1f ms", clean/1e6), ratio(bad / clean), "≤ 2",
				})
		}
	}
	return rows, r.missing
}

// perLifecycle is how many messages a request takes with three bidders.
const perLifecycle = 8

// What go-ethereum does of the same lifecycles, with contracts and a verifier that looks
// at no proof: measured elsewhere, between blocks of 500 and of 50.
const referenceLow, referenceHigh = 60, 110

// lifeRows tell what lifecycles cost.
func lifeRows(found results) ([]row, error) {
	r := reader{results: found}
	rate := func(name, unit string) float64 { return r.median("Lifecycle/"+name, unit) }
	const messages, lives = "messages/s", "lifecycles/s"
	per := func(what, name, beside, besideName, unit, goal string) row {
		a, b := rate(name, unit), rate(besideName, unit)
		return row{what, fmt.Sprintf("%.0f %s", a, unit), fmt.Sprintf("%s: %.0f", beside, b), ratio(a / b), goal}
	}
	processor := func(what, name, goal string) row {
		const unit = "cpu-µs/lifecycle"
		a, b := rate(name, unit), rate("sends/sequential", unit)
		return row{what, fmt.Sprintf("%.0f µs a lifecycle", a), fmt.Sprintf("%d plain sends: %.0f µs", perLifecycle, b), ratio(a / b), goal}
	}
	share := func(what, name, goal string) row {
		took := r.median("Share/"+name, "finalize-µs/lifecycle") + r.median("Share/"+name, "commit-µs/lifecycle")
		return row{
			"lifecycles in turns with as many sends, " + what, fmt.Sprintf("%.0f µs a lifecycle", took), "of the sends' messages/s",
			ratio(r.median("Share/"+name, "of-sends")), goal,
		}
	}
	batches := rate("batches/sequential", lives)
	rows := []row{
		per("lifecycles, one message a transaction", "market/sequential", "plain sends", "sends/sequential", messages, ""),
		per("the same, after CheckTx", "market-seen/sequential", "plain sends, after CheckTx", "sends-seen/sequential", messages, ""),
		share("sequential", "market/sequential", "≥ 0.6"), share("Block-STM", "market/defaults", "≥ 0.6"),
		share("sequential, after CheckTx", "market-seen/sequential", ""), share("Block-STM, after CheckTx", "market-seen/defaults", ""),
		processor("processor time of lifecycles, one message a transaction", "market/sequential", "≤ 1.67"),
		processor("processor time of lifecycles, batches of 32", "batches/sequential", ""),
		{
			"lifecycles, batches of 32", fmt.Sprintf("%.0f %s", batches, lives), fmt.Sprintf("reference, unbatched: %d to %d", referenceLow, referenceHigh),
			fmt.Sprintf("%.1f to %.1f", batches/referenceHigh, batches/referenceLow), "≥ 10",
		},
		per("the same", "batches/sequential", "one message a transaction", "market/sequential", lives, ""),
	}
	for _, l := range []struct{ what, name string }{
		{"plain sends", "sends"}, {"lifecycles", "market"}, {"lifecycles, batches of 32", "batches"},
	} {
		rows = append(rows, per("Block-STM, "+l.what, l.name+"/block-stm", "sequential", l.name+"/sequential", messages, "≥ 1.5"))
	}
	rows = append(rows, per("Block-STM, sends all of one account", "sends-one-account/block-stm", "sequential", "sends-one-account/sequential", messages, ""))
	rows = append(rows,
		per("Block-STM, plain sends, our fee collection", "sends/block-stm", "the SDK's", "sends-stock-fees/block-stm", messages, ""),
		per("Block-STM, lifecycles, our fee collection", "market/block-stm", "the SDK's", "market-stock-fees/block-stm", messages, ""))
	for _, l := range []struct{ what, name string }{{"plain sends", "sends"}, {"lifecycles", "market"}} {
		for _, count := range []struct{ what, unit, goal string }{
			{"executions", "executed/tx", "1 if unrelated"}, {"validations", "validated/tx", ""},
		} {
			ours, stock := r.median("Executions/"+l.name, count.unit), r.median("Executions/"+l.name+"-stock-fees", count.unit)
			rows = append(rows, row{
				count.what + " of a transaction, " + l.what, fmt.Sprintf("%.2f", ours),
				fmt.Sprintf("the SDK's fee collection: %.2f", stock), ratio(ours / stock), count.goal,
			})
		}
	}
	return rows, r.missing
}

// worldRows tell how cost grows with the number of open requests.
func worldRows(found results, requests int) ([]row, error) {
	r := reader{results: found}
	const smallest = 1_000
	var rows []row
	for _, m := range []struct{ what, name string }{
		{"request", "request"},
		{"bid", "bid"},
		{"bid on an old request", "bid_anywhere"},
		{"reveal", "reveal"},
		{"proof, without its verification", "submit_proof"},
		{"refund", "refund"},
		{"end of block, nothing due", "end_block_idle"},
		{"end of block, ten refunds", "end_block_refunds"},
		{"end of block, ten closings", "end_block_closings"},
	} {
		unit := func(n int) string { return fmt.Sprintf("µs/%07d", n) }
		large, small := r.median("Market/"+m.name, unit(requests)), r.median("Market/"+m.name, unit(smallest))
		outside := r.median("Market/"+m.name, "outside-"+unit(requests)) / r.median("Market/"+m.name, "outside-"+unit(smallest))
		rows = append(rows, row{
			fmt.Sprintf("%s, %d requests open", m.what, requests), fmt.Sprintf("%.0f µs", large),
			fmt.Sprintf("%d open: %.0f µs", smallest, small), ratio(large/small) + ", without the database " + ratio(outside), "≤ 1.2",
		})
	}
	return rows, r.missing
}

// ratio writes what one figure is of another.
func ratio(of float64) string { return fmt.Sprintf("%.2f", of) }
