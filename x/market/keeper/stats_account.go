package keeper

import "context"

// account holds what a fold changes of a series: the figures of the lifetime, and those
// of the latest epoch.
type account[K any, S statistics[S]] struct {
	series[K, S]
	// epoch is the key of the latest epoch; fresh tells that it has no record yet.
	epoch uint64
	fresh bool
	// active is when the record of earlier epochs was last active.
	active           uint64
	lifetime, latest S
	added            S // by the fold
}

// open reads the figures that an epoch adds to. Should a later one be recorded, that one
// goes on: epochs only rise.
func (s series[K, S]) open(ctx context.Context, epoch uint64) (*account[K, S], error) {
	a := &account[K, S]{series: s, epoch: epoch}
	before, _, err := s.get(ctx, earlier)
	if err != nil {
		return nil, err
	}
	a.active = before.Active()
	latest, known, err := s.get(ctx, epoch)
	if err == nil && !known {
		a.epoch, latest, err = s.latest(ctx)
	}
	if err != nil {
		return nil, err
	}
	if a.lifetime, err = before.Plus(latest); err != nil {
		return nil, err
	}
	if a.fresh = a.epoch < epoch; a.fresh {
		a.epoch = epoch
		return a, nil
	}
	a.latest = latest
	return a, nil
}

// add adds to what close adds to both.
func (a *account[K, S]) add(f S) (err error) {
	a.added, err = a.added.Plus(f)
	return err
}

// close writes the epoch, once the lifetime's bounds are checked. What is left of the
// lifetime changes with a new epoch, and when the epoch is the first to be active again,
// and is written then.
func (a *account[K, S]) close(ctx context.Context) error {
	lifetime, err := a.lifetime.Plus(a.added)
	if err != nil {
		return err
	}
	latest, err := a.latest.Plus(a.added)
	if err != nil {
		return err
	}
	rest, err := lifetime.Minus(latest)
	if err != nil {
		return err
	}
	if a.fresh || rest.Active() != a.active {
		if err := a.records.Set(ctx, a.key(earlier), rest); err != nil {
			return err
		}
	}
	if err := a.records.Set(ctx, a.key(a.epoch), latest); err != nil || !a.fresh {
		return err
	}
	return a.dropOldest(ctx)
}
