package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/client/tx"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

const (
	flagName        = "name"
	flagImage       = "image"
	flagImageURL    = "image-url"
	flagImageSHA256 = "image-sha256"
	flagImageSize   = "image-size"
	flagVerifiers   = "verifiers"
	flagDocsURL     = "docs-url"
)

const imageFlags = `--image-url says where provers fetch the image; --image is a file here with the same
content, whose hash and length go into the record, or else give both as
--image-sha256 and --image-size.`

// NewPublishProgramCmd returns the command that publishes a program's record.
func NewPublishProgramCmd() *cobra.Command {
	return programCmd(&cobra.Command{
		Use:   "publish-program PROGRAM",
		Short: "Publish what a program is and where its image is, against a deposit",
		Long: `Publish what a program is and where its image is, so that provers can find it and
requesters can name it, against a deposit that returns on withdrawal.

PROGRAM is the zkVM's program key or image id, or the circuit id: 64 hex digits,
with or without 0x.

` + imageFlags,
		Example: `  marketd tx verifier publish-program 00b9… --name fibonacci --image-url https://example.org/fibonacci.elf \
    --image fibonacci.elf --verifiers pico/v1.2.2 --docs-url https://example.org/fibonacci --from alice`,
	}, func(publisher, program string, info types.ProgramInfo) sdk.Msg {
		return &types.MsgPublishProgram{Publisher: publisher, Program: program, Info: info}
	})
}

// NewUpdateProgramCmd returns the command that replaces a program's record.
func NewUpdateProgramCmd() *cobra.Command {
	return programCmd(&cobra.Command{
		Use:   "update-program PROGRAM",
		Short: "Replace what you published of a program; the deposit stays",
		Long: `Replace the whole of what you published of a program: what you leave out now is
gone. The deposit stays, and the name may change to one that you do not use yet.

` + imageFlags,
		Example: `  marketd tx verifier update-program alice/fibonacci --name fibonacci --image-url https://example.org/v2/fibonacci.elf \
    --image fibonacci.elf --verifiers pico/v1.2.2 --from alice`,
	}, func(publisher, program string, info types.ProgramInfo) sdk.Msg {
		return &types.MsgUpdateProgram{Publisher: publisher, Program: program, Info: info}
	})
}

// programCmd completes a command that sends what the flags say of a program.
func programCmd(cmd *cobra.Command, message func(publisher, program string, info types.ProgramInfo) sdk.Msg) *cobra.Command {
	cmd.Args = cobra.ExactArgs(1)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		program, info, err := programRecord(args[0], cmd.Flags())
		if err != nil {
			return err
		}
		clientCtx, err := client.GetClientTxContext(cmd)
		if err != nil {
			return err
		}
		return tx.GenerateOrBroadcastTxCLI(clientCtx, cmd.Flags(), message(clientCtx.GetFromAddress().String(), program, info))
	}
	f := cmd.Flags()
	f.String(flagName, "", "name among your programs: 1 to 64 characters a-z, 0-9 and, inside, '.', '-' and '_'")
	f.String(flagImageURL, "", "where the image is: http or https")
	f.String(flagImage, "", "file with the image, to take its hash and length from")
	f.String(flagImageSHA256, "", "sha256 of the image in hex, instead of --image")
	f.Uint64(flagImageSize, 0, "length of the image in bytes, instead of --image")
	f.StringSlice(flagVerifiers, nil, `ids of the verifiers that its proofs verify under, separated by commas; "circuit" for a circuit`)
	f.String(flagDocsURL, "", "where it is described: http or https")
	for _, name := range []string{flagName, flagImageURL, flagVerifiers} {
		_ = cmd.MarkFlagRequired(name) // the flag exists
	}
	cmd.MarkFlagsOneRequired(flagImage, flagImageSHA256)
	cmd.MarkFlagsMutuallyExclusive(flagImage, flagImageSHA256)
	cmd.MarkFlagsMutuallyExclusive(flagImage, flagImageSize)
	flags.AddTxFlagsToCmd(cmd)
	return cmd
}

// programRecord reads a record from the argument and the flags, and checks its
// form as the chain will.
func programRecord(arg string, f *pflag.FlagSet) (program string, info types.ProgramInfo, err error) {
	program = bareHex(arg)
	if _, err := types.DecodeProgram(program); err != nil {
		return "", info, err
	}
	var errs [7]error
	info.Name, errs[0] = f.GetString(flagName)
	info.ImageUrl, errs[1] = f.GetString(flagImageURL)
	info.ImageSha256, errs[2] = f.GetString(flagImageSHA256)
	info.ImageSize, errs[3] = f.GetUint64(flagImageSize)
	info.Verifiers, errs[4] = f.GetStringSlice(flagVerifiers)
	info.DocsUrl, errs[5] = f.GetString(flagDocsURL)
	image, err := f.GetString(flagImage)
	errs[6] = err
	if err := errors.Join(errs[:]...); err != nil {
		return "", info, err
	}
	info.ImageSha256 = bareHex(info.ImageSha256)
	slices.Sort(info.Verifiers)
	info.Verifiers = slices.Compact(info.Verifiers)
	if image != "" {
		if info.ImageSha256, info.ImageSize, err = hashImage(image); err != nil {
			return "", info, err
		}
	}
	return program, info, info.Validate()
}

// bareHex returns hex as the chain writes it: in lower case, without 0x.
func bareHex(s string) string { return strings.TrimPrefix(strings.ToLower(s), "0x") }

// hashImage returns the sha256 and the length of a file, which is read in pieces.
func hashImage(path string) (sum string, size uint64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(f, types.MaxImageSize+1))
	if err != nil {
		return "", 0, fmt.Errorf("image: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), uint64(n), nil
}
