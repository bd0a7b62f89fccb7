package arrowfile

import (
	"fmt"
)

// Type is the type of a column's values.
type Type string

// Types, and what Read returns for each.
const (
	Int32 Type = "int32"     // int32
	Int64 Type = "int64"     // int64
	Float Type = "float"     // float32
	Bool  Type = "bool"      // bool
	Text  Type = "text"      // string
	Time  Type = "timestamp" // int64, microseconds UTC
)

// Column is a leaf of the schema.
type Column struct {
	// Path is the field's name; of list elements with ".list." and the element's
	// name behind it, of their fields with "." and the field's.
	Path string
	Type Type
	// Levels counts what lies between null and value: one for a list, one for what
	// may be null.
	Levels int32

	list, nullable bool
	nodes          []int // of what the column lies in, the field itself first
	buffer         int   // first one of the leaf
	offsets        int   // first buffer of the list
}

// Numbers in Schema.fbs.
const (
	schemaEndianness, schemaFields = 0, 1

	fieldName, fieldNullable, fieldTypeKind, fieldType, fieldDictionary, fieldChildren = 0, 1, 2, 3, 4, 5

	kindInt, kindFloat, kindText, kindBool, kindTime, kindList, kindStruct = 2, 3, 5, 6, 10, 12, 13
)

// Bounds of a schema: its parts may be shared, so that few bytes can hold many
// fields and long names.
const (
	maxFields = 10_000
	maxName   = 4 << 10
)

// schema is what the columns are counted with.
type schema struct {
	columns        []Column
	nodes, buffers int
}

// readSchema numbers nodes and buffers as record batches have them: depth first.
func readSchema(o object) (*schema, error) {
	s := &schema{}
	if o.int16(schemaEndianness) != 0 {
		return nil, fmt.Errorf("schema: the file is big-endian")
	}
	for _, f := range o.objects(schemaFields) {
		if err := s.add(f, Column{}); err != nil {
			return nil, fmt.Errorf("schema: %w", err)
		}
	}
	return s, o.in.err
}

// add adds the columns of a field that lies in what a column says so far.
func (s *schema) add(f object, in Column) error {
	if s.nodes++; s.nodes > maxFields {
		return fmt.Errorf("more than %d fields", maxFields)
	}
	name := f.text(fieldName)
	if len(name) > maxName {
		return fmt.Errorf("a name of %d bytes", len(name))
	}
	in.Path += name
	in.nodes = append(in.nodes[:len(in.nodes):len(in.nodes)], s.nodes-1)
	if f.byte(fieldNullable) != 0 {
		if in.list {
			return fmt.Errorf("column %s: list elements that may be null", in.Path)
		}
		in.nullable, in.Levels = true, 1
	}
	if _, is := f.object(fieldDictionary); is {
		return fmt.Errorf("column %s is a dictionary", in.Path)
	}
	children := f.objects(fieldChildren)
	switch kind := f.byte(fieldTypeKind); {
	case kind == kindList && !in.list && len(children) == 1:
		in.list, in.offsets = true, s.buffers
		s.buffers += 2
		in.Levels++
		in.Path += ".list."
		return s.add(children[0], in)
	case kind == kindStruct && in.list && len(in.nodes) == 2:
		s.buffers++
		in.Path += "."
		for _, c := range children {
			if err := s.add(c, in); err != nil {
				return err
			}
		}
		return nil
	default:
		return s.addLeaf(f, kind, in)
	}
}

func (s *schema) addLeaf(f object, kind byte, c Column) error {
	of, _ := f.object(fieldType)
	if of.in == nil {
		return fmt.Errorf("column %s has no type", c.Path)
	}
	var ok bool
	if c.Type, ok = leafType(kind, of); !ok {
		return fmt.Errorf("column %s has a type, number %d, that no table has", c.Path, kind)
	}
	c.buffer = s.buffers
	s.buffers += 2
	if c.Type == Text {
		s.buffers++
	}
	s.columns = append(s.columns, c)
	return nil
}

func leafType(kind byte, of object) (Type, bool) {
	const width, signed, precision, unit, zone = 0, 1, 0, 0, 1
	switch kind {
	case kindInt:
		if of.byte(signed) != 0 && of.int32(width) == 32 {
			return Int32, true
		}
		return Int64, of.byte(signed) != 0 && of.int32(width) == 64
	case kindFloat:
		return Float, of.int16(precision) == 1
	case kindBool:
		return Bool, true
	case kindText:
		return Text, true
	case kindTime:
		return Time, of.int16(unit) == 2 && of.text(zone) == "UTC"
	}
	return "", false
}
