package events

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cosmos/gogoproto/proto"

	"cosmossdk.io/math"
)

// shape is how messages of a type are written.
type shape struct {
	name   string
	fields []field // as declared
	byName []field
}

// field is one field of a message.
type field struct {
	name  string
	index int
	write writer
}

// shapes holds the shape of each type of event, nil where the SDK has to write it.
var shapes sync.Map // reflect.Type → *shape

// shapeOf returns the shape of a message, or nil.
func shapeOf(event proto.Message) *shape {
	t := reflect.TypeOf(event)
	if known, ok := shapes.Load(t); ok {
		return known.(*shape)
	}
	s := newShape(event, t)
	shapes.Store(t, s)
	return s
}

func newShape(event proto.Message, t reflect.Type) *shape {
	if t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct || t.Implements(marshalerType) {
		return nil
	}
	s := &shape{name: proto.MessageName(event)}
	for i := range t.Elem().NumField() {
		f := t.Elem().Field(i)
		name := nameOf(f)
		write := writerOf(f)
		if name == "" || write == nil {
			return nil
		}
		s.fields = append(s.fields, field{name: name, index: i, write: write})
	}
	s.byName = slices.SortedFunc(slices.Values(s.fields), func(a, b field) int { return cmp.Compare(a.name, b.name) })
	return s
}

// nameOf returns the name that a field has in its .proto file.
func nameOf(f reflect.StructField) string {
	for part := range strings.SplitSeq(f.Tag.Get("protobuf"), ",") {
		if name, found := strings.CutPrefix(part, "name="); found {
			return name
		}
	}
	return ""
}

// Types that are written in ways of their own.
var (
	marshalerType = reflect.TypeFor[json.Marshaler]()
	intType       = reflect.TypeFor[math.Int]()
	timeType      = reflect.TypeFor[time.Time]()
	durationType  = reflect.TypeFor[time.Duration]()
	messageType   = reflect.TypeFor[proto.Message]()
)

// writerOf chooses how to write a field; nil if the SDK has to.
func writerOf(f reflect.StructField) writer {
	t := f.Type
	switch t {
	case intType:
		return writeInt
	case timeType:
		return writeTime
	case durationType:
		return writeDuration
	}
	switch {
	case t.Implements(marshalerType) || reflect.PointerTo(t).Implements(marshalerType):
		return nil
	case strings.Contains(f.Tag.Get("protobuf"), "enum="):
		return writeEnum(t)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return writeBytes
	case t.Kind() == reflect.Struct && reflect.PointerTo(t).Implements(messageType):
		return writeMessage
	}
	switch t.Kind() {
	case reflect.String:
		return writeString
	case reflect.Bool:
		return writeBool
	case reflect.Uint32:
		return writeNumber
	case reflect.Uint64:
		return writeLongNumber
	default:
		return nil
	}
}

// values writes the fields of a message, sorted by name.
func (s *shape) values(event proto.Message) ([]string, error) {
	v := reflect.ValueOf(event)
	if v.IsNil() {
		return nil, proto.ErrNil
	}
	v = v.Elem()
	list := make([]string, len(s.byName))
	for i, f := range s.byName {
		var err error
		if list[i], err = f.write(v.Field(f.index)); err != nil {
			return nil, err
		}
	}
	return list, nil
}
