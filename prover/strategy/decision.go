package strategy

import (
	"fmt"
	"strings"

	"cosmossdk.io/math"
)

// Code is a kind of reason not to bid, for counting.
type Code string

// The codes of this package.
const (
	CodeVerifier        Code = "verifier"         // not on filter.verifiers
	CodeNoBackend       Code = "no_backend"       // no backend of ours serves the verifier
	CodeProgram         Code = "program"          // not on filter.programs
	CodeProgramDenied   Code = "program_denied"   // on filter.denied_programs
	CodeRequester       Code = "requester"        // not on filter.requesters
	CodeRequesterDenied Code = "requester_denied" // on filter.denied_requesters
	CodePenalty         Code = "penalty"          // above filter.max_penalty
	CodeInputBytes      Code = "input_bytes"      // above filter.max_input_bytes
	CodeUnits           Code = "units"            // above filter.max_units
	CodeTimeLimit       Code = "time_limit"       // the proof would not be ready in time
	CodeMaxFee          Code = "max_fee"          // less than our least price
	CodePriceCap        Code = "price_cap"        // our least price is above price.max_fee
	CodeBusy            Code = "busy"             // not in time beside what is taken
	CodeQueue           Code = "queue"            // the backend's places are taken
	CodeMaxJobs         Code = "max_jobs"         // filter.max_jobs are taken
	CodeStake           Code = "stake"            // our stake does not carry one more
	CodeStopped         Code = "stopped"          // stopped after failures, or on trial
	CodeUnhealthy       Code = "unhealthy"        // the backend does not work
)

// The codes of what a closer look finds; the caller gives them.
const (
	CodeFiles      Code = "files"       // image or input cannot be had as stated
	CodeUnprovable Code = "unprovable"  // the backend cannot prove it
	CodeDigest     Code = "digest"      // the program computes other public values
	CodeKey        Code = "key"         // the image does not fit the verifying key
	CodeLookFailed Code = "look_failed" // fetching or the dry run failed for now
	CodeChain      Code = "chain"       // the chain would refuse the bid
	CodeStore      Code = "store"       // the job cannot be written
)

// Reason says why not to bid.
type Reason struct {
	Code Code `json:"code"`
	// Text is for people, with the figures.
	Text string `json:"text"`
	// Later tells that it may pass while the request is open.
	Later bool `json:"later"`
}

// Decision is what to do about a request.
type Decision struct {
	Bid bool `json:"bid"`
	// Later tells that the answer may change while the request is open.
	Later bool `json:"later"`
	// Reasons are all reasons not to bid; empty when Bid.
	Reasons []Reason `json:"reasons"`
	// Price is how the fee came about; nil until the work is known.
	Price *Price `json:"price,omitempty"`
	// Fee is what to ask, in uproof; 0 unless Bid and the work is known.
	Fee     math.Int `json:"fee"`
	Standby bool     `json:"standby"`
}

// Code returns the code of the first reason that stays, else of the first one;
// empty when Bid.
func (d Decision) Code() Code {
	for _, r := range d.Reasons {
		if !r.Later {
			return r.Code
		}
	}
	if len(d.Reasons) > 0 {
		return d.Reasons[0].Code
	}
	return ""
}

// Reason says for people why not, or how the fee came about.
func (d Decision) Reason() string {
	switch {
	case len(d.Reasons) > 0:
		texts := make([]string, len(d.Reasons))
		for i, r := range d.Reasons {
			texts[i] = r.Text
		}
		return strings.Join(texts, "; ")
	case d.Price != nil:
		return d.Price.String()
	default:
		return "worth a closer look"
	}
}

// Refuse returns a decision not to bid.
func Refuse(reasons ...Reason) Decision {
	d := Decision{Reasons: reasons, Fee: math.ZeroInt(), Later: true}
	for _, r := range reasons {
		d.Later = d.Later && r.Later
	}
	return d
}

// reasons collects why not to bid.
type reasons []Reason

// never adds a reason that stays if it holds.
func (rs *reasons) never(holds bool, code Code, format string, args ...any) {
	rs.add(holds, false, code, format, args)
}

// notNow adds a reason that may pass if it holds.
func (rs *reasons) notNow(holds bool, code Code, format string, args ...any) {
	rs.add(holds, true, code, format, args)
}

func (rs *reasons) add(holds, later bool, code Code, format string, args []any) {
	if holds {
		*rs = append(*rs, Reason{Code: code, Text: fmt.Sprintf(format, args...), Later: later})
	}
}
