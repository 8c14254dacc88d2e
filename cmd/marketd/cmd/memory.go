package cmd

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"

	"github.com/spf13/viper"

	"cosmossdk.io/log/v2"

	"github.com/proofmarket/proofmarket/app"
)

const (
	// keyGCPercent names the setting of app.toml that says by how many percent the heap
	// may grow before garbage is collected.
	keyGCPercent = "memory.gc-percent"
	// gcPercent is its default. Go's own is 100; docs/decisions/0034-node-settings.md says
	// what this one gains and costs.
	gcPercent = 400
	// maxGCPercent is the most that is taken: beyond it a node gains nothing and its heap
	// has no bound worth the name.
	maxGCPercent = 1000
	// envGCPercent and envMemoryLimit are Go's own variables for the collector.
	envGCPercent, envMemoryLimit = "GOGC", "GOMEMLIMIT"
)

// gcPercents are those that are taken.
var gcPercents = app.Bounds{Least: 1, Most: maxGCPercent, Default: gcPercent}

// setCollector tells Go's garbage collector what app.toml says, unless the environment
// has told it already. A wrong setting is an error even then.
func setCollector(v *viper.Viper, logger log.Logger) error {
	percent, err := gcPercents.Number(v, keyGCPercent)
	if err != nil {
		return err
	}
	shown, from := fmt.Sprint(percent), keyGCPercent
	if env := os.Getenv(envGCPercent); goTakes(env) {
		shown, from = env, envGCPercent
	} else {
		debug.SetGCPercent(percent)
	}
	logger.Info("garbage collector", "gc-percent", shown, "from", from, envMemoryLimit, os.Getenv(envMemoryLimit))
	return nil
}

// goTakes tells whether Go understands the variable; it takes nonsense for its own 100.
func goTakes(env string) bool {
	_, err := strconv.ParseInt(env, 10, 32)
	return env == "off" || err == nil
}
