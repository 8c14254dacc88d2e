//go:build !linux

package prover

import "errors"

// freeBytes is what users may still write to the file system that holds path.
func freeBytes(string) (uint64, error) { return 0, errors.ErrUnsupported }
