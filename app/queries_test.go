package app_test

import (
	"maps"
	"math"
	"reflect"
	"slices"
	"testing"

	gogoproto "github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/testutil"
	marketkeeper "github.com/proofmarket/proofmarket/x/market/keeper"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverskeeper "github.com/proofmarket/proofmarket/x/staking/keeper"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifierkeeper "github.com/proofmarket/proofmarket/x/verifier/keeper"
)

// pageSizes are the lists that are answered in pages, and how many records one has
// at most. A new list must be entered here, which is when its cap is thought of.
var pageSizes = map[string]int{
	"proofmarket.market.v1.Query/Bids":           marketkeeper.MaxPage,
	"proofmarket.market.v1.Query/DeadLetters":    marketkeeper.MaxPage,
	"proofmarket.market.v1.Query/Requests":       marketkeeper.MaxPage,
	"proofmarket.market.v1.Query/Submitters":     marketkeeper.MaxPage,
	"proofmarket.provers.v1.Query/AllowList":     proverskeeper.MaxPageLimit,
	"proofmarket.provers.v1.Query/Assignments":   proverskeeper.MaxPageLimit,
	"proofmarket.provers.v1.Query/Positions":     proverskeeper.MaxPageLimit,
	"proofmarket.provers.v1.Query/Provers":       proverskeeper.MaxPageLimit,
	"proofmarket.provers.v1.Query/Unstakes":      proverskeeper.MaxPageLimit,
	"proofmarket.verifier.v1.Query/Circuits":     verifierkeeper.MaxPage,
	"proofmarket.verifier.v1.Query/Programs":     verifierkeeper.MaxPage,
	"proofmarket.verifier.v1.Query/Restrictions": verifierkeeper.MaxPage,
	"proofmarket.verifier.v1.Query/Verifiers":    verifierkeeper.MaxPage,
}

// shortLists are the lists that are answered whole, and why they are short: what
// they are read from never holds more.
var shortLists = map[string]int{
	"proofmarket.market.v1.Query/MayBid":        8, // conditions, one each
	"proofmarket.market.v1.Query/ProverStats":   markettypes.MaxStatsEpochs,
	"proofmarket.market.v1.Query/Stats":         markettypes.MaxStatsEpochs,
	"proofmarket.market.v1.Query/Quote":         markettypes.MaxPrices,
	"proofmarket.provers.v1.Query/Commission":   proverstypes.MaxCommissionRates,
	"proofmarket.provers.v1.Query/ProverEpochs": proverstypes.MaxEpochs,
}

// ourMethods calls visit with every method of our modules' query services.
func ourMethods(t *testing.T, visit func(name string, m protoreflect.MethodDescriptor)) {
	t.Helper()
	for _, service := range []protoreflect.FullName{"proofmarket.market.v1.Query", "proofmarket.provers.v1.Query", "proofmarket.verifier.v1.Query"} {
		d, err := gogoproto.HybridResolver.FindDescriptorByName(service)
		require.NoError(t, err)
		methods := d.(protoreflect.ServiceDescriptor).Methods()
		for i := range methods.Len() {
			visit(string(service)+"/"+string(methods.Get(i).Name()), methods.Get(i))
		}
	}
}

// newMessage makes an empty message of that name.
func newMessage(t *testing.T, name protoreflect.FullName) gogoproto.Message {
	t.Helper()
	kind := gogoproto.MessageType(string(name))
	require.NotNil(t, kind, name)
	return reflect.New(kind.Elem()).Interface().(gogoproto.Message)
}

// Section 8: every list is either answered in pages or short by its nature, and
// none is there that nobody thought of.
func TestEveryListHasACap(t *testing.T) {
	paged, short := map[string]bool{}, map[string]bool{}
	ourMethods(t, func(name string, m protoreflect.MethodDescriptor) {
		if m.Input().Fields().ByName("pagination") != nil {
			require.NotNil(t, m.Output().Fields().ByName("pagination"), "%s takes a page and leads to no next one", name)
			paged[name] = true
			return
		}
		for i := range m.Output().Fields().Len() {
			if m.Output().Fields().Get(i).IsList() {
				short[name] = true
			}
		}
	})
	require.Equal(t, slices.Sorted(maps.Keys(pageSizes)), slices.Sorted(maps.Keys(paged)))
	require.Equal(t, slices.Sorted(maps.Keys(shortLists)), slices.Sorted(maps.Keys(short)))
	for name, size := range pageSizes {
		require.LessOrEqual(t, size, 1_000, name)
	}
}

// A page that would read too much is refused before anything is read, whatever
// else the query says: here the rest of it is empty.
func TestEveryListRefusesAPageThatReadsTooMuch(t *testing.T) {
	a := testutil.NewApp(t)
	ask := func(name string, m protoreflect.MethodDescriptor, page query.PageRequest) error {
		req, res := newMessage(t, m.Input().FullName()), newMessage(t, m.Output().FullName())
		field := reflect.ValueOf(req).Elem().FieldByName("Pagination")
		require.Equal(t, reflect.TypeFor[*query.PageRequest](), field.Type(), name)
		field.Set(reflect.ValueOf(&page))
		return a.Conn().Invoke(a.Context(), "/"+name, req, res)
	}
	ourMethods(t, func(name string, m protoreflect.MethodDescriptor) {
		if pageSizes[name] == 0 {
			return
		}
		t.Run(name, func(t *testing.T) {
			for _, page := range []query.PageRequest{
				{CountTotal: true},
				{CountTotal: true, Limit: 1},
				{Offset: 10_001},
				{Offset: math.MaxUint64},
				{Offset: 10_001, Limit: 1, Reverse: true},
			} {
				require.ErrorContains(t, ask(name, m, page), "read too much; follow next_key", "%+v", page)
			}
			// The largest limit is cut to the cap or refused; with nothing in the state
			// there is no more to see here, and the modules' own tests fill their lists.
			if err := ask(name, m, query.PageRequest{Limit: math.MaxUint64}); err != nil {
				require.NotContains(t, err.Error(), "panic")
			}
			for _, key := range [][]byte{{0}, {0xff}, make([]byte, 4096)} {
				_ = ask(name, m, query.PageRequest{Key: key, Limit: math.MaxUint64, Reverse: true})
			}
		})
	})
}
