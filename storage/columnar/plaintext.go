package columnar

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// kind is what the values of a column can be taken for.
type kind int

const (
	words  kind = iota // text, or bytes that may be text
	single             // another single value, which text can tell
	nested             // lists, maps, structs, unions
)

func kindOf(t arrow.DataType) kind {
	switch t := t.(type) {
	case arrow.ExtensionType:
		return kindOf(t.StorageType())
	case *arrow.DictionaryType:
		return kindOf(t.ValueType)
	case *arrow.StringType, *arrow.LargeStringType, *arrow.StringViewType,
		*arrow.BinaryType, *arrow.LargeBinaryType, *arrow.BinaryViewType, *arrow.NullType:
		return words
	case arrow.NestedType, arrow.UnionType, *arrow.RunEndEncodedType:
		return nested
	}
	return single
}

// plainText returns what tells the values of an array as text; null is "".
// Numbers have no more digits than they need, decimals as many as their type, and
// no exponent where people write none; times are as in RFC 3339, in UTC and with
// a Z where the column has a time zone; bytes of a fixed length are hexadecimal.
// The text is the caller's.
func plainText(a arrow.Array) (func(i int) string, error) {
	if onlyNulls(a) {
		return func(int) string { return "" }, nil
	}
	value, err := textValue(a)
	return func(i int) string {
		if a.IsNull(i) {
			return ""
		}
		return strings.Clone(value(i)) // the array's memory goes away
	}, err
}

func textValue(a arrow.Array) (func(i int) string, error) {
	switch a := a.(type) {
	case *array.Dictionary:
		values, err := plainText(a.Dictionary())
		return func(i int) string { return values(a.GetValueIndex(i)) }, err
	case array.StringLike:
		return a.Value, nil
	case interface{ ValueString(int) string }: // bytes of any width, and views
		return a.ValueString, nil
	case *array.Float64:
		return func(i int) string { return decimal(a.Value(i), 64) }, nil
	case *array.Float32:
		return func(i int) string { return decimal(float64(a.Value(i)), 32) }, nil
	case *array.Decimal32:
		return exact(a, a.Value), nil
	case *array.Decimal64:
		return exact(a, a.Value), nil
	case *array.Decimal128:
		return exact(a, a.Value), nil
	case *array.Decimal256:
		return exact(a, a.Value), nil
	case *array.FixedSizeBinary:
		return func(i int) string { return hex.EncodeToString(a.Value(i)) }, nil
	}
	return timeValue(a)
}

func timeValue(a arrow.Array) (func(i int) string, error) {
	switch a := a.(type) {
	case *array.Timestamp:
		return timeText(a), nil
	case *array.Time32:
		unit := a.DataType().(*arrow.Time32Type).Unit
		return func(i int) string { return a.Value(i).ToTime(unit).Format(clock) }, nil
	case *array.Time64:
		unit := a.DataType().(*arrow.Time64Type).Unit
		return func(i int) string { return a.Value(i).ToTime(unit).Format(clock) }, nil
	}
	if kindOf(a.DataType()) == nested {
		return nil, fmt.Errorf("%s is no single value", a.DataType())
	}
	return a.ValueStr, nil
}

// decimal is a number without an exponent unless it is very large or small, as
// JSON has it in JavaScript.
func decimal(v float64, bits int) string {
	format := byte('f')
	if size := max(v, -v); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'g'
	}
	return strconv.FormatFloat(v, format, -1, bits)
}

// exact is a decimal with all digits behind the point that its type has.
func exact[N interface{ ToString(scale int32) string }](a arrow.Array, value func(i int) N) func(i int) string {
	scale := a.DataType().(arrow.DecimalType).GetScale()
	return func(i int) string { return value(i).ToString(scale) }
}

const clock = "15:04:05.999999999"

func timeText(a *array.Timestamp) func(i int) string {
	of := a.DataType().(*arrow.TimestampType)
	layout := "2006-01-02T" + clock
	if of.TimeZone != "" {
		layout = time.RFC3339Nano
	}
	return func(i int) string { return a.Value(i).ToTime(of.Unit).Format(layout) } // in UTC
}
