package pico_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/backend/pico"
	"github.com/proofmarket/proofmarket/prover/backend/pico/picotest"
)

// certificate returns one for that name which signs itself, and its file.
func certificate(t *testing.T, name string) (*tls.Config, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o600))
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, file
}

func TestTLS(t *testing.T) {
	server, ca := certificate(t, "pico.example")
	_, otherCA := certificate(t, "pico.example")
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("s3cret"), 0o600))
	for name, tc := range map[string]struct {
		client pico.Config
		ok     bool
	}{
		"its certificate":       {pico.Config{TLS: true, CAFile: ca, ServerName: "pico.example"}, true},
		"another certificate":   {pico.Config{TLS: true, CAFile: otherCA, ServerName: "pico.example"}, false},
		"another name":          {pico.Config{TLS: true, CAFile: ca}, false},
		"the system's roots":    {pico.Config{TLS: true, ServerName: "pico.example"}, false},
		"no TLS on our side":    {pico.Config{}, false},
		"TLS on our side only,": {pico.Config{TLS: true, CAFile: ca, ServerName: "pico.example"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(s *picotest.Config, c *pico.Config) {
				*c = tc.client
				c.TokenFile, s.Token = token, "s3cret"
				if name != "TLS on our side only," {
					s.TLS = server
				}
			})
			err := r.pico.Health(t.Context())
			if tc.ok {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, backend.ErrFailed)
		})
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, []byte("no PEM"), 0o600))
	for _, bad := range []string{file, file + ".none"} {
		_, err := pico.New(pico.Config{Address: "127.0.0.1:1", TLS: true, CAFile: bad})
		require.ErrorIs(t, err, pico.ErrConfig)
	}
}
