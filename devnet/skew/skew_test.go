package skew

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/devnet"
)

// A program with the changed file reads another time where it is told to, and the
// right one elsewhere.
func TestClockIsWrong(t *testing.T) {
	modules, err := replaceClock(t.Context(), t.TempDir())
	require.NoError(t, err)
	read := func(args ...string) time.Time {
		out, err := goTool(t.Context(), append(append([]string{"run"}, args...), "./testdata/now")...)
		require.NoError(t, err)
		seconds, err := strconv.ParseInt(strings.TrimSpace(out), 10, 64)
		require.NoError(t, err)
		return time.Unix(seconds, 0)
	}
	const day = 24 * time.Hour
	t.Setenv(devnet.SkewEnv, (-100 * day).String())
	require.WithinDuration(t, time.Now().Add(-100*day), read("-modfile", modules), day)
	require.WithinDuration(t, time.Now(), read(), day, "without the change")
	t.Setenv(devnet.SkewEnv, "tomorrow")
	_, err = goTool(t.Context(), "run", "-modfile", modules, "./testdata/now")
	require.ErrorContains(t, err, "tomorrow")
}

func TestOtherSourceIsRefused(t *testing.T) {
	for _, text := range []string{
		"",
		"package time\nimport (\n)\n",
		"package time\nfunc Now() time.Time { " + reading + " }\n",
		"package time\nimport (\n)\n" + reading + "\n" + reading + "\n",
	} {
		_, err := patch([]byte(text))
		require.ErrorIs(t, err, ErrOtherSource, text)
	}
}
