package prover

import (
	"bytes"
	"encoding"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	toml "github.com/pelletier/go-toml/v2"

	"cosmossdk.io/math"
)

// commentWidth is where the comments of a written file break.
const commentWidth = 80

const configHead = `# Configuration of proverd. Every key is here, with its meaning and its default.
#
# Amounts are whole uproof (1 PROOF is 1000000 uproof), times such as 1m30s.
# A # right before a key or a section marks an example: take it away to use it.
# "proverd doctor" says whether all of it works; "proverd start" reads it.
`

// WriteConfig writes the configuration, with a comment for every key, into its home
// folder; it replaces none.
func WriteConfig(cfg Config) (path string, err error) {
	if err := os.MkdirAll(cfg.Home, homeMode); err != nil {
		return "", fmt.Errorf("make the home folder: %w", err)
	}
	raw, err := renderConfig(cfg)
	if err != nil {
		return "", fmt.Errorf("write the configuration: %w", err)
	}
	path = filepath.Join(cfg.Home, ConfigFile)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, configMode)
	if err != nil {
		return "", fmt.Errorf("write the configuration: %w", err)
	}
	if _, err := f.Write(raw); err != nil {
		f.Close()
		return "", fmt.Errorf("write the configuration: %w", err)
	}
	return path, f.Close()
}

// renderConfig returns the file for a configuration.
func renderConfig(cfg Config) ([]byte, error) {
	if cfg.Key.Dir == cfg.Home {
		cfg.Key.Dir = "" // so that the home folder can be moved
	}
	w := configWriter{defaults: defaultsByPath(), said: make(map[string]bool)}
	w.out.WriteString(configHead)
	w.table(reflect.ValueOf(cfg), "")
	return w.out.Bytes(), w.err
}

// configWriter writes structs as commented TOML.
type configWriter struct {
	out      bytes.Buffer
	defaults map[string]string
	said     map[string]bool // paths whose meaning is written
	example  bool            // settings are written as comments
	err      error
}

// table writes a struct's keys, and after them its sections.
func (w *configWriter) table(v reflect.Value, path string) {
	fields := fieldsOf(v, path)
	for _, f := range fields {
		if f.kind == keyField {
			w.explain(f.path, true)
			w.setting("%s = %s", f.name, w.literal(f.value))
		}
	}
	for _, f := range fields {
		switch f.kind {
		case sectionField:
			w.head("[%s]", f.path)
			w.table(f.value, f.path)
		case listField:
			for i := range f.value.Len() {
				w.head("[[%s]]", f.path)
				w.table(f.value.Index(i), f.path)
			}
			w.examples(f)
		}
	}
}

// examples writes what a list could hold beside what it does.
func (w *configWriter) examples(f configField) {
	w.example = true
	for _, e := range examplesFor(f) {
		w.head("[[%s]]", f.path)
		w.table(reflect.ValueOf(e), f.path)
	}
	w.example = false
}

// examplesFor returns the entries that show a list's keys: one where it is empty, of
// backends one of each kind that it lacks.
func examplesFor(f configField) (entries []any) {
	one, ten := &Amount{math.NewInt(1_000)}, &Amount{math.NewInt(10)}
	switch have := f.value.Interface().(type) {
	case []ProgramPrice:
		if len(have) == 0 {
			entries = append(entries, ProgramPrice{Program: strings.Repeat("0a", 32), FixedCost: one, PerMillionUnits: one, PerMebibyte: ten})
		}
	case []BackendPrice:
		if len(have) == 0 {
			entries = append(entries, BackendPrice{Backend: defaultBackend().Name, FixedCost: one, PerMillionUnits: one, PerMebibyte: ten})
		}
	case []BackendConfig:
		for _, b := range exampleBackends() {
			if !slices.ContainsFunc(have, func(h BackendConfig) bool { return h.Kind == b.Kind || h.Name == b.Name }) {
				entries = append(entries, b)
			}
		}
	}
	return entries
}

func (w *configWriter) head(format, path string) {
	w.out.WriteByte('\n')
	w.explain(path, false)
	w.setting(format, path)
}

// explain writes what a path means, once.
func (w *configWriter) explain(path string, hasDefault bool) {
	if w.said[path] {
		return
	}
	w.said[path] = true
	text := configDocs[path].Text
	if hasDefault {
		text = strings.ToUpper(text[:min(1, len(text))]) + text[min(1, len(text)):] + ". Default: " + defaultText(path, w.defaults) + "."
	}
	line := "#"
	for _, word := range strings.Fields(strings.ReplaceAll(text, "`", "")) {
		if len(line)+1+len(word) > commentWidth {
			w.out.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	w.out.WriteString(line + "\n")
}

func (w *configWriter) setting(format string, args ...any) {
	if w.example {
		w.out.WriteByte('#')
	}
	fmt.Fprintf(&w.out, format+"\n", args...)
}

func (w *configWriter) literal(v reflect.Value) string {
	s, err := tomlLiteral(v)
	if err != nil && w.err == nil {
		w.err = err
	}
	return s
}

// tomlLiteral is a value as TOML writes it, in one line.
func tomlLiteral(v reflect.Value) (string, error) {
	raw, err := toml.Marshal(map[string]any{"k": v.Interface()})
	return strings.TrimSuffix(strings.TrimPrefix(string(raw), "k = "), "\n"), err
}

// The kinds of fields of a configuration's struct.
const (
	keyField fieldKind = iota
	sectionField
	listField
)

type fieldKind int

// configField is a key, a section or a list of sections of a configuration.
type configField struct {
	name, path string
	kind       fieldKind
	value      reflect.Value
}

// fieldsOf lists what a struct writes; nil pointers and fields without a key write
// nothing.
func fieldsOf(v reflect.Value, path string) []configField {
	var fields []configField
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("toml"), ",")
		if name == "-" {
			continue
		}
		f := configField{name: name, path: strings.TrimPrefix(path+"."+name, "."), value: v.Field(i)}
		if f.value.Kind() == reflect.Pointer {
			if f.value.IsNil() {
				continue
			}
			f.value = f.value.Elem()
		}
		_, isText := f.value.Interface().(encoding.TextMarshaler)
		switch {
		case isText:
		case f.value.Kind() == reflect.Struct:
			f.kind = sectionField
		case f.value.Kind() == reflect.Slice && f.value.Type().Elem().Kind() == reflect.Struct:
			f.kind = listField
		}
		fields = append(fields, f)
	}
	return fields
}

// eachKey calls visit with every key that a configuration writes, in order.
func eachKey(cfg Config, visit func(path, literal string)) {
	var walk func(v reflect.Value, path string)
	walk = func(v reflect.Value, path string) {
		for _, f := range fieldsOf(v, path) {
			switch f.kind {
			case sectionField:
				walk(f.value, f.path)
			case listField:
				for i := range f.value.Len() {
					walk(f.value.Index(i), f.path)
				}
			default:
				if s, err := tomlLiteral(f.value); err == nil {
					visit(f.path, s)
				}
			}
		}
	}
	walk(reflect.ValueOf(cfg), "")
}
