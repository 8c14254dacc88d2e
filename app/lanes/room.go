package lanes

import sdk "github.com/cosmos/cosmos-sdk/types"

// room returns which transactions have to go so that another has room, or says why there
// is none. It changes nothing but the other's place.
func (p *Pool) room(w *waiting) ([]*waiting, error) {
	if p.byHash[w.hash] != nil {
		return nil, nil // the same bytes again change nothing
	}
	for _, key := range w.keys {
		if p.keys[key] != nil {
			return nil, ErrPending.Wrap("another transaction for the same assignment or bid waits for a block; send it again after that if it is needed")
		}
		uses, _ := p.uses.Peek(key)
		w.uses = max(w.uses, uses)
	}
	for _, s := range w.signers {
		if a := p.of[string(s.Signer)]; a != nil && a.count[w.lane] >= p.capacity.OfSigner[w.lane] {
			return nil, ErrFull.Wrapf("%d transactions of %s wait in lane %s; send more when some are in a block", a.count[w.lane], s.Signer, w.lane)
		}
	}
	p.arrivals++
	w.arrival = p.arrivals
	return p.leaving(w)
}

// leaving chooses, from a lane's end, what goes for a transaction, together with what can't
// run without it. Nothing goes that is before it, in the lane or in a signer's sequences,
// and not more between two blocks than the lanes hold: CometBFT keeps it until then.
func (p *Pool) leaving(w *waiting) (gone []*waiting, err error) {
	over := size{p.lanes[w.lane].Len() + 1 - p.capacity.Txs[w.lane], p.bytes[w.lane] + w.size() - p.capacity.Bytes[w.lane]}
	if over.txs <= 0 && over.bytes <= 0 {
		return nil, nil
	}
	full := ErrFull.Wrapf("lane %s; send it again later, with a higher gas price, or to another node", w.lane)
	chosen, evicted := map[*waiting]bool{}, p.evicted
	p.lanes[w.lane].Reverse(func(last *waiting) bool {
		if !before(w, last) {
			err = full
			return false
		}
		for _, old := range p.without(last, chosen) {
			if w.after(old) {
				err = full
				return false
			}
			gone = append(gone, old)
			evicted[old.lane].txs++
			evicted[old.lane].bytes += old.size()
			if old.lane == w.lane {
				over.txs--
				over.bytes -= old.size()
			}
		}
		return over.txs > 0 || over.bytes > 0
	})
	for i, l := range evicted {
		if l.txs > p.capacity.Txs[i] || l.bytes > p.capacity.Bytes[i] {
			err = ErrFull.Wrapf("lane %s has let go as much as it may until the next block; send it again then", Lane(i))
		}
	}
	if err == nil && (over.txs > 0 || over.bytes > 0) {
		err = full
	}
	if err != nil {
		return nil, err
	}
	return gone, nil
}

// without returns a transaction and all that can't run without it, but what is chosen
// already, and notes them as chosen.
func (p *Pool) without(w *waiting, chosen map[*waiting]bool) (list []*waiting) {
	if chosen[w] {
		return nil
	}
	chosen[w] = true
	list = []*waiting{w}
	for i := 0; i < len(list); i++ {
		if !list[i].ordered {
			continue
		}
		for _, s := range list[i].signers {
			for _, later := range p.later(s.Signer, s.Sequence) {
				if !chosen[later.w] {
					chosen[later.w] = true
					list = append(list, later.w)
				}
			}
		}
	}
	return list
}

// later returns the ordered transactions of a signer after a sequence.
func (p *Pool) later(signer sdk.AccAddress, sequence uint64) []turn {
	a := p.of[string(signer)]
	return a.ordered[a.from(sequence+1):]
}
