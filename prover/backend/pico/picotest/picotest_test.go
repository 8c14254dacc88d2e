package picotest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/proofmarket/proofmarket/prover/backend/pico/api"
)

func replays() []Replay {
	return []Replay{
		{ELF: []byte("elf"), Input: []byte("in"), Program: [32]byte{1}, Digest: [32]byte{2}, Proof: bytes.Repeat([]byte{3}, 256), Cost: 7},
		{ELF: []byte("another"), Input: []byte{}, Program: [32]byte{4}, Digest: [32]byte{5}, Proof: bytes.Repeat([]byte{6}, 256)},
	}
}

func TestReplaysInAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "proofs.json")
	require.NoError(t, WriteReplays(file, replays()))
	got, err := ReadReplays(file)
	require.NoError(t, err)
	require.Equal(t, replays(), got)

	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	for says, bad := range map[string][]byte{
		"lists no proof":      []byte("[]"),
		"unknown field":       []byte(`[{"prove": 1}]`),
		"program":             bytes.Replace(whole, []byte(`"program": "01`), []byte(`"program": "`), 1),
		"digest":              bytes.Replace(whole, []byte(`"digest": "02`), []byte(`"digest": "0x`), 1),
		"entry 0: proof":      bytes.Replace(whole, []byte(`"proof": "03`), []byte(`"proof": "0303`), 1),
		"elf":                 bytes.Replace(whole, []byte("program-0"), []byte("program-9"), 1),
		"input":               bytes.Replace(whole, []byte("input-1"), []byte("input-9"), 1),
		"EOF":                 whole[:0],
		"a list of proofs at": make([]byte, maxReplaysBytes+1),
	} {
		require.NoError(t, os.WriteFile(file, bad, 0o600))
		_, err := ReadReplays(file)
		require.ErrorContains(t, err, says)
	}
	_, err = ReadReplays(file + ".none")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestScript(t *testing.T) {
	list := replays()
	crashed := errors.New("crashed")
	var said []string
	s := &Script{
		Steps: []string{StepOther, StepForged, StepGarbage, StepFail, StepProve, StepCrash}, Programs: list,
		Crash: func() { panic(crashed) },
		Say:   func(_ Task, step string) { said = append(said, step) },
	}
	require.NoError(t, s.Check())
	task := Task{AppID: list[0].appID(), TaskID: "a", Input: list[0].Input}
	do := func() ([]byte, error) { return s.OnTask(t.Context(), task) }

	got, err := do()
	require.NoError(t, err)
	require.Equal(t, list[1].answer(), got)
	got, err = do()
	require.NoError(t, err)
	require.Equal(t, list[0].answer()[256:], got[256:])
	require.NotEqual(t, list[0].answer(), got)
	got, err = do()
	require.NoError(t, err)
	require.NotEmpty(t, got)
	require.NotEqual(t, len(list[0].answer()), len(got))
	_, err = do()
	require.Error(t, err)
	got, err = do()
	require.NoError(t, err)
	require.Nil(t, got, "nothing in place of the proof")
	require.PanicsWithError(t, crashed.Error(), func() { _, _ = do() })
	got, err = do()
	require.NoError(t, err)
	require.Nil(t, got)
	require.Equal(t, append(s.Steps, StepProve), said)
	require.Equal(t, byte(3), list[0].Proof[0], "what is handed out later is as it was")

	require.Error(t, (&Script{Steps: []string{"dance"}, Programs: list}).Check())
	require.Error(t, (&Script{Steps: []string{StepOther}, Programs: list[:1]}).Check())
}

// Programs and proofs outlive the process, the queue does not.
func TestDisk(t *testing.T) {
	list := replays()
	ended := make(chan struct{})
	cfg := Config{Programs: list, Disk: filepath.Join(t.TempDir(), "kept.json")}
	cfg.OnTask = func(ctx context.Context, task Task) ([]byte, error) {
		if task.TaskID == "b" {
			close(ended)
			<-ctx.Done()
		}
		return nil, ctx.Err()
	}
	s, err := Start(cfg)
	require.NoError(t, err)
	defer s.Stop()
	app := list[0].appID()
	res, err := s.RegisterApp(t.Context(), &api.RegisterAppRequest{Elf: list[0].ELF})
	require.NoError(t, err)
	require.Equal(t, app, res.AppId)
	for _, id := range []string{"a", "b", "c"} {
		_, err = s.ProveTask(t.Context(), &api.ProveTaskRequest{AppId: app, TaskId: id, Inputs: list[0].Input})
		require.NoError(t, err)
	}
	<-ended // a is done, b under way, c waits
	s.Stop()

	cfg.OnTask = nil
	again, err := Start(cfg)
	require.NoError(t, err)
	defer again.Stop()
	_, err = again.RegisterApp(t.Context(), &api.RegisterAppRequest{Elf: list[0].ELF})
	require.Equal(t, codes.Internal, status.Code(err))
	require.ErrorContains(t, err, "app already exists "+app)
	for id, want := range map[string][]byte{"a": list[0].answer(), "b": nil, "c": nil, "never": nil} {
		got, err := again.GetProvingResult(t.Context(), &api.GetProvingResultRequest{AppId: app, TaskId: id})
		require.NoError(t, err)
		require.Equal(t, want, got.Proof, id)
	}
	require.Empty(t, again.Tasks())

	require.NoError(t, os.WriteFile(cfg.Disk, []byte("{"), 0o600))
	_, err = Start(cfg)
	require.ErrorContains(t, err, cfg.Disk)
}
