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
