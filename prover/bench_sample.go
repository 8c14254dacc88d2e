package prover

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark/backend/groth16"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/backend/gnark"
	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/demo"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	groth16family "github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
)

// maxSampleSize bounds the sample circuit, in constraints.
const maxSampleSize = 1 << 24

// sampleCircuit is the demonstration's circuit some times over: each part states
// that it is the same chunk of the same file, so all have the same public values.
type sampleCircuit struct {
	Root  frontend.Variable `gnark:",public"`
	Index frontend.Variable `gnark:",public"`
	Parts []samplePart
}

type samplePart struct {
	Length frontend.Variable
	Words  [demo.WordsPerChunk]frontend.Variable
	Path   [demo.Depth]frontend.Variable
}

// Define implements frontend.Circuit.
func (c *sampleCircuit) Define(api frontend.API) error {
	for _, p := range c.Parts {
		one := demo.Circuit{Root: c.Root, Index: c.Index, Length: p.Length, Words: p.Words, Path: p.Path}
		if err := one.Define(api); err != nil {
			return err
		}
	}
	return nil
}

// samples are programs for backends that prove circuits; none where there is no such
// backend.
func (b *bencher) samples(ctx context.Context, set *backend.Set) (out []benchProgram, err error) {
	serves := func(n backend.Named) bool {
		return n.Serves(chain.CircuitVerifier) && (len(b.cfg.Backends) == 0 || slices.Contains(b.cfg.Backends, n.Name))
	}
	if !slices.ContainsFunc(set.All(), serves) {
		return nil, nil
	}
	b.progress("making the keys of the sample circuit, once")
	keys, err := inBackground(ctx, func() (*demo.Keys, error) { return demo.LoadKeys(b.cfg.KeysDir) })
	if err != nil {
		return nil, err
	}
	sizes := slices.Clone(b.cfg.Sizes)
	if len(sizes) == 0 {
		sizes = []uint64{uint64(keys.Constraints)}
	}
	slices.Sort(sizes)
	made := make(map[int]bool)
	for _, size := range sizes {
		parts := int((size + uint64(keys.Constraints) - 1) / uint64(keys.Constraints))
		if made[parts] {
			continue
		}
		made[parts] = true
		if parts > 1 {
			b.progress("making the keys of a circuit of about %d constraints", parts*keys.Constraints)
		}
		p, err := inBackground(ctx, func() (benchProgram, error) { return sampleProgram(keys, parts) })
		if err != nil {
			return nil, fmt.Errorf("sample circuit: %w", err)
		}
		out = append(out, p)
	}
	return out, nil
}

// inBackground waits for f as long as ctx lets it: gnark's setup cannot be
// interrupted, and ends with the process.
func inBackground[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	go func() {
		v, err := f()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.v, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// sampleProgram is the demonstration's circuit so many times over. keys are those of
// one.
func sampleProgram(keys *demo.Keys, parts int) (p benchProgram, err error) {
	one, err := sampleAssignment()
	if err != nil {
		return p, err
	}
	image, rawKey := keys.Image, keys.VerifyingKey
	var assignment frontend.Circuit = one
	if parts > 1 {
		assignment = repeated(one, parts)
		if image, rawKey, err = setUpSample(&sampleCircuit{Parts: make([]samplePart, parts)}); err != nil {
			return p, err
		}
	}
	w, err := frontend.NewWitness(assignment, ecc.BN254.ScalarField())
	if err != nil {
		return p, fmt.Errorf("make the witness: %w", err)
	}
	if p.input, err = w.MarshalBinary(); err != nil {
		return p, fmt.Errorf("write the witness: %w", err)
	}
	if p.key, err = groth16family.Family.Parse(demo.Curve, rawKey, nil); err != nil {
		return p, err
	}
	// The witness starts with three u32; its values follow, public ones first.
	const header, word, public = 12, 32, 2
	p.name, p.image, p.hasDigest = fmt.Sprintf("%d sample circuits in one", parts), image, true
	if parts == 1 {
		p.name = "sample circuit"
	}
	p.statement = backend.Statement{
		Verifier: chain.CircuitVerifier, Program: proof.CircuitID(demo.Family, demo.Curve, rawKey),
		Digest: p.key.Digest(p.input[header : header+public*word]),
	}
	return p, nil
}

func sampleAssignment() (*demo.Circuit, error) {
	tree, err := demo.NewTree(bytes.Repeat([]byte("proofmarket"), demo.ChunkSize))
	if err != nil {
		return nil, err
	}
	return tree.Assignment(1)
}

// repeated is an assignment so many times over.
func repeated(one *demo.Circuit, parts int) *sampleCircuit {
	all := &sampleCircuit{Root: one.Root, Index: one.Index, Parts: make([]samplePart, parts)}
	for i := range all.Parts {
		all.Parts[i] = samplePart{Length: one.Length, Words: one.Words, Path: one.Path}
	}
	return all
}

// setUpSample makes an image and a verifying key.
func setUpSample(circuit frontend.Circuit) (image, key []byte, err error) {
	gnark.Quiet()
	system, err := frontend.Compile(ecc.BN254.ScalarField(), r1cs.NewBuilder, circuit)
	if err != nil {
		return nil, nil, fmt.Errorf("compile the circuit: %w", err)
	}
	pk, vk, err := groth16.Setup(system)
	if err != nil {
		return nil, nil, fmt.Errorf("set the circuit up: %w", err)
	}
	var to, raw bytes.Buffer
	if err := gnark.WriteImage(&to, system, pk); err != nil {
		return nil, nil, fmt.Errorf("write the image: %w", err)
	}
	if _, err := vk.WriteRawTo(&raw); err != nil {
		return nil, nil, fmt.Errorf("write the verifying key: %w", err)
	}
	return to.Bytes(), raw.Bytes(), nil
}
