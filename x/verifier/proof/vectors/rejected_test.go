package vectors_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
)

// minMutations is the least number of mutations of each valid proof that must be
// refused.
const minMutations = 300

// refusals counts what was refused for one proof.
type refusals struct {
	key prepared
	row vectors.Row
	// total counts all, regions those of each region.
	total   int
	regions map[string]int
	// subgroup counts points that were refused for their subgroup.
	subgroup int
}

// refuse expects an error for a mutation of a region.
func (r *refusals) refuse(t testing.TB, region, what string, err error) {
	t.Helper()
	requireRefused(t, err, r.row.Name+", "+region+": "+what)
	r.total++
	r.regions[region]++
	if strings.Contains(err.Error(), "subgroup") {
		r.subgroup++
	}
}

// Every mutation of a valid proof, of its statement, key or constants is refused
// with a proper error, whatever region it is in (laws V4, V6).
func TestMutationsAreRefused(t *testing.T) {
	for _, set := range sets(t) {
		for _, row := range set.Rows {
			for _, id := range row.VerifiesUnder {
				t.Run(set.Name+"/"+row.Name, func(t *testing.T) {
					t.Parallel()
					r := &refusals{key: prepare(t, set.Key(t, id)), row: row, regions: map[string]int{}}
					require.NoError(t, verify(r.key.parsed, row.Program, row.Digest, row.PublicValues, row.Proof))
					r.proofs(t)
					r.statements(t)
					r.publicValues(t)
					r.keys(t)
					r.constants(t)
					for _, other := range set.Keys {
						if other.ID != id {
							k := prepare(t, other)
							r.refuse(t, "key id", other.ID, verify(k.parsed, row.Program, row.Digest, row.PublicValues, row.Proof))
						}
					}
					t.Logf("%d mutations refused: %v", r.total, r.regions)
					require.GreaterOrEqual(t, r.total, minMutations)
					for _, region := range []string{"proof", "program", "digest", "public values", "key", "constants"} {
						require.GreaterOrEqual(t, r.regions[region], 10, region)
					}
					require.Positive(t, r.subgroup)
				})
			}
		}
	}
}

// proofs changes the proof.
func (r *refusals) proofs(t *testing.T) {
	t.Helper()
	base := wordsAt(r.key.Family)
	changes := newChanger("proof "+r.row.Name, r.row.Proof).bytes(1<<10).lengths().words(base).points(t, base, 32)
	for _, c := range changes.out {
		r.refuse(t, "proof", c.what, verify(r.key.parsed, r.row.Program, r.row.Digest, r.row.PublicValues, c.value))
	}
	if r.key.parsed.Shape().System == proof.SystemGroth16 {
		// Documented (law V8): these are proofs of the same statement.
		const size = 256 // of A, B and C, which come last
		start := len(r.row.Proof) - size
		if r.key.Family == "groth16" { // first, there
			start = 0
		}
		for _, points := range vectors.Malleate(t, r.row.Proof[start:start+size]) {
			bz := slices.Concat(r.row.Proof[:start], points, r.row.Proof[start+size:])
			require.NoError(t, verify(r.key.parsed, r.row.Program, r.row.Digest, r.row.PublicValues, bz))
		}
	}
}

// wordsAt returns the offset of the first word of a family's proofs.
func wordsAt(family string) int {
	if family == "groth16" || family == "pico" {
		return 0
	}
	return 4 // after the selector
}

// statements changes program and digest, and exchanges them.
func (r *refusals) statements(t *testing.T) {
	t.Helper()
	for _, c := range newChanger("program "+r.row.Name, r.row.Program[:]).bytes(32).words(0).out {
		r.refuse(t, "program", c.what, verify(r.key.parsed, [32]byte(c.value), r.row.Digest, r.row.PublicValues, r.row.Proof))
	}
	for _, c := range newChanger("digest "+r.row.Name, r.row.Digest[:]).bytes(32).words(0).out {
		r.refuse(t, "digest", c.what, verify(r.key.parsed, r.row.Program, [32]byte(c.value), nil, r.row.Proof))
	}
	r.refuse(t, "program", "exchanged with digest", verify(r.key.parsed, r.row.Digest, r.row.Program, nil, r.row.Proof))
}

// publicValues changes the public values, for the same digest and for their own.
// Where they were not published, anything stands for them.
func (r *refusals) publicValues(t *testing.T) {
	t.Helper()
	values := r.row.PublicValues
	if values == nil {
		values = bytes.Repeat([]byte{7}, 32)
	}
	for _, c := range newChanger("values "+r.row.Name, values).bytes(64).lengths().words(0).out {
		r.refuse(t, "public values", c.what, verify(r.key.parsed, r.row.Program, r.row.Digest, c.value, r.row.Proof))
		r.refuse(t, "public values", c.what+", with their digest",
			verify(r.key.parsed, r.row.Program, r.key.parsed.Digest(c.value), c.value, r.row.Proof))
	}
}

// keys changes the canonical key, and the published one.
func (r *refusals) keys(t *testing.T) {
	t.Helper()
	f, curve := family(t, r.key.Key), r.key.Curve
	check := func(bz []byte, program [32]byte) error {
		k, err := f.Parse(curve, bz, r.key.Constants)
		if err != nil {
			return err
		}
		return verify(k, program, r.row.Digest, r.row.PublicValues, r.row.Proof)
	}
	changes := newChanger("key "+r.row.Name, r.key.canonical).bytes(128).lengths().counts().points(t, 0, 32).points(t, 4, 32)
	if r.key.parsed.Shape().System == proof.SystemPlonk {
		changes.points(t, 8, 8)
	}
	for _, c := range changes.out {
		own := r.row.Program
		if f.Permissionless() {
			r.refuse(t, "key", c.what, check(c.value, r.row.Program))
			own = proof.CircuitID(f.Name(), curve, c.value)
		}
		if r.unused(c.what) {
			require.NoError(t, check(c.value, own), c.what)
			continue
		}
		r.refuse(t, "key", c.what, check(c.value, own))
	}
	if bytes.Equal(r.key.Published, r.key.canonical) {
		return
	}
	for _, c := range newChanger("published "+r.row.Name, r.key.Published).bytes(64).lengths().out {
		canonical, err := f.Canonicalize(curve, c.value)
		if err == nil {
			require.NotEqual(t, r.key.canonical, canonical, "%s: one key in two forms", c.what)
			err = check(canonical, r.row.Program)
		}
		r.refuse(t, "published key", c.what, err)
	}
}

// unused reports a change that is documented to change nothing: β₁ and δ₁ of a
// Groth16 key take no part in verification. In SP1 they are part of the selector.
func (r *refusals) unused(what string) bool {
	return !strings.HasPrefix(r.key.Family, "sp1-") &&
		slices.Contains([]string{generator + " at 64", generator + " at 384"}, what)
}

// constants changes, drops, adds, renames and exchanges the constants.
func (r *refusals) constants(t *testing.T) {
	t.Helper()
	check := func(what string, constants []proof.Constant) {
		k, err := family(t, r.key.Key).Parse(r.key.Curve, r.key.canonical, constants)
		if err == nil {
			err = verify(k, r.row.Program, r.row.Digest, r.row.PublicValues, r.row.Proof)
		}
		r.refuse(t, "constants", what, err)
	}
	set := func(i int, c proof.Constant) []proof.Constant {
		out := slices.Clone(r.key.Constants)
		out[i] = c
		return out
	}
	for _, name := range []string{"", "a", "control_id", "control_root", "vk_root", "zz"} {
		extra := append(slices.Clone(r.key.Constants), proof.Constant{Name: name, Value: make([]byte, 32)})
		check("added "+name, extra)
		check("added first "+name, append(extra[len(extra)-1:], r.key.Constants...))
	}
	for i, c := range r.key.Constants {
		check("dropped "+c.Name, slices.Delete(slices.Clone(r.key.Constants), i, i+1))
		check("renamed "+c.Name, set(i, proof.Constant{Name: c.Name + "_", Value: c.Value}))
		for j := range i {
			swapped := slices.Clone(r.key.Constants)
			swapped[i].Value, swapped[j].Value = swapped[j].Value, swapped[i].Value
			check(fmt.Sprintf("values of %d and %d exchanged", i, j), swapped)
		}
		for _, m := range newChanger("constant "+c.Name+r.row.Name, c.Value).bytes(32).lengths().words(0).out {
			check(c.Name+": "+m.what, set(i, proof.Constant{Name: c.Name, Value: m.value}))
		}
	}
}
