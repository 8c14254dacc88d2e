package picotest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// disk is what survives the process: registered programs, and finished proofs by
// program and task.
type disk struct {
	Apps   map[string]bool              `json:"apps"`
	Proofs map[string]map[string][]byte `json:"proofs"`
}

// load reads a file that save wrote; one that is not there, or has no name, is
// empty.
func load(file string) (disk, error) {
	d := disk{Apps: map[string]bool{}, Proofs: map[string]map[string][]byte{}}
	if file == "" {
		return d, nil
	}
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &d)
	}
	if err != nil {
		return d, fmt.Errorf("the stand-in Pico service cannot read what it kept in %s: %w", file, err)
	}
	return d, nil
}

// save replaces the file, so that a process that dies leaves the old one or the new.
func (d disk) save(file string) error {
	if file == "" {
		return nil
	}
	raw, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", raw, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

func (d disk) keep(t Task, proof []byte) {
	if d.Proofs[t.AppID] == nil {
		d.Proofs[t.AppID] = map[string][]byte{}
	}
	d.Proofs[t.AppID][t.TaskID] = proof
}
