package cmd

import (
	"runtime/debug"
	"testing"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/viper"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/internal/nodedb"
)

// restoreCollector gives the test's process its garbage collector back.
func restoreCollector(t *testing.T) {
	t.Helper()
	before := collector()
	t.Cleanup(func() { debug.SetGCPercent(before) })
}

// collector returns the percentage that is in force.
func collector() int {
	percent := debug.SetGCPercent(100)
	debug.SetGCPercent(percent)
	return percent
}

func TestGCPercent(t *testing.T) {
	for name, tc := range map[string]struct {
		value any // nil if the file has none
		want  int // 0 if it is refused
	}{
		"an older file": {nil, gcPercent},
		"a number":      {int64(150), 150},
		"a variable":    {"250", 250},
		"the least":     {1, 1},
		"the most":      {maxGCPercent, maxGCPercent},
		"none":          {0, 0},
		"off":           {-1, 0},
		"too many":      {maxGCPercent + 1, 0},
		"no number":     {"much", 0},
		"a list":        {[]any{400}, 0},
		"yes":           {true, 0},
		"a fraction":    {1.9, 0},
	} {
		t.Run(name, func(t *testing.T) {
			v := viper.New()
			if tc.value != nil {
				v.Set(keyGCPercent, tc.value)
			}
			got, err := gcPercents.Number(v, keyGCPercent)
			if tc.want == 0 {
				require.ErrorIs(t, err, app.ErrNodeConfig)
				require.ErrorContains(t, err, keyGCPercent)
				require.ErrorContains(t, err, "from 1 to 1000")
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
}

// The start command gives the collector what app.toml says, unless the environment did.
func TestStartSetsTheCollector(t *testing.T) {
	home := t.TempDir()
	_, err := execute(t, "init", "node", "--chain-id", "test-1", "--home", home)
	require.NoError(t, err)
	restoreCollector(t)
	t.Setenv(envGCPercent, "")
	for _, percent := range []int{0, 150} { // the default, and another one
		want, settings := gcPercent, map[string]any{}
		if percent != 0 {
			want, settings[keyGCPercent] = percent, percent
		}
		t.Run("", func(t *testing.T) {
			debug.SetGCPercent(77)
			logs, err := guarded(t, home, settings)
			require.NoError(t, err)
			require.Equal(t, want, collector())
			require.Contains(t, logs, "garbage collector")
		})
	}
	t.Run("GOGC wins", func(t *testing.T) {
		debug.SetGCPercent(77)
		t.Setenv(envGCPercent, "77")
		logs, err := guarded(t, home, nil)
		require.NoError(t, err)
		require.Equal(t, 77, collector())
		require.Contains(t, logs, "from=GOGC")
	})
	t.Run("GOGC that Go does not take", func(t *testing.T) {
		debug.SetGCPercent(77)
		t.Setenv(envGCPercent, "200%")
		logs, err := guarded(t, home, nil)
		require.NoError(t, err)
		require.Equal(t, gcPercent, collector())
		require.Contains(t, logs, "from="+keyGCPercent)
	})
	t.Run("refused with GOGC too", func(t *testing.T) {
		t.Setenv(envGCPercent, "77")
		_, err := guarded(t, home, map[string]any{keyGCPercent: -1})
		require.ErrorIs(t, err, app.ErrNodeConfig)
	})
}

// What is no number was taken for 0, which is goleveldb's own small cache.
func TestBlockCacheIsANumber(t *testing.T) {
	for name, tc := range map[string]struct {
		value any // nil if the file has none
		good  bool
	}{
		"an older file": {nil, true}, "none": {0, true}, "text of a number": {"12", true},
		"a word": {"much", false}, "negative": {-1, false}, "too much": {nodedb.MaxBlockCache + 1, false}, "a fraction": {1.5, false},
	} {
		t.Run(name, func(t *testing.T) {
			v := viper.New()
			if tc.value != nil {
				v.Set(keyBlockCache, tc.value)
			}
			db, err := openDB(v, t.TempDir(), dbm.GoLevelDBBackend)
			if !tc.good {
				require.ErrorIs(t, err, app.ErrNodeConfig)
				require.ErrorContains(t, err, keyBlockCache)
				return
			}
			require.NoError(t, err)
			require.NoError(t, db.Close())
		})
	}
}
