package sp1

import (
	"embed"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

//go:embed keys/*.hex
var keyFiles embed.FS

// release is a key that Succinct published.
type release struct {
	// id is the verifier's id.
	id string
	// hash is the verifier hash, in hex.
	hash string
	// file holds the canonical key under keys, where the key stands built in.
	file string
	// path and commit say where the published file is in succinctlabs/sp1.
	path, commit string
	// vkRoot is VK_ROOT, in hex, of the verifier contract in
	// succinctlabs/sp1-contracts, contracts/src/<version>; empty before v6.
	vkRoot string
	// deprecated keeps new requests away from it.
	deprecated bool
}

// Where succinctlabs/sp1 keeps its keys, before v6 and since.
const (
	pathsBeforeV6 = "crates/verifier/bn254-vk/"
	pathsV6       = "crates/verifier/vk-artifacts/"
)

// Commits of succinctlabs/sp1 that the releases are tagged at.
const (
	commitV500 = "38f0f143dece864e8bffafad64196a924f190336"
	commitV600 = "f87f8d6ff005d542db22e241928319f5e96a4609"
	commitV610 = "d454975ac7c1126097e36eceda9bce2cb9899da4"
)

// VK_ROOT of the verifier contracts of v6.
const (
	vkRootV600 = "008cd56e10c2fe24795cff1e1d1f40d3a324528d315674da45d26afb376e8670"
	vkRootV610 = "002f850ee998974d6cc00e50cd0814b098c05bfade466d28573240d057f25352"
)

// releases lists published keys, by family and version. Those without a file are
// known by their selector alone, to say what a proof of theirs is.
//
// v3 and v4 are not built in, not even as deprecated, since they are not sound: v3
// lets a partial execution pass for a whole one (SP1 security update of January
// 2025, repaired in v4), and v4 has the flaws of GHSA-6248-228x-mmvh, repaired in
// v5.0.0. PLONK v6.1.0 is not built in because no proof of it is published to test
// it with. v6.0.0 is deprecated from the start: its recursion verifier has the
// soundness flaw of GHSA-63x8-x938-vx33 (CVE-2026-40323, high), repaired in v6.1.0,
// and upstream has prepared the freeze of its routes. Nobody can put money on it,
// and proofs of it can still be checked offline.
var releases = []release{
	{id: NameGroth16 + "/v3.0.0", hash: "090690902a12d1d02c07a1ad25aa76bded5f6499e12a11ba127669501b553998"},
	{id: NameGroth16 + "/v4.0.0-rc.3", hash: "11b6a09d63d255ad425ee3a7f6211d5ec63fbde9805b40551c3136275b6f4eb4"},
	{
		id: NameGroth16 + "/v5.0.0", hash: "a4594c59bbc142f3b81c3ecb7f50a7c34bc9af7c4c444b5d48b795427e285913",
		file: "groth16-v5.0.0.hex", path: pathsBeforeV6 + "groth16_vk.bin", commit: commitV500,
	},
	{
		id: NameGroth16 + "/v6.0.0", hash: "0e78f4db7a6771a3a6a7d9c3b0de6fe73d58781368967a7fe84d87aefffec896",
		file: "groth16-v6.0.0.hex", path: pathsV6 + "groth16_vk.bin", commit: commitV600, vkRoot: vkRootV600, deprecated: true,
	},
	{
		id: NameGroth16 + "/v6.1.0", hash: "4388a21c687fdd5f218d7e3d13190cac4c5355818d3605fd5fb811df468ee696",
		file: "groth16-v6.1.0.hex", path: pathsV6 + "groth16_vk.bin", commit: commitV610, vkRoot: vkRootV610,
	},
	{id: NamePlonk + "/v3.0.0", hash: "54bdcae3adb83d4ce9ed91d99a31da3086e2b117abf3685164e9f28d78670b05"},
	{id: NamePlonk + "/v4.0.0-rc.3", hash: "1b34fe11a637737f0c75c88241669dcf9ca3c03713659265b8241f398a2d286d"},
	{
		id: NamePlonk + "/v5.0.0", hash: "d4e8ecd2357dd882209800acd6abb443d231cf287d77ba62b732ce937c8b56e7",
		file: "plonk-v5.0.0.hex", path: pathsBeforeV6 + "plonk_vk.bin", commit: commitV500,
	},
	{
		id: NamePlonk + "/v6.0.0", hash: "bb1a6f2930e94bfe8b35e794faf43133214534a17d2ad8e51358cad437b3c317",
		file: "plonk-v6.0.0.hex", path: pathsV6 + "plonk_vk.bin", commit: commitV600, vkRoot: vkRootV600, deprecated: true,
	},
	{id: NamePlonk + "/v6.1.0", hash: "5a093a2fcb46394f5cadfe55c44d4d572fad9cec7aeb38026b0278322ef07fac"},
}

// Published returns the keys that Succinct published and that stand built in, in
// canonical form.
func Published() ([]proof.Published, error) {
	var list []proof.Published
	for _, r := range releases {
		if r.file == "" {
			continue
		}
		p, err := r.published()
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

func (r release) published() (p proof.Published, err error) {
	text, err := keyFiles.ReadFile("keys/" + r.file)
	if err != nil {
		return p, fmt.Errorf("%w: embedded key: %w", proof.ErrInternal, err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return p, fmt.Errorf("%w: embedded key %s: %s", proof.ErrEncoding, r.file, err)
	}
	var constants []proof.Constant
	if r.vkRoot != "" {
		root, err := hex.DecodeString(r.vkRoot)
		if err != nil {
			return p, fmt.Errorf("%w: vk root of %s: %s", proof.ErrConstant, r.id, err)
		}
		constants = []proof.Constant{{Name: ConstantVKRoot, Value: root}}
	}
	family, _, _ := strings.Cut(r.id, "/")
	return proof.Published{
		ID: r.id, Family: family, Curve: proof.CurveBN254, Key: key, Constants: constants, Deprecated: r.deprecated,
		Source: proof.Source{Repository: "succinctlabs/sp1", Path: r.path, Commit: r.commit, SHA256: r.hash},
	}, nil
}

// selectorOf says in words which published key a selector belongs to.
func selectorOf(selector [selectorSize]byte) string {
	want := hex.EncodeToString(selector[:])
	for _, r := range releases {
		if strings.HasPrefix(r.hash, want) {
			return "that of " + r.id
		}
	}
	return "of no version known here"
}
