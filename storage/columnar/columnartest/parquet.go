// Package columnartest writes Parquet files for tests, as other programs might.
package columnartest

import (
	"bytes"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// Options say how a file is laid out.
type Options struct {
	GroupRows    int64 // rows a row group; 0: all in one
	PageBytes    int64 // of a page, about; 0: a megabyte
	Index        bool  // with an index of pages
	NoDictionary bool
	OldPages     bool // version 1
	Codec        compress.Compression
}

// Column is one column. Values is a slice of string, *string, []byte, int32,
// int64, *int64, uint64, float32, float64, bool, time.Time (UTC, microseconds),
// Local (a time without a zone), Day, Cents (a decimal) or []string; nil is null.
type Column struct {
	Name   string
	Values any
}

// Types of values that Go has no name for.
type (
	Local time.Time // nanoseconds, no time zone
	Day   int       // since 1970
	Cents int64     // a decimal with two digits behind the point
)

// Parquet returns a file of the columns, which have the same length.
func Parquet(o Options, columns ...Column) ([]byte, error) {
	fields := make([]arrow.Field, len(columns))
	arrays := make([]arrow.Array, len(columns))
	for i, c := range columns {
		a, err := build(c.Values)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
		fields[i], arrays[i] = arrow.Field{Name: c.Name, Type: a.DataType(), Nullable: true}, a
	}
	schema := arrow.NewSchema(fields, nil)
	var out bytes.Buffer
	w, err := pqarrow.NewFileWriter(schema, &out, o.properties(), pqarrow.NewArrowWriterProperties())
	if err != nil {
		return nil, err
	}
	if err := w.WriteBuffered(array.NewRecordBatch(schema, arrays, -1)); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

func (o Options) properties() *parquet.WriterProperties {
	properties := []parquet.WriterProperty{
		parquet.WithDictionaryDefault(!o.NoDictionary), parquet.WithPageIndexEnabled(o.Index), parquet.WithCompression(o.Codec),
		parquet.WithBatchSize(16), // a page ends between batches
	}
	if o.GroupRows > 0 {
		properties = append(properties, parquet.WithMaxRowGroupLength(o.GroupRows))
	}
	if o.PageBytes > 0 {
		properties = append(properties, parquet.WithDataPageSize(o.PageBytes))
	}
	if o.OldPages {
		properties = append(properties, parquet.WithDataPageVersion(parquet.DataPageV1))
	} else {
		properties = append(properties, parquet.WithDataPageVersion(parquet.DataPageV2))
	}
	return parquet.NewWriterProperties(properties...)
}

// build makes an array of a slice.
func build(values any) (arrow.Array, error) {
	mem := memory.DefaultAllocator
	switch values := values.(type) {
	case []string:
		return fill(array.NewStringBuilder(mem), values, (*array.StringBuilder).Append), nil
	case []*string:
		return fillNullable(array.NewStringBuilder(mem), values, (*array.StringBuilder).Append), nil
	case [][]byte:
		return fill(array.NewBinaryBuilder(mem, arrow.BinaryTypes.Binary), values, (*array.BinaryBuilder).Append), nil
	case []int32:
		return fill(array.NewInt32Builder(mem), values, (*array.Int32Builder).Append), nil
	case []int64:
		return fill(array.NewInt64Builder(mem), values, (*array.Int64Builder).Append), nil
	case []*int64:
		return fillNullable(array.NewInt64Builder(mem), values, (*array.Int64Builder).Append), nil
	case []uint64:
		return fill(array.NewUint64Builder(mem), values, (*array.Uint64Builder).Append), nil
	case []float32:
		return fill(array.NewFloat32Builder(mem), values, (*array.Float32Builder).Append), nil
	case []float64:
		return fill(array.NewFloat64Builder(mem), values, (*array.Float64Builder).Append), nil
	case []bool:
		return fill(array.NewBooleanBuilder(mem), values, (*array.BooleanBuilder).Append), nil
	}
	return buildOthers(mem, values)
}

func buildOthers(mem memory.Allocator, values any) (arrow.Array, error) {
	switch values := values.(type) {
	case []time.Time:
		b := array.NewTimestampBuilder(mem, &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"})
		return fill(b, values, func(b *array.TimestampBuilder, t time.Time) { b.Append(arrow.Timestamp(t.UnixMicro())) }), nil
	case []Local:
		b := array.NewTimestampBuilder(mem, &arrow.TimestampType{Unit: arrow.Nanosecond})
		return fill(b, values, func(b *array.TimestampBuilder, t Local) { b.Append(arrow.Timestamp(time.Time(t).UnixNano())) }), nil
	case []Day:
		return fill(array.NewDate32Builder(mem), values, func(b *array.Date32Builder, d Day) { b.Append(arrow.Date32(d)) }), nil
	case []Cents:
		b := array.NewDecimal128Builder(mem, &arrow.Decimal128Type{Precision: 12, Scale: 2})
		return fill(b, values, func(b *array.Decimal128Builder, c Cents) { b.Append(decimal128.FromI64(int64(c))) }), nil
	case [][]string:
		b := array.NewListBuilder(mem, arrow.BinaryTypes.String)
		return fill(b, values, func(b *array.ListBuilder, list []string) {
			b.Append(true)
			b.ValueBuilder().(*array.StringBuilder).AppendValues(list, nil)
		}), nil
	}
	return nil, fmt.Errorf("no column of %T", values)
}

func fill[B array.Builder, V any](b B, values []V, add func(B, V)) arrow.Array {
	for _, v := range values {
		add(b, v)
	}
	return b.NewArray()
}

func fillNullable[B array.Builder, V any](b B, values []*V, add func(B, V)) arrow.Array {
	for _, v := range values {
		if v == nil {
			b.AppendNull()
		} else {
			add(b, *v)
		}
	}
	return b.NewArray()
}
