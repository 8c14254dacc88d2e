package demo

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark/backend/groth16"
	"github.com/consensys/gnark/constraint"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"

	"github.com/proofmarket/proofmarket/prover/backend/gnark"
)

const (
	imageFile = "image.bin"
	keyFile   = "verifying_key.bin"
	sumsFile  = "sha256sums"

	dirMode  = 0o755
	fileMode = 0o644
)

// Keys is what one trusted setup of the circuit gave.
type Keys struct {
	// Image is the constraint system with the proving key, see gnark.WriteImage.
	Image []byte
	// VerifyingKey is gnark's WriteRawTo form, which is what circuits register.
	VerifyingKey []byte
	// Constraints is the size of the circuit.
	Constraints int
}

// LoadKeys returns the circuit's keys from the cache folder, and makes them
// first if it has none: that takes some seconds. Entries are named by the hash
// of the circuit, written whole or not at all, and checked when read, so any
// number of processes may share a cache. Whoever makes keys could forge proofs
// under them: these are for demonstrations.
func LoadKeys(cache string) (*Keys, error) {
	gnark.Quiet()
	system, err := frontend.Compile(ecc.BN254.ScalarField(), r1cs.NewBuilder, &Circuit{})
	if err != nil {
		return nil, fmt.Errorf("compile the circuit: %w", err)
	}
	h := sha256.New()
	if _, err := system.WriteTo(h); err != nil {
		return nil, fmt.Errorf("hash the circuit: %w", err)
	}
	dir := filepath.Join(cache, hex.EncodeToString(h.Sum(nil)))

	keys, err := readKeys(dir)
	if err == nil {
		keys.Constraints = system.GetNbConstraints()
		return keys, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		// A damaged entry is of no use to anyone.
		if err := os.RemoveAll(dir); err != nil {
			return nil, fmt.Errorf("remove the damaged cache entry: %w", err)
		}
	}
	if keys, err = setup(system); err != nil {
		return nil, err
	}
	if err := writeKeys(cache, dir, keys); err != nil {
		return nil, fmt.Errorf("write the key cache: %w", err)
	}
	// Another process may have been faster: all must use the same keys.
	if keys, err = readKeys(dir); err != nil {
		return nil, fmt.Errorf("read the key cache back: %w", err)
	}
	keys.Constraints = system.GetNbConstraints()
	return keys, nil
}

func setup(system constraint.ConstraintSystem) (*Keys, error) {
	pk, vk, err := groth16.Setup(system)
	if err != nil {
		return nil, fmt.Errorf("set the circuit up: %w", err)
	}
	var image, key bytes.Buffer
	if err := gnark.WriteImage(&image, system, pk); err != nil {
		return nil, fmt.Errorf("write the image: %w", err)
	}
	if _, err := vk.WriteRawTo(&key); err != nil {
		return nil, fmt.Errorf("write the verifying key: %w", err)
	}
	return &Keys{Image: image.Bytes(), VerifyingKey: key.Bytes()}, nil
}

// readKeys returns fs.ErrNotExist where there is no entry.
func readKeys(dir string) (*Keys, error) {
	image, err := os.ReadFile(filepath.Join(dir, imageFile))
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(filepath.Join(dir, keyFile))
	if err != nil {
		return nil, err
	}
	sums, err := os.ReadFile(filepath.Join(dir, sumsFile))
	if err != nil {
		return nil, err
	}
	if string(sums) != checksums(image, key) {
		return nil, fmt.Errorf("the cache entry %s does not match its checksums", dir)
	}
	return &Keys{Image: image, VerifyingKey: key}, nil
}

// writeKeys puts an entry in place with one rename.
func writeKeys(cache, dir string, keys *Keys) error {
	if err := os.MkdirAll(cache, dirMode); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(cache, ".new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	for name, content := range map[string][]byte{
		imageFile: keys.Image,
		keyFile:   keys.VerifyingKey,
		sumsFile:  []byte(checksums(keys.Image, keys.VerifyingKey)),
	} {
		if err := os.WriteFile(filepath.Join(tmp, name), content, fileMode); err != nil {
			return err
		}
	}
	if err := os.Rename(tmp, dir); err != nil {
		if _, readErr := readKeys(dir); readErr == nil {
			return nil // somebody else's entry is as good
		}
		return err
	}
	return nil
}

// checksums is what the command sha256sum would print.
func checksums(image, key []byte) string {
	return fmt.Sprintf("%x  %s\n%x  %s\n", sha256.Sum256(image), imageFile, sha256.Sum256(key), keyFile)
}
