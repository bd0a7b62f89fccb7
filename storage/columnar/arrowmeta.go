package columnar

import (
	"fmt"

	flatbuffers "github.com/google/flatbuffers/go"
)

// Fields of the tables in Arrow's File.fbs, Schema.fbs and Message.fbs, by
// number.
const (
	footerSchema       = 1
	footerDictionaries = 2 // [Block]
	footerBatches      = 3 // [Block]

	schemaFields   = 1
	schemaMetadata = 2

	fieldName     = 0
	fieldTypeType = 2
	fieldType     = 3
	fieldChildren = 5
	fieldMetadata = 6

	entryKey   = 0
	entryValue = 1

	timestampZone = 1
	unionTypeIDs  = 1

	messageType     = 1
	messageHeader   = 2
	messageMetadata = 4

	batchLength   = 0
	batchBuffers  = 2 // [Buffer]
	batchVariadic = 4 // [long]

	dictionaryData = 1
)

// Values of Message.header_type and of Field.type_type.
const (
	dictionaryBatch = 2
	recordBatch     = 3
	timestampType   = 10
	unionType       = 14
)

// Sizes of the elements of vectors.
const (
	referenceBytes = 4 // to a table or string
	bufferBytes    = 16
	longBytes      = 8
	intBytes       = 4
)

// Bounds of a schema: its parts may be shared, so that few bytes can hold many
// fields and long names.
const (
	maxFields  = 10_000
	maxNesting = 32
	maxText    = 64 << 20 // bytes of names and of metadata

	stringBytes = 16 // what a string takes beside its bytes
)

// slot is a field's place in a table.
func slot(field int) flatbuffers.VOffsetT { return flatbuffers.VOffsetT(4 + 2*field) }

// root is the table that a buffer begins with.
func root(data []byte) flatbuffers.Table {
	return flatbuffers.Table{Bytes: data, Pos: flatbuffers.GetUOffsetT(data)}
}

// child is the table that a field refers to; it panics where there is none.
func child(t flatbuffers.Table, field int) flatbuffers.Table {
	at := flatbuffers.UOffsetT(t.Offset(slot(field)))
	if at == 0 {
		panic(fmt.Errorf("field %d of the metadata is missing", field))
	}
	return flatbuffers.Table{Bytes: t.Bytes, Pos: t.Indirect(t.Pos + at)}
}

// element is the i-th table of a vector.
func element(t flatbuffers.Table, start flatbuffers.UOffsetT, i int) flatbuffers.Table {
	return flatbuffers.Table{Bytes: t.Bytes, Pos: t.Indirect(start + flatbuffers.UOffsetT(i*referenceBytes))}
}

// vector returns where the elements of a field lie and how many there are; it
// panics where they are not all there.
func vector(t flatbuffers.Table, field, size int) (start flatbuffers.UOffsetT, n int) {
	at := flatbuffers.UOffsetT(t.Offset(slot(field)))
	if at == 0 {
		return 0, 0
	}
	start, n = t.Vector(at), t.VectorLen(at)
	if int64(n)*int64(size) > int64(len(t.Bytes))-int64(start) {
		panic(fmt.Errorf("metadata of %d bytes counts %d elements of %d at %d", len(t.Bytes), n, size, start))
	}
	return start, n
}

// checker goes over metadata before arrow-go does.
type checker struct {
	fields int // of the schema, so far
	text   int // bytes of names and values, likewise
}

func (c *checker) schema(schema flatbuffers.Table) {
	c.entries(schema, schemaMetadata)
	c.fieldsOf(schema, schemaFields, maxNesting)
}

// fieldsOf checks the fields in a vector and all below them.
func (c *checker) fieldsOf(parent flatbuffers.Table, field, nesting int) {
	start, n := vector(parent, field, referenceBytes)
	if c.fields += n; nesting == 0 || c.fields > maxFields {
		panic(fmt.Errorf("more than %d fields, or nested more than %d deep", maxFields, maxNesting))
	}
	for i := range n {
		f := element(parent, start, i)
		c.words(f, fieldName)
		c.entries(f, fieldMetadata)
		switch f.GetByteSlot(slot(fieldTypeType), 0) {
		case timestampType:
			c.words(child(f, fieldType), timestampZone)
		case unionType:
			vector(child(f, fieldType), unionTypeIDs, intBytes)
		}
		c.fieldsOf(f, fieldChildren, nesting-1)
	}
}

// entries checks a list of keys and values.
func (c *checker) entries(t flatbuffers.Table, field int) {
	start, n := vector(t, field, referenceBytes)
	for i := range n {
		entry := element(t, start, i)
		c.words(entry, entryKey)
		c.words(entry, entryValue)
	}
}

// words checks a string.
func (c *checker) words(t flatbuffers.Table, field int) {
	_, n := vector(t, field, 1)
	if c.text += n + stringBytes; c.text > maxText {
		panic(fmt.Errorf("more than %d MiB of names and values", maxText>>20))
	}
}

// batch checks a record batch and returns its rows.
func (c *checker) batch(batch flatbuffers.Table) int64 {
	_, buffers := vector(batch, batchBuffers, bufferBytes)
	start, n := vector(batch, batchVariadic, longBytes)
	for i := range n {
		if count := batch.GetInt64(start + flatbuffers.UOffsetT(i*longBytes)); count < 0 || count > int64(buffers) {
			panic(fmt.Errorf("a column of %d buffers among %d", count, buffers))
		}
	}
	rows := batch.GetInt64Slot(slot(batchLength), 0)
	if rows < 0 || rows > maxBatchRows {
		panic(fmt.Errorf("a record batch of %d rows", rows))
	}
	return rows
}
