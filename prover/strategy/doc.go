// Package strategy decides which requests to bid for, and at what price, and
// when to stop bidding. It is pure: figures in, a decision with its reasons out;
// time comes from the caller.
package strategy
