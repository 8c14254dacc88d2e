package machine

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	errorsmod "cosmossdk.io/errors"

	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/testutil"
	"github.com/proofmarket/proofmarket/testutil/determinism"
)

const (
	// lifeLength is how many blocks a recorded machine lives: for longer and it has
	// revoked every circuit.
	lifeLength = 150
	// enoughGas is more than any message of the machine takes.
	enoughGas = 20_000_000
)

// author writes the machine's chain again with real transactions, beside an
// application that nothing is hooked into, so that blocks of it can be replayed: what
// the machine does in a block are the block's transactions, signed and paid for (by
// others, whom the model does not know). Among them are transactions of strangers who
// use the SDK's modules, get many things wrong and all want the same coins. Votes,
// proposers and evidence are those of a few validators.
type author struct {
	m      *machine
	app    *testutil.App
	rng    *rand.Rand
	record *determinism.Record
	sent   []sent // by the machine, in this block
	people map[string]*testutil.Account
	sets   [][]abci.Validator // the validators after each block of this chain
	told   bool               // of the double signature
	txs    [][]byte           // of this block
}

// sent is a message of the machine, and how it answered.
type sent struct {
	msg sdk.Msg
	err error
}

// ruledBy makes an account the authority of all modules, so that a transaction can do
// what governance does.
func ruledBy(ruler string, exported servertypes.ExportedApp) servertypes.ExportedApp {
	exported.ConsensusParams.Authority = &cmtproto.AuthorityParams{Authority: ruler}
	return exported
}

// live records a machine's life, until the record has that many blocks at most.
func live(t *testing.T, rt *rapid.T, record *determinism.Record, seed uint64, blocks int) {
	m := newMachine(t, rt)
	defer m.done()
	defer m.tell()
	m.ruler = testutil.NewAccount(rulerName).String()
	m.author = &author{m: m, rng: rand.New(rand.NewPCG(seed, 1)), record: record, people: map[string]*testutil.Account{}}
	m.author.begin()
	m.start(rt)
	for i := 0; i < lifeLength && len(record.Outcomes()) < blocks; i++ {
		m.rng = rand.New(rand.NewPCG(seed, uint64(2+i)))
		m.count = m.rng.IntN(30)
		if m.one(8) {
			m.count = 60 + m.rng.IntN(maxMessages-60)
		}
		m.block(m.drawGap(m.rng.IntN(100)))
		if m.one(importPeriod) {
			m.reimport()
		}
	}
}

// begin starts the author's first chain.
func (a *author) begin() {
	for _, name := range slices.Concat(accountNames(), strangerNames, purseNames, validatorNames, []string{rulerName}) {
		acc := testutil.NewAccount(name)
		a.people[acc.String()] = acc
	}
	opts := append(options(), testutil.WithAccounts(slices.Concat(strangerNames, purseNames, validatorNames[1:], []string{rulerName})...),
		testutil.WithQuickVotes(), testutil.WithGenesis(validators), testutil.WithGenesis(purses))
	a.start(ruledBy(a.m.ruler, testutil.Genesis(a.m.tb, opts...)), testutil.DefaultStart)
}

// reimport goes on with a chain that has imported the author's.
func (a *author) reimport() {
	old := a.app
	a.start(old.Export(), old.Now().Add(testutil.DefaultBlockTime))
	_ = old.Close()
}

// start starts a chain, in the record too.
func (a *author) start(from servertypes.ExportedApp, at time.Time) {
	require.NoError(a.m.tb, a.record.Start(&abci.RequestInitChain{
		ChainId: testutil.ChainID, ConsensusParams: &from.ConsensusParams, InitialHeight: from.Height, Time: at, AppStateBytes: from.AppState,
	}))
	a.sets = nil
	a.app = testutil.NewApp(a.m.tb, testutil.WithExported(from), testutil.WithStart(at), testutil.WithRecorder(a.keep))
	a.remember()
}

// keep puts a block into the record.
func (a *author) keep(b testutil.Block) {
	outcome, err := determinism.NewOutcome(b.Height, b.AppHash, b.Results, b.Events)
	require.NoError(a.m.tb, err)
	require.NoError(a.m.tb, a.record.Add(b.Request, b.Results, outcome))
}

// block runs the block that the machine has just run, and requires of each of its
// messages that it ended as it did there.
func (a *author) block(gap time.Duration) {
	at := a.write()
	b := a.app.Replay(testutil.Block{Request: a.request(gap)})
	for i, s := range a.sent {
		codespace, code, _ := errorsmod.ABCIInfo(s.err, false)
		result := b.Results[at[i]]
		if result.Code != code || code != 0 && result.Codespace != codespace {
			a.m.Fatalf("height %d, %T: the machine's chain says %v, the author's %s code %d: %s", b.Height, s.msg, s.err, result.Codespace, result.Code, result.Log)
		}
	}
	a.sent = nil
	a.remember()
}

// write makes the block's transactions, and tells where those of the machine are.
func (a *author) write() (at []int) {
	a.txs = nil
	for _, s := range a.sent {
		for a.one(4) {
			a.stranger()
		}
		signers, _, err := a.app.AppCodec().GetMsgV1Signers(s.msg)
		require.NoError(a.m.tb, err)
		acc := a.people[sdk.AccAddress(signers[0]).String()]
		require.NotNil(a.m.tb, acc, "%T", s.msg)
		at = append(at, len(a.txs))
		a.txs = append(a.txs, a.app.SignTx(acc, testutil.TxSpec{Gas: enoughGas, Granter: purseOf(acc).Address}, s.msg))
	}
	for range a.rng.IntN(5) {
		a.stranger()
	}
	if a.one(12) {
		a.rush()
	}
	return at
}

// request is what consensus says of the block: who proposed it, who signed the one
// before, and now and then that a validator is late, or once that one signed twice.
func (a *author) request(gap time.Duration) *abci.RequestFinalizeBlock {
	now, height := a.app.Now(), a.app.Height()+1
	voters, present := a.set(height-1), a.set(height)
	req := &abci.RequestFinalizeBlock{
		Height: height, Time: now.Add(gap), Txs: a.txs, ProposerAddress: present[a.rng.IntN(len(present))].Address,
	}
	for i, v := range voters {
		flag := cmtproto.BlockIDFlagCommit
		if i > 0 && a.one(30) || slices.Equal(v.Address, validatorKey(lateValidator).PubKey().Address()) && !a.one(3) {
			flag = cmtproto.BlockIDFlagAbsent
		}
		req.DecidedLastCommit.Votes = append(req.DecidedLastCommit.Votes, abci.VoteInfo{Validator: v, BlockIdFlag: flag})
	}
	if last := voters[len(voters)-1]; !a.told && len(voters) == len(validatorNames) && a.one(50) {
		a.told = true
		req.Misbehavior = []abci.Misbehavior{{
			Type: abci.MisbehaviorType_DUPLICATE_VOTE, Validator: last, Height: height - 1, Time: now, TotalVotingPower: int64(len(voters)) * last.Power,
		}}
	}
	return req
}

// remember notes the validators after a block.
func (a *author) remember() {
	var set []abci.Validator
	ctx := a.app.Ctx()
	list, err := a.app.StakingKeeper.GetLastValidators(ctx)
	require.NoError(a.m.tb, err)
	for _, v := range list {
		address, err := v.GetConsAddr()
		require.NoError(a.m.tb, err)
		set = append(set, abci.Validator{Address: address, Power: v.ConsensusPower(sdk.DefaultPowerReduction)})
	}
	require.NotEmpty(a.m.tb, set)
	a.sets = append(a.sets, set)
}

// set gives the validators of a height: a change takes effect two blocks later.
func (a *author) set(height int64) []abci.Validator {
	first := a.app.Height() - int64(len(a.sets)) + 1
	return a.sets[max(height-2-first, 0)]
}

// one is true once in n times.
func (a *author) one(n int) bool { return a.rng.IntN(n) == 0 }

// operator is a validator's address for messages.
func operator(name string) string { return sdk.ValAddress(testutil.NewAccount(name).Address).String() }
