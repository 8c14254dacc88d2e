package store

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	s, err := Open(path)
	require.NoError(t, err)
	defer s.Close()
	for _, id := range []string{"aa11", "aa22", "ab33", "b1"} {
		require.NoError(t, s.Create(testJob(t, id)))
	}
	_, err = s.Update("aa22", func(j *Job) error { j.State, j.Outcome = Done, Lost; return nil })
	require.NoError(t, err)
	for _, c := range []struct {
		prefix string
		limit  int
		want   []string
	}{
		{"aa11", 5, []string{"aa11"}},
		{"aa", 5, []string{"aa11", "aa22"}},
		{"aa", 1, []string{"aa11", "aa22"}}, // one of each kind
		{"a", 1, []string{"aa11", "aa22"}},
		{"a", 2, []string{"aa11", "aa22", "ab33"}},
		{"ac", 5, nil},
		{"aa111", 5, nil},
		{"", 9, []string{"aa11", "aa22", "ab33", "b1"}},
	} {
		got, err := s.Find(c.prefix, c.limit)
		require.NoError(t, err)
		require.Equal(t, c.want, got, "%q, %d", c.prefix, c.limit)
	}
	require.Zero(t, s.Unsaved())
}

// A job can be abandoned from every state, once and for good.
func TestAbandoned(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "jobs.db"))
	require.NoError(t, err)
	defer s.Close()
	for _, state := range States {
		if state == Done {
			continue
		}
		id := "id-" + string(state)
		require.NoError(t, s.Create(testJob(t, id)))
		for _, to := range States[1:] {
			j, err := s.Get(id)
			require.NoError(t, err)
			if j.State == state {
				break
			}
			_, err = s.Update(id, func(j *Job) error {
				j.State, j.Pending, j.Proof = to, &Tx{Hash: "AB"}, []byte{1}
				return nil
			})
			require.NoError(t, err, to)
		}
		j, err := s.Update(id, func(j *Job) error {
			j.State, j.Outcome, j.Pending = Done, Abandoned, nil
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, Abandoned, j.Outcome)
		_, err = s.Update(id, func(j *Job) error { j.State = state; return nil })
		require.ErrorIs(t, err, ErrNotFound, "it is done for good")
	}
	counts, err := s.Outcomes()
	require.NoError(t, err)
	require.Equal(t, map[Outcome]int{Abandoned: len(States) - 1}, counts)
	require.Contains(t, Outcomes, Abandoned)
}
