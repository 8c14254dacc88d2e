package sp1

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	groth16 "github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bn254"
	plonk "github.com/proofmarket/proofmarket/x/verifier/proof/plonk/bn254"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// word is 32 bytes, big-endian.
type word = [32]byte

// Sizes in the wire formats, in bytes.
const (
	selectorSize = 4
	headerSize   = 3 * len(word{})
)

// header is what a v6 proof says of the execution.
type header struct {
	// present is false before v6.
	present                 bool
	exitCode, vkRoot, nonce word
}

// split checks a proof's selector and length and takes it apart. The selector
// comes first, so that a proof of another version is named rather than measured.
// Errors: proof.ErrSize, proof.ErrInvalidProof.
func (k *key) split(bz []byte) (h header, body []byte, err error) {
	size := selectorSize + k.bodySize
	if h.present = k.shape.PublicInputs == inputsV6; h.present {
		size += headerSize
	}
	if len(bz) < selectorSize {
		return h, nil, fmt.Errorf("%w: a proof for this verifier has %d bytes, got %d", proof.ErrSize, size, len(bz))
	}
	if selector := [selectorSize]byte(bz); selector != k.selector {
		return h, nil, fmt.Errorf("%w: its selector %x is %s, this verifier's is %x (%s)",
			proof.ErrInvalidProof, selector, selectorOf(selector), k.selector, selectorOf(k.selector))
	}
	if len(bz) != size {
		return h, nil, fmt.Errorf("%w: a proof for this verifier has %d bytes, got %d", proof.ErrSize, size, len(bz))
	}
	body = bz[selectorSize:]
	if h.present {
		for _, w := range []*word{&h.exitCode, &h.vkRoot, &h.nonce} {
			*w, body = word(body), body[len(w):]
		}
	}
	return h, body, nil
}

// groth16System is what the family sp1-groth16 does its own way.
var groth16System = system{
	name:      NameGroth16,
	bodySize:  groth16.PointsSize,
	readShape: groth16Shape,
	parse:     parseGroth16,
	// The published file is canonical.
	canonical: func(file []byte) ([]byte, error) { return bytes.Clone(file), nil },
	hash:      func(key []byte) [32]byte { return sha256.Sum256(key) },
}

// groth16Shape reads the lengths in a key and refuses raw points: they would not
// hash to the published verifier hash.
func groth16Shape(key []byte) (proof.Shape, error) {
	shape, err := groth16.ReadShape(key)
	switch {
	case err != nil:
		return shape, err
	case wire.IsRaw(key[0]):
		return shape, fmt.Errorf("%w: the key has uncompressed points; use the file that SP1 publishes, groth16_vk.bin", proof.ErrEncoding)
	case shape.Commitments != 0:
		return shape, fmt.Errorf("%w: an SP1 Groth16 key has no commitments, got %d", proof.ErrEncoding, shape.Commitments)
	}
	return shape, nil
}

func parseGroth16(key []byte) (claimFunc, error) {
	vk, err := groth16.ParseKey(key)
	if err != nil {
		return nil, err
	}
	return func(body []byte, inputs []fr.Element) (proof.Claim, error) {
		p, err := groth16.ParsePoints(body)
		if err != nil {
			return nil, err
		}
		return vk.Claim(p, inputs)
	}, nil
}

// The number of commitments of an SP1 PLONK circuit, and sizes of its keys in
// bytes: canonical and as published.
const (
	plonkCommitments = 1
	plonkKeySize     = 576
	plonkFileSize    = plonkKeySize + plonk.LinesSize
)

// plonkSystem is what the family sp1-plonk does its own way.
var plonkSystem = system{
	name:      NamePlonk,
	bodySize:  plonk.SoliditySize(plonkCommitments),
	readShape: plonkShape,
	parse:     parsePlonk,
	canonical: cutLines,
	hash:      plonkHash,
}

// plonkShape reads the lengths in a key. The size alone rules out raw points, KZG
// lines and other numbers of commitments.
func plonkShape(key []byte) (proof.Shape, error) {
	if len(key) != plonkKeySize {
		return proof.Shape{}, fmt.Errorf("%w: an SP1 PLONK key has %d bytes, the published file without its KZG lines, got %d",
			proof.ErrSize, plonkKeySize, len(key))
	}
	return plonk.ReadShape(key)
}

func parsePlonk(key []byte) (claimFunc, error) {
	vk, err := plonk.ParsePublishedKey(key)
	if err != nil {
		return nil, err
	}
	if got := hex.EncodeToString(vk.SRS().Bytes()); got != srs {
		return nil, fmt.Errorf("%w: the key's SRS is not that of SP1's published keys", proof.ErrPoint)
	}
	return func(body []byte, inputs []fr.Element) (proof.Claim, error) {
		p, err := plonk.ParseSolidityProof(body, plonkCommitments)
		if err != nil {
			return nil, err
		}
		return vk.Claim(p, inputs)
	}, nil
}

// cutLines takes the KZG lines out of a published file. A canonical key is
// returned as it is. Errors: proof.ErrSize, proof.ErrEncoding.
func cutLines(file []byte) ([]byte, error) {
	if len(file) == plonkKeySize {
		return bytes.Clone(file), nil
	}
	if len(file) != plonkFileSize {
		return nil, fmt.Errorf("%w: SP1's plonk_vk.bin has %d bytes, or %d without its KZG lines, got %d",
			proof.ErrSize, plonkFileSize, plonkKeySize, len(file))
	}
	end := plonkFileSize - plonk.TailSize(plonkCommitments)
	if !bytes.Equal(file[end-plonk.LinesSize:end], zeroLines[:]) {
		return nil, fmt.Errorf("%w: the KZG lines in SP1's plonk_vk.bin are zeros, use that file: "+
			"with other lines the key would not hash to the selector that proofs carry", proof.ErrEncoding)
	}
	return plonk.StripLines(file)
}

// zeroLines are the KZG lines in every published file.
var zeroLines [plonk.LinesSize]byte

// plonkHash returns the sha256 of the published file.
func plonkHash(key []byte) (hash [32]byte) {
	end := plonkKeySize - plonk.TailSize(plonkCommitments)
	h := sha256.New()
	h.Write(key[:end])
	h.Write(zeroLines[:])
	h.Write(key[end:])
	h.Sum(hash[:0])
	return hash
}

// srs is the trusted setup of every published PLONK key, which SP1's setup takes
// from the Aztec Ignition ceremony: a point of G1, the generator of G2 and τ times
// it, in hex. Its coordinates are G1_SRS_* and G2_SRS_* of the verifier contracts.
const srs = "1fa4be93b5e7f7e674d5059b63554fab99638b304ed8310e9fa44c281ac9b03b" +
	"1a01ae7fac6228e39d3cb5a5e71fd31160f3241e79a5f48ffb3737e6c389b721" +
	"198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2" +
	"1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed" +
	"090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b" +
	"12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa" +
	"22f1acbb03c4508760c2430af35865e7cdf9f3eb1224504fdcc3708ddb954a48" +
	"2a344fad01c2ed0ed73142ae1752429eaea515c6f3f6b941103cc21c2308e1cb" +
	"159f15b842ba9c8449aa3268f981010d4c7142e5193473d80b464e964845c3f8" +
	"0efd30ac7b6f8d0d3ccbc2207587c2acbad1532dc0293f0d034cf8258cd428b3"
