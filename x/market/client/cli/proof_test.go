package cli

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/proofmarket/proofmarket/x/market/types"
	"github.com/proofmarket/proofmarket/x/verifier/offline"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// fakeVerifiers is what the chain knows of verifiers, circuits and programs.
type fakeVerifiers struct {
	verifiertypes.QueryClient
	verifiers map[string]verifiertypes.Verifier
	circuits  map[string]verifiertypes.Circuit
	programs  map[string]verifiertypes.Program // by publisher/name
}

func (q fakeVerifiers) Verifier(_ context.Context, req *verifiertypes.QueryVerifierRequest, _ ...grpc.CallOption) (*verifiertypes.QueryVerifierResponse, error) {
	v, ok := q.verifiers[req.Id]
	if !ok {
		return nil, status.Error(codes.NotFound, "no such verifier")
	}
	return &verifiertypes.QueryVerifierResponse{Verifier: v}, nil
}

func (q fakeVerifiers) Circuit(_ context.Context, req *verifiertypes.QueryCircuitRequest, _ ...grpc.CallOption) (*verifiertypes.QueryCircuitResponse, error) {
	c, ok := q.circuits[req.Id]
	if !ok {
		return nil, status.Error(codes.NotFound, "no such circuit")
	}
	return &verifiertypes.QueryCircuitResponse{Circuit: c}, nil
}

func (q fakeVerifiers) ProgramByName(_ context.Context, req *verifiertypes.QueryProgramByNameRequest, _ ...grpc.CallOption) (*verifiertypes.QueryProgramByNameResponse, error) {
	p, ok := q.programs[req.Publisher+"/"+req.Name]
	if !ok {
		return nil, status.Error(codes.NotFound, "no such record")
	}
	return &verifiertypes.QueryProgramByNameResponse{Program: p}, nil
}

// fakeMarket has one request, perhaps with a proof.
type fakeMarket struct {
	types.QueryClient
	statement verifiertypes.Statement
	proof     *types.Proof
}

func (q fakeMarket) Request(_ context.Context, req *types.QueryRequestRequest, _ ...grpc.CallOption) (*types.QueryRequestResponse, error) {
	if req.Id != hash {
		return nil, status.Error(codes.NotFound, "no such request")
	}
	return &types.QueryRequestResponse{View: types.RequestView{Request: types.Request{Id: hash, Statement: q.statement}}}, nil
}

func (q fakeMarket) Proof(_ context.Context, req *types.QueryProofRequest, _ ...grpc.CallOption) (*types.QueryProofResponse, error) {
	if req.RequestId != hash || q.proof == nil {
		return nil, types.ErrNoProof
	}
	return &types.QueryProofResponse{Statement: q.statement, Proof: *q.proof}, nil
}

func TestEnvelope(t *testing.T) {
	query := fakeVerifiers{
		circuits: map[string]verifiertypes.Circuit{hash: {Family: "groth16", Curve: "bn254", Key: []byte{7}}},
		verifiers: map[string]verifiertypes.Verifier{"sp1/v9": {
			Family: "sp1-groth16", Curve: "bn254", Key: []byte{8}, Constants: []verifiertypes.Constant{{Name: "vk_root", Value: []byte{9}}},
		}},
	}
	fields := func(st verifiertypes.Statement, p types.Proof, byID bool) map[string]any {
		e, err := keySource{query}.envelope(t.Context(), st, p, byID)
		require.NoError(t, err)
		bz, err := json.Marshal(e)
		require.NoError(t, err)
		var m map[string]any
		require.NoError(t, json.Unmarshal(bz, &m))
		return m
	}
	st := verifiertypes.Statement{Verifier: "circuit", Program: hash, Digest: hash}
	require.Equal(t, map[string]any{
		"family": "groth16", "curve": "bn254", "key": "0x07", "program": "0x" + hash, "digest": "0x" + hash, "public_values": "0x01", "proof": "0x02",
	}, fields(st, types.Proof{Proof: []byte{2}, PublicValues: []byte{1}}, false))
	st.Verifier = "sp1/v9"
	require.Equal(t, map[string]any{
		"verifier": "sp1/v9", "program": "0x" + hash, "digest": "0x" + hash, "proof": "0x02",
	}, fields(st, types.Proof{Proof: []byte{2}}, true))
	require.Equal(t, map[string]any{
		"family": "sp1-groth16", "curve": "bn254", "key": "0x08", "constants": map[string]any{"vk_root": "0x09"},
		"program": "0x" + hash, "digest": "0x" + hash, "proof": "0x02",
	}, fields(st, types.Proof{Proof: []byte{2}}, false))

	for _, st := range []verifiertypes.Statement{
		{Verifier: "circuit", Program: strings.Repeat("cd", 32), Digest: hash},
		{Verifier: "sp1/v10", Program: hash, Digest: hash},
		{Verifier: "sp1/v9", Program: "", Digest: hash},
	} {
		_, err := keySource{query}.envelope(t.Context(), st, types.Proof{}, false)
		require.Error(t, err)
	}
}

// published returns the published RISC Zero proof of a built-in release, and the
// chain that would verify it.
func published(t testing.TB) (vectors.Row, fakeMarket, fakeVerifiers) {
	t.Helper()
	b, err := offline.BuiltIn("risc0-groth16/v3.0")
	require.NoError(t, err)
	set := vectors.Risc0(t)
	for _, r := range set.Rows {
		constants := set.Key(t, r.VerifiesUnder[0]).Constants
		if proof.KeyHash("", "", nil, constants) != proof.KeyHash("", "", nil, b.Constants) {
			continue
		}
		v := verifiertypes.Verifier{Id: b.ID, Family: b.Family, Curve: b.Curve, Key: b.Key}
		for _, c := range constants {
			v.Constants = append(v.Constants, verifiertypes.Constant{Name: c.Name, Value: c.Value})
		}
		st := verifiertypes.Statement{Verifier: b.ID, Program: hex.EncodeToString(r.Program[:]), Digest: hex.EncodeToString(r.Digest[:])}
		return r, fakeMarket{statement: st, proof: &types.Proof{Proof: r.Proof}}, fakeVerifiers{verifiers: map[string]verifiertypes.Verifier{b.ID: v, "risc0-groth16/own": v}}
	}
	require.Fail(t, "no proof under the built-in key")
	return vectors.Row{}, fakeMarket{}, fakeVerifiers{}
}

// A request is verified offline with nothing but what was fetched.
func TestFetchRequest(t *testing.T) {
	r, market, verifiers := published(t)
	for _, id := range []string{market.statement.Verifier, "risc0-groth16/own"} {
		market.statement.Verifier = id
		f, note, err := fetchRequest(t.Context(), market, verifiers, "0x"+hash, true)
		require.NoError(t, err)
		require.Empty(t, note)
		require.Equal(t, id, f.Verifier)
		v, err := offline.VerifyFiles(f.Envelope, nil, nil)
		require.NoError(t, err)
		require.True(t, v.Valid, v.Reason)

		f, _, err = fetchRequest(t.Context(), market, verifiers, hash, false)
		require.NoError(t, err)
		require.Empty(t, f.Envelope.Proof)
		v, err = offline.VerifyFiles(f.Envelope, r.Proof, r.PublicValues)
		require.NoError(t, err)
		require.True(t, v.Valid, v.Reason)
	}

	_, _, err := fetchRequest(t.Context(), fakeMarket{statement: market.statement}, verifiers, hash, true)
	require.ErrorIs(t, err, types.ErrNoProof)
	require.ErrorContains(t, err, "--proof")
	_, _, err = fetchRequest(t.Context(), market, verifiers, hash[2:]+"00", false)
	require.ErrorContains(t, err, "no such request")
	_, _, err = fetchRequest(t.Context(), market, verifiers, "x", false)
	require.ErrorContains(t, err, "hex digits")
	_, _, err = fetchRequest(t.Context(), market, fakeVerifiers{}, hash, true)
	require.ErrorContains(t, err, "marketd query verifier verifiers")
}

// law V1: an id stands for one key. A node that gives another is found out.
func TestFetchRequestNotesAnotherKey(t *testing.T) {
	_, market, verifiers := published(t)
	id := market.statement.Verifier
	for name, change := range map[string]func(v *verifiertypes.Verifier){
		"another key":           func(v *verifiertypes.Verifier) { v.Key = append([]byte{1}, v.Key[1:]...) },
		"another constant":      func(v *verifiertypes.Verifier) { v.Constants[0].Value = []byte{1} },
		"a constant less":       func(v *verifiertypes.Verifier) { v.Constants = v.Constants[:1] },
		"a constant renamed":    func(v *verifiertypes.Verifier) { v.Constants[0].Name = "x" },
		"another family":        func(v *verifiertypes.Verifier) { v.Family = "pico" },
		"another curve":         func(v *verifiertypes.Verifier) { v.Curve = "bls12-381" },
		"one constant too many": func(v *verifiertypes.Verifier) { v.Constants = append(v.Constants, verifiertypes.Constant{Name: "x"}) },
	} {
		v := verifiers.verifiers[id]
		v.Constants = append([]verifiertypes.Constant{}, v.Constants...)
		change(&v)
		_, note, err := fetchRequest(t.Context(), market, fakeVerifiers{verifiers: map[string]verifiertypes.Verifier{id: v}}, hash, true)
		require.NoError(t, err, name)
		require.Contains(t, note, id, name)
	}
}

func write(t testing.TB, name string, bz []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, bz, 0o600))
	return path
}

// What snarkjs wrote is submitted in the chain's form; anything else as it is.
func TestReadProof(t *testing.T) {
	cmd := &cobra.Command{}
	proofFile := write(t, "proof.json", vectors.Read(t, "snarkjs/groth16_proof.json"))
	valuesFile := write(t, "public.json", vectors.Read(t, "snarkjs/groth16_public.json"))
	bz, values, err := readProof(cmd, proofFile, valuesFile)
	require.NoError(t, err)
	c, err := offline.ReadCircuit("", "", vectors.Read(t, "snarkjs/groth16_verification_key.json"))
	require.NoError(t, err)
	v, err := offline.VerifyFiles(offline.ForKey(c.Family, c.Curve, c.Key, nil, c.ID, proof.MaskedDigest(values), values, bz), nil, nil)
	require.NoError(t, err)
	require.True(t, v.Valid, v.Reason)

	raw := write(t, "proof.bin", []byte{1, 2})
	bz, values, err = readProof(cmd, raw, valuesFile)
	require.NoError(t, err)
	require.Equal(t, []byte{1, 2}, bz)
	require.Equal(t, vectors.Read(t, "snarkjs/groth16_public.json"), values, "a zkVM's public values may be JSON")
	bz, values, err = readProof(cmd, raw, "")
	require.NoError(t, err)
	require.Equal(t, []byte{1, 2}, bz)
	require.Nil(t, values)

	for name, paths := range map[string][2]string{
		"no proof":     {raw + "x", ""},
		"no values":    {raw, raw + "x"},
		"cut":          {write(t, "cut", vectors.Read(t, "snarkjs/groth16_proof.json")[:100]), ""},
		"a key":        {write(t, "key", vectors.Read(t, "snarkjs/groth16_verification_key.json")), ""},
		"other values": {proofFile, write(t, "values", []byte(`[1]`))},
	} {
		_, _, err := readProof(cmd, paths[0], paths[1])
		require.Error(t, err, name)
	}
}
