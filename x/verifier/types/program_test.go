package types_test

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

var hex32 = strings.Repeat("0123456789abcdef", 4)

func programInfo() types.ProgramInfo {
	return types.ProgramInfo{
		Name: "fibonacci", ImageUrl: "https://images.example.org/fibonacci/v1.elf", ImageSha256: hex32, ImageSize: 1,
		Verifiers: []string{types.CircuitVerifier, types.PicoV122},
	}
}

// urlOf returns a URL of n bytes.
func urlOf(n int) string {
	const start = "https://example.org/"
	return start + strings.Repeat("a", n-len(start))
}

// ids returns n sorted verifier ids.
func ids(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("pico/v%03d", i))
	}
	return out
}

// Each bound at the limit and one past it.
func TestProgramInfoBounds(t *testing.T) {
	set := func(change func(i *types.ProgramInfo)) types.ProgramInfo {
		i := programInfo()
		change(&i)
		return i
	}
	for name, tc := range map[string]struct {
		info types.ProgramInfo
		ok   bool
	}{
		"as it is":             {programInfo(), true},
		"no name":              {set(func(i *types.ProgramInfo) { i.Name = "" }), false},
		"shortest name":        {set(func(i *types.ProgramInfo) { i.Name = "a" }), true},
		"longest name":         {set(func(i *types.ProgramInfo) { i.Name = strings.Repeat("9", types.MaxProgramNameSize) }), true},
		"name too long":        {set(func(i *types.ProgramInfo) { i.Name = strings.Repeat("9", types.MaxProgramNameSize+1) }), false},
		"longest URL":          {set(func(i *types.ProgramInfo) { i.ImageUrl = urlOf(types.MaxProgramURLSize) }), true},
		"URL too long":         {set(func(i *types.ProgramInfo) { i.ImageUrl = urlOf(types.MaxProgramURLSize + 1) }), false},
		"no URL":               {set(func(i *types.ProgramInfo) { i.ImageUrl = "" }), false},
		"docs":                 {set(func(i *types.ProgramInfo) { i.DocsUrl = urlOf(types.MaxProgramURLSize) }), true},
		"docs too long":        {set(func(i *types.ProgramInfo) { i.DocsUrl = urlOf(types.MaxProgramURLSize + 1) }), false},
		"docs no URL":          {set(func(i *types.ProgramInfo) { i.DocsUrl = "x" }), false},
		"no hash":              {set(func(i *types.ProgramInfo) { i.ImageSha256 = "" }), false},
		"short hash":           {set(func(i *types.ProgramInfo) { i.ImageSha256 = hex32[1:] }), false},
		"long hash":            {set(func(i *types.ProgramInfo) { i.ImageSha256 = hex32 + "0" }), false},
		"hash in upper case":   {set(func(i *types.ProgramInfo) { i.ImageSha256 = strings.ToUpper(hex32) }), false},
		"hash no hex":          {set(func(i *types.ProgramInfo) { i.ImageSha256 = "g" + hex32[1:] }), false},
		"hash with 0x":         {set(func(i *types.ProgramInfo) { i.ImageSha256 = "0x" + hex32[2:] }), false},
		"empty image":          {set(func(i *types.ProgramInfo) { i.ImageSize = 0 }), false},
		"largest image":        {set(func(i *types.ProgramInfo) { i.ImageSize = types.MaxImageSize }), true},
		"image too large":      {set(func(i *types.ProgramInfo) { i.ImageSize = types.MaxImageSize + 1 }), false},
		"no verifier":          {set(func(i *types.ProgramInfo) { i.Verifiers = nil }), false},
		"one verifier":         {set(func(i *types.ProgramInfo) { i.Verifiers = ids(1) }), true},
		"most verifiers":       {set(func(i *types.ProgramInfo) { i.Verifiers = ids(types.MaxProgramVerifiers) }), true},
		"too many verifiers":   {set(func(i *types.ProgramInfo) { i.Verifiers = ids(types.MaxProgramVerifiers + 1) }), false},
		"verifiers unsorted":   {set(func(i *types.ProgramInfo) { i.Verifiers = []string{"b", "a"} }), false},
		"verifier twice":       {set(func(i *types.ProgramInfo) { i.Verifiers = []string{"a", "a"} }), false},
		"verifier without id":  {set(func(i *types.ProgramInfo) { i.Verifiers = []string{""} }), false},
		"verifier id too long": {set(func(i *types.ProgramInfo) { i.Verifiers = []string{strings.Repeat("a", types.MaxVerifierIDSize+1)} }), false},
	} {
		if tc.ok {
			require.NoError(t, tc.info.Validate(), name)
		} else {
			require.ErrorIs(t, tc.info.Validate(), types.ErrInvalidProgramInfo, name)
		}
	}
}

func TestProgramNames(t *testing.T) {
	for _, name := range []string{"a", "0", "ab", "a.b", "a-b", "a_b", "a..b", "1-0_0.z"} {
		require.NoError(t, types.CheckProgramName(name), name)
	}
	for _, name := range []string{"", ".", "-", "_", ".a", "a.", "-a", "a-", "_a", "a_", "A", "aB", "a/b", "a b", "a\n", "é", "a\x00b", "a%b"} {
		require.ErrorIs(t, types.CheckProgramName(name), types.ErrInvalidProgramInfo, "%q", name)
	}
}

func TestProgramURLs(t *testing.T) {
	label := strings.Repeat("a", 253)
	for _, u := range []string{
		"http://a", "https://a", "https://EXAMPLE.org", "http://10.0.0.1", "http://10.0.0.1:8080/x", "http://a:1", "http://a:65535/",
		"http://a/", "http://a?q", "http://a#f", "http://a_b.c-d/", "https://a/b/c.elf?x=1&y=2#part", "https://a/%20%fF",
		"https://a/-._~:/?#[]@!$&'()*+,;=", "https://a/@b", "https://a?x=http://c:d@e", "http://" + label,
	} {
		i := programInfo()
		i.ImageUrl = u
		require.NoError(t, i.Validate(), u)
	}
	for _, u := range []string{
		"", "a", "//a", "/a", "http", "http:", "http:/", "http:a", "http://", "https://", "http:///a", "http://?", "http://#",
		"ftp://a", "file:///a", "javascript:alert(1)", "data:,a", "HTTP://a", "Https://a", " http://a", "http://a ", "httpx://a",
		"http://u@a", "http://u:p@a/", "http://:@a", "http://@a", "http://a:80@b",
		"http://a:", "http://a:0", "http://a:01", "http://a:65536", "http://a:99999", "http://a:123456", "http://a:x", "http://a:1:2", "http://a:-1", "http://:80",
		"http://[::1]/", "http://::1/", "http://[fe80::1%25en0]/", "http://-a", "http://a-", "http://.a", "http://a.", "http://_", "http://a%41",
		"http://a\\b", "http://a/\\", "http://a/ b", "http://a/\tb", "http://a/\r\nHost: b", "http://a/\x00", "http://a/\x7f", "http://a/é", "http://é",
		"http://a/%", "http://a/%2", "http://a/%2g", "http://a/%g2", "http://a/<b>", "http://a/\"", "http://a/{b}", "http://a/`", "http://a/|", "http://a/^",
		"http://" + label + "a",
	} {
		i := programInfo()
		i.DocsUrl, i.ImageUrl = "", u
		require.ErrorIs(t, i.Validate(), types.ErrInvalidProgramInfo, "%q", u)
	}
}

func TestDecodeProgram(t *testing.T) {
	bz, err := types.DecodeProgram(hex32)
	require.NoError(t, err)
	require.Equal(t, hex32, fmt.Sprintf("%x", bz))
	for _, s := range []string{"", hex32[1:], hex32 + "0", "0x" + hex32[2:], strings.ToUpper(hex32), strings.Repeat("g", 64), strings.Repeat("é", 32)} {
		_, err := types.DecodeProgram(s)
		require.ErrorIs(t, err, types.ErrInvalidProgramInfo, "%q", s)
	}
}

// The accounts of two records are two, whatever bytes their keys share.
func TestProgramAccounts(t *testing.T) {
	seen := map[string]bool{}
	for _, publisher := range [][]byte{{1}, {1, 2}, bytes.Repeat([]byte{1}, 20), bytes.Repeat([]byte{1}, 32)} {
		for _, program := range [][]byte{bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)} {
			account := types.ProgramAccount(publisher, program).String()
			require.False(t, seen[account])
			seen[account] = true
			require.NotEqual(t, account, types.CircuitAccount(program).String())
		}
	}
}

func TestProgramsInGenesis(t *testing.T) {
	g, err := types.DefaultGenesis()
	require.NoError(t, err)
	record := func(publisher []byte, program byte, name string) types.Program {
		info := programInfo()
		info.Name = name
		return types.Program{
			Publisher: sdk.AccAddress(publisher).String(), Program: fmt.Sprintf("%064x", program), Info: info, Deposit: math.NewInt(7),
		}
	}
	one, two := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 20) // sorted by bytes, not by length
	valid := func() []types.Program {
		return []types.Program{record(one, 1, "a"), record(one, 2, "b"), record(two, 1, "a"), record(two, 3, "b")}
	}
	g.Programs = valid()
	require.NoError(t, g.Validate())
	limit := math.NewIntFromBigInt(math.NewInt(1).BigInt()).Mul(math.NewInt(1 << 62)).Mul(math.NewInt(1 << 62)).Mul(math.NewInt(16))
	for name, tc := range map[string]struct {
		malleate func(p []types.Program) []types.Program
		err      error
	}{
		"unsorted publishers":  {func(p []types.Program) []types.Program { return []types.Program{p[2], p[0]} }, types.ErrInvalidGenesis},
		"unsorted programs":    {func(p []types.Program) []types.Program { return []types.Program{p[1], p[0]} }, types.ErrInvalidGenesis},
		"twice":                {func(p []types.Program) []types.Program { return []types.Program{p[0], p[0]} }, types.ErrInvalidGenesis},
		"name twice":           {func(p []types.Program) []types.Program { p[1].Info.Name = "a"; return p }, types.ErrInvalidGenesis},
		"name twice, apart":    {func(p []types.Program) []types.Program { p[3].Info.Name = "a"; return p }, types.ErrInvalidGenesis},
		"publisher":            {func(p []types.Program) []types.Program { p[0].Publisher = "x"; return p }, types.ErrInvalidGenesis},
		"publisher upper case": {func(p []types.Program) []types.Program { p[0].Publisher = strings.ToUpper(p[0].Publisher); return p }, types.ErrInvalidGenesis},
		"program":              {func(p []types.Program) []types.Program { p[0].Program = "0x"; return p }, types.ErrInvalidProgramInfo},
		"info":                 {func(p []types.Program) []types.Program { p[0].Info.ImageSize = 0; return p }, types.ErrInvalidProgramInfo},
		"unknown verifier":     {func(p []types.Program) []types.Program { p[0].Info.Verifiers = []string{"nobody"}; return p }, types.ErrInvalidGenesis},
		"no deposit":           {func(p []types.Program) []types.Program { p[0].Deposit = math.Int{}; return p }, types.ErrInvalidGenesis},
		"negative deposit":     {func(p []types.Program) []types.Program { p[0].Deposit = math.NewInt(-1); return p }, types.ErrInvalidGenesis},
		"deposit at limit":     {func(p []types.Program) []types.Program { p[0].Deposit = limit.SubRaw(1); return p }, nil},
		"deposit past limit":   {func(p []types.Program) []types.Program { p[0].Deposit = limit; return p }, types.ErrInvalidGenesis},
		"zero deposit":         {func(p []types.Program) []types.Program { p[0].Deposit = math.ZeroInt(); return p }, nil},
		"height":               {func(p []types.Program) []types.Program { p[0].AddedHeight = -1; return p }, types.ErrInvalidGenesis},
	} {
		g.Programs = tc.malleate(valid())
		if tc.err == nil {
			require.NoError(t, g.Validate(), name)
		} else {
			require.ErrorIs(t, g.Validate(), tc.err, name)
		}
	}
}

// FuzzProgramInfo: no strings make the validator panic; a URL that it accepts is
// one for Go's parser too, with the same scheme, a host and no user, so that
// provers can fetch it.
func FuzzProgramInfo(f *testing.F) {
	f.Add("fibonacci", "https://a.org:8080/x?y#z", "pico/v1.2.2")
	f.Add("a.b", "http://u:p@a/%41", "circuit")
	f.Add(".", "http://[::1]/", "")
	f.Fuzz(func(t *testing.T, name, address, id string) {
		info := programInfo()
		info.Name, info.ImageUrl, info.DocsUrl, info.Verifiers = name, address, address, []string{id}
		if err := info.Validate(); err != nil {
			require.ErrorIs(t, err, types.ErrInvalidProgramInfo)
			return
		}
		require.LessOrEqual(t, len(name), types.MaxProgramNameSize)
		require.LessOrEqual(t, len(address), types.MaxProgramURLSize)
		u, err := url.Parse(address)
		require.NoError(t, err)
		require.Contains(t, []string{"http", "https"}, u.Scheme)
		require.NotEmpty(t, u.Hostname())
		require.Nil(t, u.User)
		require.True(t, strings.HasPrefix(address, u.Scheme+"://"+u.Host))
		require.NotContains(t, name, "/")
		for _, c := range []byte(address + name + id) {
			require.True(t, c > ' ' && c <= '~')
		}
	})
}
