package types

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/ownaccount"
)

// Bounds on what a publisher says of a program.
const (
	// MaxProgramNameSize is the longest name, in bytes.
	MaxProgramNameSize = 64
	// MaxProgramURLSize is the longest URL, in bytes.
	MaxProgramURLSize = 512
	// MaxImageSize is the largest image, in bytes: 1 TiB.
	MaxImageSize = 1 << 40
	// MaxProgramVerifiers is the largest number of verifiers that a record names.
	MaxProgramVerifiers = 16
	// maxHostSize is the longest host of a URL, in bytes: that of DNS.
	maxHostSize = 253
	// programAccountKind names the accounts that hold the deposits of records.
	programAccountKind = "program"
)

// ProgramKey names a record: (publisher's address, program).
type ProgramKey = collections.Pair[[]byte, []byte]

// ProgramAccount returns the account that holds the deposit of that publisher's
// record of the program.
func ProgramAccount(publisher, program []byte) sdk.AccAddress {
	return ownaccount.Address(ModuleName, programAccountKind, publisher, program)
}

// DecodeProgram decodes a program: 64 lower-case hex digits. Error:
// ErrInvalidProgramInfo.
func DecodeProgram(s string) (program [IDSize]byte, err error) {
	if !isHex32(s) {
		return program, errorsmod.Wrapf(ErrInvalidProgramInfo, "program %.80q must be 64 lower-case hex digits without 0x", s)
	}
	_, err = hex.Decode(program[:], []byte(s))
	return program, err
}

// isHex32 reports whether s is 32 bytes in lower-case hex.
func isHex32(s string) bool {
	return len(s) == 2*IDSize && all(s, func(c byte) bool { return isDigit(c) || (c >= 'a' && c <= 'f') })
}

// Validate checks everything about the record but its place in state. Errors:
// ErrInvalidGenesis, ErrInvalidProgramInfo.
func (p Program) Validate() error {
	if _, err := p.Key(); err != nil {
		return err
	}
	if err := p.Info.Validate(); err != nil {
		return errorsmod.Wrapf(err, "program %s", p.Program)
	}
	if !validDeposit(p.Deposit) {
		return errorsmod.Wrapf(ErrInvalidGenesis, "program %s: deposit must be 0 to 2^%d-1 uproof", p.Program, maxDepositBits)
	}
	if p.AddedHeight < 0 {
		return errorsmod.Wrapf(ErrInvalidGenesis, "program %s: added_height is negative", p.Program)
	}
	return nil
}

// Key returns what names the record. Errors: ErrInvalidGenesis for a publisher
// that is no address in its usual form, ErrInvalidProgramInfo for the program.
func (p Program) Key() (key ProgramKey, err error) {
	program, err := DecodeProgram(p.Program)
	if err != nil {
		return key, err
	}
	publisher, err := sdk.AccAddressFromBech32(p.Publisher)
	if err != nil {
		return key, errorsmod.Wrapf(ErrInvalidGenesis, "program %s: publisher: %s", p.Program, err)
	}
	if publisher.String() != p.Publisher {
		return key, errorsmod.Wrapf(ErrInvalidGenesis, "program %s: publisher %.128q must be written %s", p.Program, p.Publisher, publisher)
	}
	return collections.Join([]byte(publisher), program[:]), nil
}

// CompareProgramKeys orders records by the publisher's address bytes, then
// program.
func CompareProgramKeys(a, b ProgramKey) int {
	if c := bytes.Compare(a.K1(), b.K1()); c != 0 {
		return c
	}
	return bytes.Compare(a.K2(), b.K2())
}

// validatePrograms checks the records of a genesis state: sorted, each name once
// with its publisher, each verifier registered. A circuit may have been withdrawn
// since, and a verifier revoked. Errors: as Program.Validate's.
func validatePrograms(programs []Program, verifiers []Verifier) error {
	registered := map[string]bool{CircuitVerifier: true}
	for _, v := range verifiers {
		registered[v.Id] = true
	}
	var last ProgramKey
	names := make(map[string]bool, len(programs)) // of the last publisher
	for i, p := range programs {
		if err := p.Validate(); err != nil {
			return err
		}
		key, err := p.Key()
		if err != nil {
			return err
		}
		if i > 0 && CompareProgramKeys(last, key) >= 0 {
			return errorsmod.Wrapf(ErrInvalidGenesis, "program %s of %s: programs must be sorted by publisher, then program, each once", p.Program, p.Publisher)
		}
		if i > 0 && !bytes.Equal(last.K1(), key.K1()) {
			clear(names)
		}
		if names[p.Info.Name] {
			return errorsmod.Wrapf(ErrInvalidGenesis, "%s has two programs named %s", p.Publisher, p.Info.Name)
		}
		last, names[p.Info.Name] = key, true
		for _, id := range p.Info.Verifiers {
			if !registered[id] {
				return errorsmod.Wrapf(ErrInvalidGenesis, "program %s: verifier %s is not in the list", p.Program, id)
			}
		}
	}
	return nil
}

// Validate checks the form of what a publisher says: sizes, characters, order.
// Error: ErrInvalidProgramInfo.
func (i ProgramInfo) Validate() error {
	if err := CheckProgramName(i.Name); err != nil {
		return err
	}
	if err := checkProgramURL("image_url", i.ImageUrl); err != nil {
		return err
	}
	if !isHex32(i.ImageSha256) {
		return errorsmod.Wrapf(ErrInvalidProgramInfo, "image_sha256 %.80q must be 64 lower-case hex digits without 0x", i.ImageSha256)
	}
	if i.ImageSize == 0 || i.ImageSize > MaxImageSize {
		return errorsmod.Wrapf(ErrInvalidProgramInfo, "image_size must be 1 to %d bytes, got %d", uint64(MaxImageSize), i.ImageSize)
	}
	if n := len(i.Verifiers); n == 0 || n > MaxProgramVerifiers {
		return errorsmod.Wrapf(ErrInvalidProgramInfo, "a record names 1 to %d verifiers, got %d", MaxProgramVerifiers, n)
	}
	for n, id := range i.Verifiers {
		if n > 0 && i.Verifiers[n-1] >= id {
			return errorsmod.Wrapf(ErrInvalidProgramInfo, "verifier %.64q: verifiers must be sorted, each once", id)
		}
		if id == CircuitVerifier {
			continue
		}
		if err := CheckVerifierID(id); err != nil {
			return errorsmod.Wrapf(ErrInvalidProgramInfo, "verifier %.64q: %s", id, err)
		}
	}
	if i.DocsUrl == "" {
		return nil
	}
	return checkProgramURL("docs_url", i.DocsUrl)
}

// CheckProgramName reports whether name can name a program: 1 to 64 characters
// a-z, 0-9 and, inside, '.', '-' and '_'. Error: ErrInvalidProgramInfo.
func CheckProgramName(name string) error {
	if name == "" || len(name) > MaxProgramNameSize {
		return errorsmod.Wrapf(ErrInvalidProgramInfo, "a name has 1 to %d characters, got %d", MaxProgramNameSize, len(name))
	}
	for i, c := range []byte(name) {
		inner := i > 0 && i < len(name)-1 && (c == '.' || c == '-' || c == '_')
		if !isLower(c) && !isDigit(c) && !inner {
			return errorsmod.Wrapf(ErrInvalidProgramInfo, "a name consists of a-z, 0-9 and, inside, '.', '-' and '_'; got %q at place %d", c, i+1)
		}
	}
	return nil
}

// checkProgramURL checks a URL against a grammar of its own, which is narrower
// than RFC 3986's: the verdict of a library's parser may differ between its
// versions, and with it that of two nodes.
//
//	url  = ("http://" | "https://") host [":" port] [("/" | "?" | "#") rest]
//	host = 1 to 253 characters a-z, A-Z, 0-9, '.', '-', '_'; first and last a
//	       letter or digit: a name or an IPv4 address
//	port = 1 to 65535, without leading zeros
//	rest = characters of RFC 3986; '%' begins two hex digits
//
// There is no room for user info, spaces, control characters or letters beyond
// ASCII. Error: ErrInvalidProgramInfo.
func checkProgramURL(field, url string) error {
	bad := func(what string) error {
		return errorsmod.Wrapf(ErrInvalidProgramInfo, "%s %.80q: %s", field, url, what)
	}
	if url == "" || len(url) > MaxProgramURLSize {
		return errorsmod.Wrapf(ErrInvalidProgramInfo, "%s must have 1 to %d bytes, got %d", field, MaxProgramURLSize, len(url))
	}
	rest, ok := strings.CutPrefix(url, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(url, "http://")
	}
	if !ok {
		return bad("must begin with http:// or https://")
	}
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority, rest = rest[:end], rest[end:]
	} else {
		rest = ""
	}
	if strings.Contains(authority, "@") {
		return bad("must not hold a user's name or password")
	}
	host, port, hasPort := strings.Cut(authority, ":")
	if !isHost(host) {
		return bad("the host must be a name or an IPv4 address")
	}
	if hasPort && !isPort(port) {
		return bad("the port must be 1 to 65535")
	}
	if !isURLText(rest) {
		return bad("escape every character that RFC 3986 does not know as % and two hex digits")
	}
	return nil
}

func isHost(s string) bool {
	if s == "" || len(s) > maxHostSize || !isAlnum(s[0]) || !isAlnum(s[len(s)-1]) {
		return false
	}
	return all(s, func(c byte) bool { return isAlnum(c) || c == '.' || c == '-' || c == '_' })
}

func isPort(s string) bool {
	if s == "" || len(s) > 5 || s[0] == '0' || !all(s, isDigit) {
		return false
	}
	return len(s) < 5 || s <= "65535"
}

// isURLText reports whether s holds only characters of RFC 3986.
func isURLText(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isAlnum(c), strings.IndexByte("-._~:/?#[]@!$&'()*+,;=", c) >= 0:
		case c == '%' && i+2 < len(s) && isHexDigit(s[i+1]) && isHexDigit(s[i+2]):
			i += 2
		default:
			return false
		}
	}
	return true
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlnum(c byte) bool { return isLower(c) || (c >= 'A' && c <= 'Z') || isDigit(c) }

func isHexDigit(c byte) bool {
	return isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')
}

func all(s string, is func(c byte) bool) bool {
	return !slices.ContainsFunc([]byte(s), func(c byte) bool { return !is(c) })
}
