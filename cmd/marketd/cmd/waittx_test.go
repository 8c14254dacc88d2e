package cmd

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTxHash(t *testing.T) {
	hash := strings.Repeat("AB", 32)
	for name, tc := range map[string]struct {
		in   string
		args []string
		want string
	}{
		"argument":       {"", []string{strings.ToLower(hash)}, hash},
		"json":           {`{"height":"0","txhash":"` + hash + `"}`, nil, hash},
		"text":           {"code: 0\ntxhash: " + hash + "\n", nil, hash},
		"short argument": {"", []string{hash[2:]}, ""},
		"no hex":         {"", []string{strings.Repeat("x", 64)}, ""},
		"nothing":        {"", nil, ""},
		"empty in json":  {`{"txhash":""}`, nil, ""},
		"bad in text":    {"txhash: 12\n", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := txHash(strings.NewReader(tc.in), tc.args)
			require.Equal(t, tc.want, got)
			require.Equal(t, tc.want == "", err != nil)
		})
	}
}

func TestWaitTxSaysWhatTheNodeRefused(t *testing.T) {
	hash := strings.Repeat("AB", 32)
	_, err := txHash(strings.NewReader(`{"txhash":"`+hash+`","codespace":"sdk","code":4,"raw_log":"wrong signature"}`), nil)
	require.ErrorContains(t, err, "refused transaction "+hash+" with sdk code 4: wrong signature")
	got, err := txHash(strings.NewReader(`{"txhash":"`+hash+`","codespace":"","code":0,"raw_log":""}`), nil)
	require.NoError(t, err)
	require.Equal(t, hash, got)
}
