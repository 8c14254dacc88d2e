package proof

// Published is a verifying key that the makers of a zkVM published. The default
// genesis registers it, and the offline verifier knows it by its id.
type Published struct {
	// ID names the verifier, such as "pico/v1.2.2" (law V1).
	ID string
	// Family and Curve say what the key is.
	Family, Curve string
	// Key is the canonical key.
	Key []byte
	// Constants are the family's further values, sorted by name.
	Constants []Constant
	// Deprecated means that open requests still verify but new ones are refused.
	Deprecated bool
	// Source is where the key was published.
	Source Source
}

// Source says where a key was published, so that anyone can compare.
type Source struct {
	// Repository is the owner and name on GitHub.
	Repository string
	// Path is the file within the repository.
	Path string
	// Commit is the full hash of the commit that the file was read at.
	Commit string
	// SHA256 is the hash of the key in the form that the source has, or of the
	// canonical key where the source is a Solidity contract: 64 hex digits.
	SHA256 string
}
