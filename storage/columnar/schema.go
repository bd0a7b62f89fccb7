package columnar

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

// SchemaVersion is the version of the tables' layout. Every file carries it as
// metadata under SchemaKey.
const (
	SchemaVersion = "1"
	SchemaKey     = "sdl.schema"
)

func required(name string, t arrow.DataType) arrow.Field { return arrow.Field{Name: name, Type: t} }
func nullable(name string, t arrow.DataType) arrow.Field {
	return arrow.Field{Name: name, Type: t, Nullable: true}
}

func listOf(t arrow.DataType) *arrow.ListType {
	return arrow.ListOfField(arrow.Field{Name: "element", Type: t})
}

var (
	int32Type  = arrow.PrimitiveTypes.Int32
	int64Type  = arrow.PrimitiveTypes.Int64
	floatType  = arrow.PrimitiveTypes.Float32
	doubleType = arrow.PrimitiveTypes.Float64
	stringType = arrow.BinaryTypes.String
	boolType   = arrow.FixedWidthTypes.Boolean
	timeType   = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}

	rankedType = listOf(arrow.StructOf(
		required("tag", stringType),
		required("tag_id", int32Type),
		required("score", floatType),
		required("rank", int32Type),
	))
	floatsType = listOf(floatType)
)

// imageFields are the columns of the images table before the carried ones. What
// is nullable is so because a rejected row may lack it, or, for stage, code and
// message, because a labelled one does.
func imageFields() []arrow.Field {
	return []arrow.Field{
		required("manifest_row", int64Type),
		required("uri", stringType),
		nullable("version", stringType),
		nullable("sha256", stringType),
		nullable("bytes", int64Type),
		nullable("width", int32Type),
		nullable("height", int32Type),
		nullable("format", stringType),
		required("status", stringType),
		nullable("stage", stringType),
		nullable("code", stringType),
		nullable("message", stringType),
		required("attempts", int32Type),
		required("retryable", boolType),
		nullable("seen", rankedType),
		nullable("unseen", rankedType),
		nullable("row_spread", floatType),
		required("model_id", stringType),
		required("vocab_id", stringType),
		required("processed_at", timeType),
	}
}

// CheckCarried reports names that carried columns cannot have beside the images
// table's own.
func CheckCarried(names []string) error {
	_, err := imageSchema(names)
	return err
}

// imageSchema is the images table with carried manifest columns at its end.
// Names that differ in case only are one name to most engines.
func imageSchema(carried []string) (*arrow.Schema, error) {
	fields := imageFields()
	taken := map[string]bool{}
	for _, f := range fields {
		taken[strings.ToLower(f.Name)] = true
	}
	for _, name := range carried {
		key := strings.ToLower(name)
		if name == "" || taken[key] {
			return nil, fmt.Errorf("carried column %q: the images table has a column of that name, or it has none", name)
		}
		taken[key] = true
		fields = append(fields, nullable(name, stringType))
	}
	return arrow.NewSchema(fields, nil), nil
}

var tagSchema = arrow.NewSchema([]arrow.Field{
	required("tag", stringType),
	required("tag_id", int32Type),
	required("seen", boolType),
	required("score", floatType),
	required("rank", int32Type),
	required("manifest_row", int64Type),
	required("uri", stringType),
}, nil)

var embeddingSchema = arrow.NewSchema([]arrow.Field{
	required("manifest_row", int64Type),
	required("uri", stringType),
	required("rows", int32Type),
	required("dim", int32Type),
	required("embedding", floatsType),
}, nil)

var vocabSchema = arrow.NewSchema([]arrow.Field{
	required("tag_id", int32Type),
	required("tag", stringType),
	required("seen", boolType),
	required("vector", floatsType),
}, nil)

var labelSchema = arrow.NewSchema([]arrow.Field{
	required("uri", stringType),
	required("positives", listOf(stringType)),
	nullable("negatives", listOf(stringType)),
	nullable("split", stringType),
}, nil)

var evaluationSchema = arrow.NewSchema([]arrow.Field{
	required("tag_id", int32Type),
	required("tag", stringType),
	required("seen", boolType),
	required("annotated", int64Type),
	required("positives", int64Type),
	nullable("ap", doubleType),
	nullable("ap_group", doubleType),
	nullable("ap_keep", doubleType),
}, nil)
