package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"

	"github.com/proofmarket/proofmarket/x/market/types"
	verifiercli "github.com/proofmarket/proofmarket/x/verifier/client/cli"
	"github.com/proofmarket/proofmarket/x/verifier/offline"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// errOffline means that the flags leave something to the chain, which was not to
// be asked.
var errOffline = errors.New("offline")

// subject is what a request is about: it fills in statement and image from the
// flags, and from the program's record if the flags name one.
type subject struct {
	cmd *cobra.Command
	// query asks the chain; nil offline.
	query verifiertypes.QueryClient
	keys  keyring.Keyring
}

// newSubject returns the subject of the command's flags.
func newSubject(cmd *cobra.Command, clientCtx client.Context) subject {
	s := subject{cmd: cmd, keys: clientCtx.Keyring}
	if !clientCtx.Offline {
		s.query = verifiertypes.NewQueryClient(clientCtx)
	}
	return s
}

// text returns a flag's text.
func (s subject) text(name string) string { t, _ := s.cmd.Flags().GetString(name); return t }

// fill fills in the statement and the image. What the flags say is never
// overridden; what is taken from a record is said on standard error.
func (s subject) fill(ctx context.Context, msg *types.MsgRequest) error {
	program, err := verifiercli.ResolveProgram(ctx, s.query, s.keys, s.text(flagProgram))
	if err != nil {
		return fmt.Errorf("--%s: %w", flagProgram, err)
	}
	msg.Statement.Program = program.ID
	if program.Info != nil {
		s.cmd.PrintErrln("program", program.ID)
	}
	if msg.Statement.Verifier, err = s.verifier(program); err != nil {
		return err
	}
	if msg.Statement.Digest, err = s.digest(ctx, msg.Statement); err != nil {
		return err
	}
	msg.Image, err = s.image(program)
	return err
}

// verifier returns the verifier that the flags give, else the record's only one,
// else "circuit".
func (s subject) verifier(p verifiercli.Program) (string, error) {
	given := s.text(flagVerifier)
	switch {
	case p.Info == nil:
		return given, nil
	case s.cmd.Flags().Changed(flagVerifier):
		if !slices.Contains(p.Info.Verifiers, given) {
			s.cmd.PrintErrf("warning: %s says that its proofs verify under %s, not under %s\n", p.Name, strings.Join(p.Info.Verifiers, ", "), given)
		}
		return given, nil
	case len(p.Info.Verifiers) == 1:
		s.cmd.PrintErrln("verifier", p.Info.Verifiers[0])
		return p.Info.Verifiers[0], nil
	default:
		return "", fmt.Errorf("%s has proofs under several verifiers; choose one with --%s: %s", p.Name, flagVerifier, strings.Join(p.Info.Verifiers, ", "))
	}
}

// digest returns the digest that the flags give, or that of the public values
// under the rule of the verifier's family.
func (s subject) digest(ctx context.Context, st verifiertypes.Statement) (string, error) {
	path := s.text(flagPublicValues)
	if path == "" {
		return cleanHash("--"+flagDigest, s.text(flagDigest))
	}
	values, err := readFile(s.cmd, path, offline.MaxFileSize)
	if err != nil {
		return "", fmt.Errorf("--%s: %w", flagPublicValues, err)
	}
	family, values, err := s.readValues(ctx, st, values)
	if err != nil {
		return "", fmt.Errorf("--%s: %w", flagPublicValues, err)
	}
	if len(values) > types.MaxPublicValuesBytes {
		return "", fmt.Errorf("--%s: %s holds %d bytes of public values, at most %d are allowed", flagPublicValues, path, len(values), types.MaxPublicValuesBytes)
	}
	f, err := verifiertypes.GetFamily(family)
	if err != nil {
		return "", err
	}
	digest := f.Digest(values)
	return types.FormatID(digest[:]), nil
}

// readValues returns the family of the statement's verifier, and the public values
// in the bytes of a file: for a circuit also snarkjs's public.json.
func (s subject) readValues(ctx context.Context, st verifiertypes.Statement, bz []byte) (family string, values []byte, err error) {
	if b, err := offline.BuiltIn(st.Verifier); err == nil {
		return b.Family, bz, nil
	}
	if st.IsCircuit() && !offline.IsSnarkJS(bz) {
		return proof.SystemGroth16, bz, nil // all families of circuits have one rule
	}
	if s.query == nil {
		return "", nil, fmt.Errorf("%w, the verifier cannot be looked up; give the digest with --%s", errOffline, flagDigest)
	}
	keys := keySource{s.query}
	if !st.IsCircuit() {
		v, err := keys.verifier(ctx, st.Verifier)
		return v.Family, bz, err
	}
	c, err := keys.circuit(ctx, st.Program)
	if err != nil {
		return "", nil, err
	}
	values, err = offline.ReadInputs(c.Curve, bz)
	return c.Family, values, err
}

// image returns the image that the flags give, and what they leave out from the
// record.
func (s subject) image(p verifiercli.Program) (image types.Image, err error) {
	image.Url = s.text(flagImageURL)
	if hash := s.text(flagImageHash); hash != "" {
		if image.Sha256, err = cleanHash("--"+flagImageHash, hash); err != nil {
			return image, err
		}
	}
	if image.Url != "" && image.Sha256 != "" {
		return image, nil
	}
	if p.Info == nil {
		return image, fmt.Errorf("give --%s and --%s, or name a published program with --%s publisher/name", flagImageURL, flagImageHash, flagProgram)
	}
	if image.Sha256 != "" && image.Sha256 != p.Info.ImageSha256 {
		return image, fmt.Errorf("--%s is not the hash that %s gives, %s; say where your image is with --%s", flagImageHash, p.Name, p.Info.ImageSha256, flagImageURL)
	}
	if image.Url == "" {
		image.Url = p.Info.ImageUrl
	}
	image.Sha256 = p.Info.ImageSha256
	s.cmd.PrintErrln("image", image.Url, "sha256", image.Sha256)
	return image, nil
}
