package keeper

import "context"

// account holds what a fold changes of a series: the figures of the latest epoch.
type account[K any, S statistics[S]] struct {
	series[K, S]
	// epoch is the key of the epoch that is added to, latest what is recorded of it, or of
	// the one before if fresh tells that it has no record yet.
	epoch  uint64
	fresh  bool
	latest S
	added  S // by the fold
}

// open reads the figures that an epoch adds to. Should a later one be recorded, that one
// goes on: epochs only rise.
func (s series[K, S]) open(ctx context.Context, epoch uint64) (*account[K, S], error) {
	a := &account[K, S]{series: s, epoch: epoch}
	latest, known, err := s.get(ctx, epoch)
	if err == nil && !known {
		a.epoch, latest, err = s.latest(ctx)
	}
	a.latest = latest
	if a.fresh = a.epoch < epoch; a.fresh {
		a.epoch = epoch
	}
	return a, err
}

// add adds to what close adds.
func (a *account[K, S]) add(f S) (err error) {
	a.added, err = a.added.Plus(f)
	return err
}

// close writes the epoch. The record of earlier ones changes with a new epoch, and when
// the latest is active for the first time; otherwise it is not even read, since the bounds
// of a record leave room for that of a lifetime.
func (a *account[K, S]) close(ctx context.Context) error {
	latest := a.added
	if !a.fresh {
		var err error
		if latest, err = a.latest.Plus(a.added); err != nil {
			return err
		}
	}
	if a.fresh || a.latest.Active() == 0 && latest.Active() > 0 {
		if err := a.closeEarlier(ctx, latest); err != nil {
			return err
		}
	}
	if err := a.set(ctx, a.epoch, latest); err != nil || !a.fresh {
		return err
	}
	return a.dropOldest(ctx)
}

// closeEarlier writes what the lifetime has beyond latest.
func (a *account[K, S]) closeEarlier(ctx context.Context, latest S) error {
	before, _, err := a.get(ctx, earlier)
	if err != nil {
		return err
	}
	lifetime, err := before.Plus(a.latest)
	if err != nil {
		return err
	}
	if lifetime, err = lifetime.Plus(a.added); err != nil {
		return err
	}
	rest, err := lifetime.Minus(latest)
	if err != nil {
		return err
	}
	return a.set(ctx, earlier, rest)
}
