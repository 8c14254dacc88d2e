package types_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	gogoproto "github.com/cosmos/gogoproto/proto"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"cosmossdk.io/api/amino"
	"cosmossdk.io/client/v2/autocli"
	"cosmossdk.io/core/appmodule"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/address"
	codectestutil "github.com/cosmos/cosmos-sdk/codec/testutil"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/verifier"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/families"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

func TestMain(m *testing.M) {
	chain.ConfigureBech32()
	m.Run()
}

var messages = []sdk.Msg{
	&types.MsgRegisterCircuit{}, &types.MsgWithdrawCircuit{}, &types.MsgAddVerifier{},
	&types.MsgDeprecate{}, &types.MsgSuspend{}, &types.MsgResume{}, &types.MsgRevoke{}, &types.MsgUpdateParams{},
	&types.MsgPublishProgram{}, &types.MsgUpdateProgram{}, &types.MsgWithdrawProgram{},
}

func TestMessagesAreRegistered(t *testing.T) {
	registry := codectestutil.CodecOptions{AccAddressPrefix: chain.Bech32Prefix, ValAddressPrefix: chain.Bech32Prefix + "valoper"}.NewInterfaceRegistry()
	types.RegisterInterfaces(registry)
	legacy := codec.NewLegacyAmino()
	require.NotPanics(t, func() { types.RegisterLegacyAminoCodec(legacy) })
	require.NoError(t, registry.SigningContext().Validate())
	for _, m := range messages {
		url := sdk.MsgTypeURL(m)
		_, err := registry.Resolve(url)
		require.NoError(t, err)
		d, err := gogoproto.HybridResolver.FindDescriptorByName(protoreflect.FullName(url[1:]))
		require.NoError(t, err)
		name, _ := proto.GetExtension(d.Options(), amino.E_Name).(string)
		require.NotEmpty(t, name)
		require.LessOrEqual(t, len(name), 39, "Ledger devices show no longer names: %s", name)
		bz, err := legacy.MarshalJSON(m)
		require.NoError(t, err)
		require.Contains(t, string(bz), name)
	}
}

// AutoCLI builds every command that it is told to, beside the hand-written one.
func TestAutoCLI(t *testing.T) {
	registry := codectestutil.CodecOptions{AccAddressPrefix: chain.Bech32Prefix, ValAddressPrefix: chain.Bech32Prefix + "valoper"}.NewInterfaceRegistry()
	types.RegisterInterfaces(registry)
	root := &cobra.Command{Use: "marketd"}
	root.SetContext(context.Background())
	require.NoError(t, autocli.AppOptions{
		Modules:               map[string]appmodule.AppModule{types.ModuleName: verifier.AppModule{}},
		AddressCodec:          address.NewBech32Codec(chain.Bech32Prefix),
		ValidatorAddressCodec: address.NewBech32Codec(chain.Bech32Prefix + "valoper"),
		ConsensusAddressCodec: address.NewBech32Codec(chain.Bech32Prefix + "valcons"),
		ClientCtx:             client.Context{}.WithInterfaceRegistry(registry),
	}.EnhanceRootCommand(root))
	for _, path := range []string{
		"query verifier params", "query verifier verifiers", "query verifier verifier", "query verifier circuits",
		"query verifier circuit", "query verifier restrictions", "tx verifier register-circuit", "tx verifier withdraw-circuit",
		"tx verifier add-verifier-proposal", "tx verifier suspend", "tx verifier resume-proposal",
		"tx verifier deprecate-proposal", "tx verifier revoke-proposal", "tx verifier update-params-proposal",
	} {
		cmd, rest, err := root.Find(strings.Fields(path))
		require.NoError(t, err, path)
		require.Empty(t, rest, path)
		require.NotEmpty(t, cmd.Short, path)
		require.NotEmpty(t, cmd.Example, path)
	}
}

func TestFromProof(t *testing.T) {
	for from, to := range map[error]error{
		proof.ErrSize: types.ErrMalformedProof, proof.ErrEncoding: types.ErrMalformedProof, proof.ErrPoint: types.ErrMalformedProof,
		proof.ErrProgram: types.ErrInvalidProgram, proof.ErrDigest: types.ErrInvalidDigest,
		proof.ErrPublicValues: types.ErrInvalidPublicValues, proof.ErrInvalidProof: types.ErrInvalidProof,
		proof.ErrInternal: types.ErrVerification,
	} {
		require.ErrorIs(t, types.FromProof(from), to)
	}
	require.NoError(t, types.FromProof(nil))
	require.NoError(t, types.FromKey(nil))
	require.ErrorIs(t, types.FromKey(proof.ErrPoint), types.ErrInvalidKey)
	// What a panic said may differ between nodes: it stays out of the error.
	panicked := errors.Join(proof.ErrInternal, errors.New("0xc000123456"))
	require.ErrorIs(t, types.FromKey(panicked), types.ErrVerification)
	require.NotContains(t, types.FromProof(panicked).Error(), "0xc000123456")
}

// The default genesis is what stands built in, each with the status that its
// family says.
func TestDefaultGenesis(t *testing.T) {
	g, err := types.DefaultGenesis()
	require.NoError(t, err)
	require.NoError(t, g.Validate())
	builtIn, err := families.BuiltIn()
	require.NoError(t, err)
	require.Len(t, g.Verifiers, len(builtIn))
	for i, v := range g.Verifiers {
		b := builtIn[i]
		require.Equal(t, b.ID, v.Id)
		require.Equal(t, b.Constants, v.ProofConstants())
		want := types.VERIFIER_STATUS_ACTIVE
		if b.Deprecated {
			want = types.VERIFIER_STATUS_DEPRECATED
		}
		require.Equal(t, want, v.Status, v.Id)
		sum := sha256.Sum256(b.Key)
		require.Equal(t, hex.EncodeToString(sum[:]), v.KeyHash())
	}
	require.Empty(t, g.Params.Guardian)
	require.Empty(t, g.Restrictions)
}

// The README's list of the default genesis is the one that there is.
func TestReadmeListsGenesis(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	builtIn, err := families.BuiltIn()
	require.NoError(t, err)
	for _, b := range builtIn {
		v := types.FromPublished(b)
		row := fmt.Sprintf("| `%s` | `%s` | `%s` of github.com/%s | `%s` | `%s` |\n", v.Id, v.Status.Name(), b.Source.Path, b.Source.Repository, b.Source.Commit, v.KeyHash())
		require.Contains(t, string(readme), row)
	}
	require.Equal(t, len(builtIn), strings.Count(string(readme), " of github.com/"))
}

func TestFromPublished(t *testing.T) {
	p := proof.Published{ID: "x/v1", Family: "x", Curve: "y", Key: []byte{1}, Constants: []proof.Constant{{Name: "c", Value: []byte{2}}}}
	want := types.Verifier{
		Id: "x/v1", Family: "x", Curve: "y", Key: []byte{1}, Status: types.VERIFIER_STATUS_ACTIVE,
		Constants: []types.Constant{{Name: "c", Value: []byte{2}}},
	}
	require.Equal(t, want, types.FromPublished(p))
	p.Deprecated, want.Status = true, types.VERIFIER_STATUS_DEPRECATED
	require.Equal(t, want, types.FromPublished(p))
}

func TestCheckVerifierID(t *testing.T) {
	for _, id := range []string{"a", "7", "pico/v1.2.2", "sp1-groth16/v5.0.0", "risc0-groth16/v3.0", "a_b", strings.Repeat("x", types.MaxVerifierIDSize)} {
		require.NoError(t, types.CheckVerifierID(id), id)
	}
	for _, id := range []string{"", "circuit", "Pico", "pico v1", "/a", "a/", ".a", "a-", "ü", strings.Repeat("x", types.MaxVerifierIDSize+1)} {
		require.ErrorIs(t, types.CheckVerifierID(id), types.ErrInvalidVerifier, id)
	}
}

// law V1: what state may hold as a verifier's own status, and what verifies.
func TestStatuses(t *testing.T) {
	for status, tc := range map[types.VerifierStatus]struct {
		own, verifies bool
		name          string
	}{
		types.VERIFIER_STATUS_UNSPECIFIED: {false, false, "UNSPECIFIED"},
		types.VERIFIER_STATUS_ACTIVE:      {true, true, "ACTIVE"},
		types.VERIFIER_STATUS_DEPRECATED:  {true, true, "DEPRECATED"},
		types.VERIFIER_STATUS_SUSPENDED:   {false, false, "SUSPENDED"},
		types.VERIFIER_STATUS_REVOKED:     {true, false, "REVOKED"},
		9:                                 {false, false, "9"},
	} {
		require.Equal(t, tc.verifies, status.Verifies(), tc.name)
		require.Equal(t, tc.name, status.Name())
		if tc.own {
			require.NoError(t, types.CheckStatus(status), tc.name)
		} else {
			require.ErrorIs(t, types.CheckStatus(status), types.ErrInvalidStatus, tc.name)
		}
	}
}

// FuzzStatement: no strings make the decoder panic; what it accepts encodes back.
func FuzzStatement(f *testing.F) {
	f.Add("pico/v1.2.2", strings.Repeat("0", 64), strings.Repeat("f", 64))
	f.Fuzz(func(t *testing.T, id, program, digest string) {
		st := types.Statement{Verifier: id, Program: program, Digest: digest}
		p, d, err := st.Decode()
		if err != nil {
			require.ErrorIs(t, err, types.ErrInvalidStatement)
			return
		}
		require.Equal(t, program, hex.EncodeToString(p[:]))
		require.Equal(t, digest, hex.EncodeToString(d[:]))
	})
}
