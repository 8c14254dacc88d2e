package prover

import "github.com/proofmarket/proofmarket/prover/chain"

// hold keeps files while a look may need them and no job names them yet.
func (e *Engine) hold(hashes ...string) (release func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, h := range hashes {
		e.holding[h]++
	}
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, h := range hashes {
			if e.holding[h]--; e.holding[h] == 0 {
				delete(e.holding, h)
			}
		}
	}
}

// held lists the files that looks under way need.
func (e *Engine) held() map[string]bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	held := make(map[string]bool, len(e.holding))
	for h := range e.holding {
		held[h] = true
	}
	return held
}

// prune drops files that nothing needs, after a job has ended and now and then:
// neither a job nor a look under way names them.
func (e *Engine) prune(head chain.Head) {
	if e.pruned > 0 && head.Height < e.pruned+pruneBlocks {
		return
	}
	keep := e.held() // before the jobs: a look that ends meanwhile is in one or the other
	jobs, err := e.store.Open()
	if err != nil {
		return
	}
	for _, j := range jobs {
		keep[j.ImageSHA256], keep[j.InputSHA256] = true, true
	}
	if err := e.blobs.Prune(keep, e.cfg.MaxBlobBytes); err != nil {
		e.log.Warn("old files could not be removed", "error", err)
	}
	e.pruned = head.Height
}
