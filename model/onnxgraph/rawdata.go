package onnxgraph

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Fields on the way to the values of a tensor that a graph stores:
// ModelProto.graph, GraphProto.initializer, TensorProto.raw_data.
var toRawData = []protowire.Number{7, 5, 9}

// Replacement gives the new raw data of a tensor from the old, which begins at
// byte at of the model. It is called more than once for each.
type Replacement func(at int, raw []byte) []byte

// MapRawData returns a copy of a model in which the raw data of every tensor that
// its graph stores is replaced; all else stays. So a model of gigabytes can be
// parsed without its values, and get them back. Bytes that are no message are an
// error.
func MapRawData(model []byte, replace Replacement) ([]byte, error) {
	size, err := replace.size(model, 0, toRawData)
	if err != nil {
		return nil, err
	}
	return replace.appendTo(make([]byte, 0, size), model, 0, toRawData), nil
}

// size is the length that a message, which begins at byte at, will have.
func (r Replacement) size(message []byte, at int, path []protowire.Number) (size int, err error) {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeField(message)
		if n < 0 {
			return 0, fmt.Errorf("onnxgraph: byte %d begins no field of a message", at)
		}
		added := n
		if number == path[0] && kind == protowire.BytesType {
			inner, err := r.innerSize(message[:n], at, path)
			if err != nil {
				return 0, err
			}
			added = protowire.SizeTag(number) + protowire.SizeBytes(inner)
		}
		size, message, at = size+added, message[n:], at+n
	}
	return size, nil
}

// innerSize is the length that the content of a field will have.
func (r Replacement) innerSize(field []byte, at int, path []protowire.Number) (int, error) {
	content, at := body(field, at)
	if len(path) == 1 {
		return len(r(at, content)), nil
	}
	return r.size(content, at, path[1:])
}

// appendTo writes a message that size found to be sound.
func (r Replacement) appendTo(out, message []byte, at int, path []protowire.Number) []byte {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeField(message)
		if number != path[0] || kind != protowire.BytesType {
			out = append(out, message[:n]...)
			message, at = message[n:], at+n
			continue
		}
		inner, _ := r.innerSize(message[:n], at, path)
		out = protowire.AppendTag(out, number, kind)
		out = protowire.AppendVarint(out, uint64(inner))
		if content, begin := body(message[:n], at); len(path) == 1 {
			out = append(out, r(begin, content)...)
		} else {
			out = r.appendTo(out, content, begin, path[1:])
		}
		message, at = message[n:], at+n
	}
	return out
}

// body is the content of a field of bytes, and where it begins.
func body(field []byte, at int) (content []byte, begin int) {
	_, _, tag := protowire.ConsumeTag(field)
	content, _ = protowire.ConsumeBytes(field[tag:])
	return content, at + len(field) - len(content)
}
