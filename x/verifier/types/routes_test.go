package types

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/grpc-ecosystem/grpc-gateway/runtime"
	"github.com/stretchr/testify/require"
)

// A verifier's id contains a slash: its route takes the rest of the path, and
// shares none with the list's.
func TestVerifierRoutes(t *testing.T) {
	base := []string{"proofmarket", "verifier", "v1"}
	vars, err := pattern_Query_Verifier_0.Match(append(base, "verifier", "pico", "v1.2.2"), "")
	require.NoError(t, err)
	require.Equal(t, "pico/v1.2.2", vars["id"])
	_, err = pattern_Query_Verifiers_0.Match(append(base, "verifiers"), "")
	require.NoError(t, err)
	_, err = pattern_Query_Verifier_0.Match(append(base, "verifiers"), "")
	require.Error(t, err)
}

// A record's route has two parts; those of names are elsewhere, so that no name
// can pass for a program.
func TestProgramRoutes(t *testing.T) {
	base := []string{"proofmarket", "verifier", "v1"}
	vars, err := pattern_Query_Program_0.Match(append(base, "programs", "proof1abc", "00ff"), "")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"publisher": "proof1abc", "program": "00ff"}, vars)
	vars, err = pattern_Query_ProgramByName_0.Match(append(base, "program_names", "proof1abc", "a.b-c"), "")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"publisher": "proof1abc", "name": "a.b-c"}, vars)
	_, err = pattern_Query_Programs_0.Match(append(base, "programs"), "")
	require.NoError(t, err)
	_, err = pattern_Query_Programs_0.Match(append(base, "programs", "proof1abc", "00ff"), "")
	require.Error(t, err)
}

// askedServer remembers what it was asked to verify.
type askedServer struct {
	UnimplementedQueryServer
	asked *QueryVerifyRequest
}

func (s *askedServer) Verify(_ context.Context, req *QueryVerifyRequest) (*QueryVerifyResponse, error) {
	s.asked = req
	return &QueryVerifyResponse{Valid: true, Gas: 7}, nil
}

// POST /proofmarket/verifier/v1/verify carries the whole request in its body.
func TestVerifyRoute(t *testing.T) {
	server, mux := &askedServer{}, runtime.NewServeMux()
	require.NoError(t, RegisterQueryHandlerServer(context.Background(), mux, server))
	want := QueryVerifyRequest{
		Statement: Statement{Verifier: "pico/v1.2.2", Program: "00", Digest: "ff"}, PublicValues: []byte{1}, Proof: []byte{2, 3}, GasLimit: 9,
	}
	body, err := json.Marshal(&want) // the gateway's default form; fields have their proto names
	require.NoError(t, err)
	post := func(method string, body []byte) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		mux.ServeHTTP(rec, httptest.NewRequest(method, "/proofmarket/verifier/v1/verify", bytes.NewReader(body)))
		return rec
	}
	rec := post(http.MethodPost, body)
	require.Equal(t, http.StatusOK, rec.Code, rec.Body.String())
	require.Equal(t, &want, server.asked)
	require.Contains(t, rec.Body.String(), `"valid":true`)

	server.asked = nil
	require.Equal(t, http.StatusBadRequest, post(http.MethodPost, []byte(`{`)).Code)
	require.NotEqual(t, http.StatusOK, post(http.MethodGet, nil).Code)
	require.Nil(t, server.asked)
}
