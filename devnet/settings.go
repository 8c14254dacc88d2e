package devnet

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The configuration files of a node.
const (
	cometFile = "config.toml"
	appFile   = "app.toml"
)

// ErrNoSetting is returned for a setting that its file does not have.
var ErrNoSetting = errors.New("there is no such setting")

// Setting is a value in one of a node's configuration files.
type Setting struct {
	File  string // config.toml or app.toml
	Key   string // with its table before it, such as p2p.laddr
	Value any    // string, bool or int
}

// configure changes settings in the files of a home, all or none of a file.
func configure(home string, settings []Setting) error {
	for _, file := range []string{cometFile, appFile} {
		path := filepath.Join(home, "config", file)
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text := string(b)
		for _, s := range settings {
			if s.File != cometFile && s.File != appFile {
				return fmt.Errorf("%w: there is no file %q", ErrNoSetting, s.File)
			}
			if s.File == file {
				if text, err = setValue(text, s.Key, s.Value); err != nil {
					return fmt.Errorf("%s: %w", path, err)
				}
			}
		}
		if text == string(b) {
			continue
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// setValue changes a value that is there and stands on one line, and leaves the
// rest, comments too, as it is.
func setValue(text, key string, value any) (string, error) {
	table, name := "", key
	if dot := strings.LastIndexByte(key, '.'); dot >= 0 {
		table, name = key[:dot], key[dot+1:]
	}
	shown, err := showValue(value)
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	lines, in := strings.Split(text, "\n"), ""
	for i, line := range lines {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			in = strings.Trim(line, "[]")
			continue
		}
		before, _, found := strings.Cut(line, "=")
		if found && in == table && strings.TrimSpace(before) == name {
			lines[i] = name + " = " + shown
			return strings.Join(lines, "\n"), nil
		}
	}
	return "", fmt.Errorf("%w: %s", ErrNoSetting, key)
}

// showValue writes a value as TOML does.
func showValue(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return strconv.Quote(v), nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	default:
		return "", fmt.Errorf("a setting can't be a %T", value)
	}
}
