package gnark

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark/constraint"
	cs "github.com/consensys/gnark/constraint/bn254"
	"github.com/consensys/gnark/constraint/solver"

	"github.com/proofmarket/proofmarket/prover/backend"
)

// gnark's serialised constraint system starts with eight little-endian u64:
// length of what follows the first four, its version, then the lengths of
// the sections levels, instructions, call data and body.
const (
	systemHeader   = 4 * 8
	sectionsHeader = 4 * 8
	// compressionCap bounds what one byte of a section may unfold to.
	compressionCap = 1 << 12
)

// checkSystemHeader walks the lengths that gnark allocates by.
func checkSystemHeader(b []byte) error {
	if len(b) < systemHeader+sectionsHeader {
		return fmt.Errorf("%w: constraint system of %d bytes is shorter than its header", backend.ErrImage, len(b))
	}
	if got, want := binary.LittleEndian.Uint64(b), uint64(len(b)-systemHeader); got != want {
		return fmt.Errorf("%w: constraint system announces %d bytes and has %d", backend.ErrImage, got, want)
	}
	left := uint64(len(b) - systemHeader - sectionsHeader)
	body := b[systemHeader+sectionsHeader:]
	for i, name := range []string{"levels", "instructions", "call data", "body"} {
		n := binary.LittleEndian.Uint64(b[systemHeader+8*i:])
		if n > left {
			return fmt.Errorf("%w: section %s announces %d bytes, %d are left", backend.ErrImage, name, n, left)
		}
		left -= n
		section := body[:n]
		body = body[n:]
		if err := checkSection(name, section); err != nil {
			return err
		}
	}
	// What is left is the coefficient table.
	if left < 8 {
		return fmt.Errorf("%w: the coefficient table is missing", backend.ErrImage)
	}
	if n := binary.LittleEndian.Uint64(body); n > (left-8)/fr.Bytes {
		return fmt.Errorf("%w: the coefficient table announces %d entries in %d bytes", backend.ErrImage, n, left-8)
	}
	return nil
}

// checkSection bounds the counts that levels and call data start with.
func checkSection(name string, section []byte) error {
	switch name {
	case "levels":
		if len(section) < 8 {
			return fmt.Errorf("%w: section %s is too short", backend.ErrImage, name)
		}
		// Each level takes at least its own 8-byte length.
		if n := binary.LittleEndian.Uint64(section); n > uint64(len(section)-8)/8 {
			return fmt.Errorf("%w: %d levels do not fit in %d bytes", backend.ErrImage, n, len(section))
		}
		rest := section[8:]
		for n := binary.LittleEndian.Uint64(section); n > 0; n-- {
			var err error
			if rest, err = skipPacked(rest, 4); err != nil {
				return err
			}
		}
	case "instructions":
		rest := section
		for _, word := range []int{4, 4, 4, 8} {
			var err error
			if rest, err = skipPacked(rest, word); err != nil {
				return err
			}
		}
	case "call data":
		if len(section) < 8 {
			return fmt.Errorf("%w: section %s is too short", backend.ErrImage, name)
		}
		if n := binary.LittleEndian.Uint64(section); n > uint64(len(section)-8) {
			return fmt.Errorf("%w: %d words of call data do not fit in %d bytes", backend.ErrImage, n, len(section))
		}
	}
	return nil
}

// skipPacked walks one list of packed integers: a u64 count of words, then the
// words, which are blocks that state their unpacked length and their own
// length (the last word of a list is not part of a block).
func skipPacked(b []byte, word int) ([]byte, error) {
	if len(b) < 8 {
		return nil, fmt.Errorf("%w: a packed list is cut off", backend.ErrImage)
	}
	n := binary.LittleEndian.Uint64(b)
	b = b[8:]
	if n > uint64(len(b)/word) {
		return nil, fmt.Errorf("%w: a packed list announces %d words, %d bytes are left", backend.ErrImage, n, len(b))
	}
	list, rest := b[:n*uint64(word)], b[n*uint64(word):]
	// block returns the unpacked and the packed length of the block at word i.
	block := func(i uint64) (size, step uint64, ok bool) {
		if word == 8 {
			head := binary.LittleEndian.Uint64(list[8*i:])
			return head & math.MaxUint32, head >> 32, true
		}
		if i+2 >= n {
			return 0, 0, false
		}
		return uint64(binary.LittleEndian.Uint32(list[4*i:])), uint64(binary.LittleEndian.Uint32(list[4*i+4:])), true
	}
	var unpacked uint64
	for i := uint64(0); i+1 < n; {
		size, step, ok := block(i)
		if !ok || step < 1 || step > n-1-i || size > compressionCap*n {
			return nil, fmt.Errorf("%w: a packed list is damaged", backend.ErrImage)
		}
		unpacked += size
		i += step
	}
	if unpacked > math.MaxUint32 {
		return nil, fmt.Errorf("%w: a packed list unfolds to %d values", backend.ErrImage, unpacked)
	}
	return rest, nil
}

// checkSystem refuses systems whose parts point outside of each other.
func checkSystem(r *cs.R1CS, maxConstraints uint64) error {
	if r.Type != constraint.SystemR1CS {
		return fmt.Errorf("%w: not a rank-1 constraint system", backend.ErrImage)
	}
	if r.ScalarField != fr.Modulus().Text(16) {
		return fmt.Errorf("%w: the constraint system is over another field than BN254's", backend.ErrImage)
	}
	if r.NbConstraints < 1 || r.NbInternalVariables < 0 {
		return fmt.Errorf("%w: %d constraints and %d internal wires make no sense", backend.ErrImage, r.NbConstraints, r.NbInternalVariables)
	}
	if uint64(r.NbConstraints) > maxConstraints || uint64(r.NbInternalVariables) > 4*maxConstraints {
		return fmt.Errorf("%w: %d constraints and %d internal wires, the limit is %d constraints",
			backend.ErrTooLarge, r.NbConstraints, r.NbInternalVariables, maxConstraints)
	}
	if r.GetNbPublicVariables() < 1 {
		return fmt.Errorf("%w: the constant wire is missing", backend.ErrImage)
	}
	for id, name := range r.MHintsDependencies {
		if solver.GetRegisteredHint(id) == nil {
			return fmt.Errorf("%w: the circuit uses hint %q, only gnark's own are known here", backend.ErrImage, name)
		}
	}
	wires := r.GetNbPublicVariables() + r.GetNbSecretVariables() + r.NbInternalVariables
	if err := checkCommitments(r, wires); err != nil {
		return err
	}
	for i, inst := range r.Instructions {
		if int(inst.BlueprintID) >= len(r.Blueprints) {
			return fmt.Errorf("%w: instruction %d names blueprint %d of %d", backend.ErrImage, i, inst.BlueprintID, len(r.Blueprints))
		}
		if inst.StartCallData >= uint64(len(r.CallData)) {
			return fmt.Errorf("%w: instruction %d starts outside the call data", backend.ErrImage, i)
		}
	}
	for _, level := range r.Levels {
		for _, i := range level {
			if int(i) >= len(r.Instructions) {
				return fmt.Errorf("%w: a level names instruction %d of %d", backend.ErrImage, i, len(r.Instructions))
			}
		}
	}
	return checkConstraints(r, wires)
}

// checkCommitments looks at the wires of Groth16 commitments.
func checkCommitments(r *cs.R1CS, wires int) error {
	info, ok := r.CommitmentInfo.(constraint.Groth16Commitments)
	if !ok {
		return fmt.Errorf("%w: commitments of kind %T are not Groth16's", backend.ErrImage, r.CommitmentInfo)
	}
	for _, c := range info {
		ids := append([]int{c.CommitmentIndex}, c.PrivateCommitted...)
		for _, id := range append(ids, c.PublicAndCommitmentCommitted...) {
			if id < 0 || id >= wires {
				return fmt.Errorf("%w: a commitment names wire %d of %d", backend.ErrImage, id, wires)
			}
		}
	}
	return nil
}

// checkConstraints looks at the wires and coefficients of each constraint.
func checkConstraints(r *cs.R1CS, wires int) error {
	seen := 0
	for _, inst := range r.Instructions {
		bp, ok := r.Blueprints[inst.BlueprintID].(constraint.BlueprintR1C)
		if !ok {
			continue
		}
		seen++
		if int(inst.ConstraintOffset) >= r.NbConstraints {
			return fmt.Errorf("%w: constraint %d of %d", backend.ErrImage, inst.ConstraintOffset, r.NbConstraints)
		}
		var c constraint.R1C
		bp.DecompressR1C(&c, inst.Unpack(&r.System))
		for _, l := range []constraint.LinearExpression{c.L, c.R, c.O} {
			for _, t := range l {
				if t.WireID() >= wires || t.CoeffID() >= len(r.Coefficients) {
					return fmt.Errorf("%w: constraint %d names a wire or coefficient that does not exist", backend.ErrImage, inst.ConstraintOffset)
				}
			}
		}
	}
	if seen != r.NbConstraints {
		return fmt.Errorf("%w: %d constraints are announced, %d are there", backend.ErrImage, r.NbConstraints, seen)
	}
	return nil
}
