package bn254_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	ours "github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bn254"
)

// known is a claim and its direct verdict.
type known struct {
	claim *ours.Claim
	err   error
}

// knowns are claims under one key, for batches.
type knowns struct{ valid, invalid []known }

// element returns a field element of full size.
func element(n uint64) fr.Element {
	e := fr.NewElement(n)
	return *e.Inverse(&e)
}

// batchKey returns a key with two inputs and so many commitments; share is a key
// whose pairing points it has, or nil.
func batchKey(n uint64, commitments int, share *trapdoor) *trapdoor {
	d := &trapdoor{alpha: element(n), beta: element(n + 1), gamma: element(n + 2), delta: element(n + 3), g: element(n + 4)}
	if share != nil {
		d.alpha, d.beta, d.gamma, d.delta, d.g = share.alpha, share.beta, share.gamma, share.delta, share.g
	}
	for i := range uint64(3 + commitments) {
		d.k = append(d.k, element(n+5+i))
	}
	for i := range commitments {
		d.committed = append(d.committed, []int{1, 2 + i})
		d.sigma = append(d.sigma, element(n+20+uint64(i)))
	}
	return d
}

// statement returns a proof of inputs, and the inputs.
func (d *trapdoor) statement(n uint64) (*forged, []fr.Element) {
	in := []fr.Element{element(n), fr.NewElement(n)}
	p := &forged{a: element(n + 2), b: element(n + 3)}
	for i := range d.sigma {
		p.commitments = append(p.commitments, element(n+4+uint64(i)))
	}
	d.prove(p, in)
	return p, in
}

// claim claims that p proves inputs.
func claim(t require.TestingT, vk *ours.VerifyingKey, p *forged, in []fr.Element) *ours.Claim {
	parsed, err := ours.ParseProof(p.raw(), len(p.commitments))
	require.NoError(t, err)
	c, err := vk.Claim(parsed, in)
	require.NoError(t, err)
	return c.(*ours.Claim)
}

// parseTrapdoor parses the key.
func parseTrapdoor(t require.TestingT, d *trapdoor) *ours.VerifyingKey {
	vk, err := ours.ParseCanonicalKey(d.key())
	require.NoError(t, err)
	return vk
}

// batchClaims returns claims under four keys: without, with one and with two
// commitments, and a second one that shares what it can with the first. They are
// made once.
func batchClaims(t testing.TB) []knowns {
	t.Helper()
	claimsOnce.Do(func() { claimSets = makeClaims(t) })
	require.NotEmpty(t, claimSets)
	return claimSets
}

var (
	claimsOnce sync.Once
	claimSets  []knowns
)

func makeClaims(t testing.TB) (all []knowns) {
	t.Helper()
	first := batchKey(100, 0, nil)
	for i, d := range []*trapdoor{first, batchKey(200, 1, nil), batchKey(300, 2, nil), batchKey(400, 0, first)} {
		vk := parseTrapdoor(t, d)
		var set knowns
		for n := range uint64(3) {
			p, in := d.statement(1000*uint64(i+1) + 10*n)
			set.valid = append(set.valid, known{claim: claim(t, vk, p, in)})
		}
		p, in := d.statement(1000*uint64(i+1) + 900)
		one := fr.One()
		targets := []*fr.Element{&p.a, &p.b, &p.c, &in[0], &in[1]}
		if len(p.commitments) > 0 {
			targets = append(targets, &p.knowledge, &p.commitments[0], &p.commitments[len(p.commitments)-1])
		}
		for _, e := range targets {
			old := *e
			e.Add(e, &one)
			set.invalid = append(set.invalid, known{claim: claim(t, vk, p, slices.Clone(in))})
			*e = old
		}
		parsed, err := ours.ParseProof(p.raw(), len(p.commitments))
		require.NoError(t, err)
		outsideB := outsideG2(t)
		parsed.B.Add(&parsed.B, &outsideB) // ParseProof leaves the subgroup to the claim
		outside, err := vk.Claim(parsed, in)
		require.NoError(t, err)
		set.invalid = append(set.invalid, known{claim: outside.(*ours.Claim)})
		for j := range set.invalid {
			set.invalid[j].err = set.invalid[j].claim.Verify()
			require.Error(t, set.invalid[j].err)
		}
		for j := range set.valid {
			require.NoError(t, set.valid[j].claim.Verify())
		}
		all = append(all, set)
	}
	return all
}

// requireVerdicts checks a batch's verdicts against the direct ones.
func requireVerdicts(t require.TestingT, batch []known, workers int) {
	claims := make([]*ours.Claim, len(batch))
	for i := range batch {
		claims[i] = batch[i].claim
	}
	got := ours.VerifyBatch(claims, workers)
	require.Len(t, got, len(batch))
	for i := range batch {
		require.Equal(t, batch[i].err, got[i], "claim %d of %d", i, len(batch))
	}
}

// law V7: a batched verdict equals the direct one, whatever the keys, proofs, their
// order and the number of workers.
func TestBatchEqualsDirect(t *testing.T) {
	sets := batchClaims(t)
	rapid.Check(t, func(t *rapid.T) {
		mostlyValid := rapid.IntRange(0, 10).Draw(t, "bad in ten")
		var batch []known
		for range rapid.IntRange(0, 24).Draw(t, "claims") {
			set := sets[rapid.IntRange(0, len(sets)-1).Draw(t, "key")]
			from := set.valid
			if rapid.IntRange(1, 10).Draw(t, "bad") <= mostlyValid {
				from = set.invalid
			}
			batch = append(batch, rapid.SampledFrom(from).Draw(t, "claim"))
		}
		requireVerdicts(t, batch, rapid.IntRange(-1, 4).Draw(t, "workers"))
	})
}

// One bad claim is found wherever it stands, whatever is wrong with it.
func TestBatchOneBadAtEveryPosition(t *testing.T) {
	for _, set := range batchClaims(t) {
		var good []known
		for i := range 19 {
			good = append(good, set.valid[i%len(set.valid)])
		}
		for at := range good {
			batch := slices.Clone(good)
			batch[at] = set.invalid[at%len(set.invalid)]
			requireVerdicts(t, batch, 1+at%2)
		}
	}
}

// The search accepts what a bad claim does not share a segment with: at most eight
// are then verified one by one, whatever is in the batch.
func TestBatchSearch(t *testing.T) {
	set := batchClaims(t)[0]
	claims := make([]*ours.Claim, 128)
	for i := range claims {
		claims[i] = set.valid[i%len(set.valid)].claim
	}
	var mix []*ours.Claim // under one key, and under all
	for _, set := range batchClaims(t) {
		own := []*ours.Claim{set.valid[0].claim, set.valid[1].claim, set.valid[0].claim}
		require.NotContains(t, ours.Accept(own, 1), false)
		mix = append(mix, own...)
	}
	require.NotContains(t, ours.Accept(mix, 2), false)
	require.NotContains(t, ours.Accept(claims, 1), false)
	for _, bad := range [][]int{{0}, {127}, {64}, {5, 6}, {0, 127}, {3, 40, 90, 100}} {
		mixed, segments := slices.Clone(claims), map[int]bool{}
		for _, at := range bad {
			mixed[at], segments[at/8] = set.invalid[at%len(set.invalid)].claim, true
		}
		for i, accepted := range ours.Accept(mixed, 1) {
			if claims[i] != mixed[i] {
				require.False(t, accepted)
			} else if !segments[i/8] {
				require.True(t, accepted, "bad %v: %d", bad, i)
			}
		}
	}
}

// More claims than one equation takes, many keys, and nothing but bad ones.
func TestBatchSizes(t *testing.T) {
	sets := batchClaims(t)
	for _, n := range []int{0, 1, 2, 7, 8, 9, ours.MaxBatch, ours.MaxBatch + 1} {
		var batch []known
		for i := range n {
			set := sets[i%len(sets)]
			batch = append(batch, set.valid[i%len(set.valid)])
		}
		requireVerdicts(t, batch, 2)
		if n > 0 {
			batch[n-1] = sets[0].invalid[0]
			requireVerdicts(t, batch, 3)
		}
	}
	var bad []known
	for i := range 40 {
		bad = append(bad, sets[i%len(sets)].invalid[i%5])
	}
	requireVerdicts(t, bad, 2)
	var distinct []known // a key each: what a search costs is bounded
	for i := range uint64(20) {
		d := batchKey(5000+100*i, int(i%2), nil)
		p, in := d.statement(77 + i)
		if i%5 == 0 {
			p.c.Double(&p.c)
		}
		k := known{claim: claim(t, parseTrapdoor(t, d), p, in)}
		k.err = k.claim.Verify()
		require.Equal(t, i%5 == 0, k.err != nil)
		distinct = append(distinct, k)
	}
	requireVerdicts(t, distinct, 1)
}

// Regression against sums without coefficients: pairs of false proofs whose errors
// cancel, and a proof whose two equations cancel each other.
func TestBatchCancellingErrors(t *testing.T) {
	d := batchKey(600, 1, nil)
	vk := parseTrapdoor(t, d)
	shift := element(4242)
	for name, forge := range map[string]func(p, q *forged){
		"C": func(p, q *forged) { p.c.Add(&p.c, &shift); q.c.Sub(&q.c, &shift) },
		"A": func(p, q *forged) { // with one B for both
			q.b = p.b
			p.a.Add(&p.a, &shift)
			q.a.Sub(&q.a, &shift)
		},
		"proof of knowledge": func(p, q *forged) { p.knowledge.Add(&p.knowledge, &shift); q.knowledge.Sub(&q.knowledge, &shift) },
		"both equations": func(p, q *forged) {
			for _, e := range []*forged{p, q} {
				var term fr.Element // δ·error of C = G·error of the proof
				e.c.Add(&e.c, &shift)
				term.Mul(&shift, &d.delta)
				e.knowledge.Add(&e.knowledge, term.Div(&term, &d.g))
			}
		},
	} {
		var claims []*ours.Claim
		p, in := d.statement(50)
		q, other := d.statement(60)
		if name == "A" {
			q.b = p.b
			d.prove(q, other)
		}
		require.NoError(t, claim(t, vk, p, in).Verify())
		require.NoError(t, claim(t, vk, q, other).Verify())
		forge(p, q)
		claims = append(claims, claim(t, vk, p, in), claim(t, vk, q, other))
		holds, err := ours.HoldsUnweighted(claims)
		require.NoError(t, err)
		require.True(t, holds, "%s: the errors must cancel, or this tests nothing", name)
		for _, batch := range [][]*ours.Claim{claims, {claims[1], claims[0]}, append(claims, claims...)} {
			for i, err := range ours.VerifyBatch(batch, 1) {
				require.ErrorIs(t, err, proof.ErrInvalidProof, name)
				require.Equal(t, batch[i].Verify(), err)
			}
		}
	}
}

// law V7: coefficients are a function of the whole batch: of every part of every
// claim, of the keys and of the order.
func TestBatchCoefficients(t *testing.T) {
	sets := batchClaims(t)
	x, y := sets[0].valid[0].claim, sets[0].valid[1].claim
	batches := [][]*ours.Claim{{x}, {x, y}, {y, x}, {x, x}, {x, y, x}, {x, sets[1].valid[0].claim}}
	for _, k := range sets[2].invalid { // one proof with another part changed in each
		batches = append(batches, []*ours.Claim{x, k.claim})
	}
	d := batchKey(100, 0, nil)
	p, in := d.statement(77)
	for _, other := range []*trapdoor{d, batchKey(400, 0, d)} {
		batches = append(batches, []*ours.Claim{x, claim(t, parseTrapdoor(t, other), p, in)})
	}
	seen := map[string]int{}
	for i, batch := range batches {
		coefficients := ours.Coefficients(batch)
		require.Equal(t, coefficients, ours.Coefficients(slices.Clone(batch)))
		for _, c := range coefficients {
			require.NotContains(t, seen, c, "batch %d", i)
			seen[c] = i
		}
	}
	for i := range 3 { // a·P + b·φ(P) is (a + b·λ)·P
		require.True(t, ours.ScalesByValue([]*ours.Claim{sets[i].valid[0].claim, y}))
	}
}

// What is no claim at all gets the verdict that it would get alone, and changes
// none of the others.
func TestBatchOfNothing(t *testing.T) {
	require.Empty(t, ours.VerifyBatch(nil, 1))
	sets := batchClaims(t)
	claims := []*ours.Claim{sets[0].valid[0].claim, nil, sets[0].invalid[0].claim, {}, sets[1].valid[0].claim}
	got := ours.VerifyBatch(claims, 2)
	require.NoError(t, got[0])
	require.ErrorIs(t, got[1], proof.ErrInternal)
	require.Equal(t, sets[0].invalid[0].err, got[2])
	require.ErrorIs(t, got[3], proof.ErrInternal)
	require.NoError(t, got[4])
}

// Claims and keys are shared by batches that run at once.
func TestBatchConcurrent(t *testing.T) {
	sets := batchClaims(t)
	var batch []known
	for i := range 12 {
		set := sets[i%3]
		batch = append(batch, set.valid[i%3])
		if i%5 == 4 {
			batch = append(batch, set.invalid[i%len(set.invalid)])
		}
	}
	var wg sync.WaitGroup
	claims := make([]*ours.Claim, len(batch))
	for i := range batch {
		claims[i] = batch[i].claim
	}
	var got [4][]error
	for i := range got {
		wg.Go(func() { got[i] = ours.VerifyBatch(claims, 2) })
	}
	wg.Wait()
	for i, k := range batch {
		for _, errs := range got {
			require.Equal(t, k.err, errs[i])
		}
		require.Equal(t, k.err, k.claim.Verify())
	}
}
