package prover

import (
	"context"
	"fmt"
	"os/exec"
)

// backendFixes are what mends a backend that is not well, by its kind.
var backendFixes = map[string]string{
	KindGnark: "see that this program may start itself, and that there is memory",
	KindPico:  "start the Pico service, and see address, tls, ca_file and token_file under [backends.pico]",
	KindExec:  "install the program and make it executable, and see command and work_dir under [backends.exec]",
}

// backendProbe is the check of one backend.
func (d *doctor) backendProbe(b BackendConfig) probe {
	return probe{"backend " + b.Name, backendCheck, nil, func(ctx context.Context, f facts) ([]Finding, facts) {
		return d.checkBackend(ctx, *f.cfg, b), f
	}}
}

// checkBackend opens a backend and asks it whether it can work.
func (d *doctor) checkBackend(ctx context.Context, cfg Config, b BackendConfig) []Finding {
	name := "backend " + b.Name
	fail := func(err error) []Finding {
		return finding(name, VerdictFail, backendFixes[b.Kind], "%s: %v", b.Kind, err)
	}
	if b.Kind == KindGnark && !b.Gnark.InProcess && len(cfg.Worker) > 0 {
		if _, err := exec.LookPath(cfg.Worker[0]); err != nil {
			return fail(fmt.Errorf("its worker cannot be started: %w", err))
		}
	}
	opened, err := d.openBackend(cfg, b)
	if err != nil {
		return fail(err)
	}
	err = opened.Health(ctx)
	if closed := opened.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fail(err)
	}
	return well(name, "%s is alive: %s; %d workers, a queue of %d", b.Kind, worksWith(b), b.Workers, b.Queue)
}

// worksWith says what a backend works with.
func worksWith(b BackendConfig) string {
	switch b.Kind {
	case KindPico:
		return "the service at " + b.Pico.Address + " answers"
	case KindExec:
		return b.Exec.Command + " is there"
	default:
		if b.Gnark.InProcess {
			return "in this process"
		}
		return "a worker answers"
	}
}
