// Package crashpoint names the moments at which a sidecar that is killed leaves the
// most to put in order. In a binary built with the tag crashtest a process ends at
// once, as by SIGKILL, when it reaches the point that PROVERD_CRASH_AT names; in any
// other binary nothing happens there. `make test-crash` goes through all of them.
package crashpoint

// Env names the environment variable with the point at which to end.
const Env = "PROVERD_CRASH_AT"

// Point is a moment between two steps of a job.
type Point string

// The points, in the order in which a job meets them. "Written" means that the record
// is on disk and nothing has left yet; "sent" that the node took the transaction and
// nothing was written since.
const (
	DecidedWritten    Point = "decided-written"
	BidWritten        Point = "bid-written"
	BidSent           Point = "bid-sent"
	BidSeen           Point = "bid-seen"
	RevealWritten     Point = "reveal-written"
	RevealSent        Point = "reveal-sent"
	RevealSeen        Point = "reveal-seen"
	AssignedWritten   Point = "assigned-written"
	ProofMade         Point = "proof-made"
	ProofWritten      Point = "proof-written"
	SubmissionWritten Point = "submission-written"
	SubmissionSent    Point = "submission-sent"
	DoneWritten       Point = "done-written"
)

// Points lists all points in order.
var Points = []Point{
	DecidedWritten, BidWritten, BidSent, BidSeen, RevealWritten, RevealSent, RevealSeen,
	AssignedWritten, ProofMade, ProofWritten, SubmissionWritten, SubmissionSent, DoneWritten,
}
