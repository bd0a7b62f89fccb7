package ort

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph/onnxpb"
)

// ErrRefused is reported for a model that reaches outside its own bytes.
var ErrRefused = errors.New("model refused")

// Check refuses what would make the runtime open other files or run other
// code: tensors with external data, operators of a domain that neither the
// runtime nor the model itself defines, and pre-compiled contexts.
func Check(model []byte) error {
	pb, err := parse(model)
	if err != nil {
		return err
	}
	return check(pb)
}

func check(pb *onnxpb.ModelProto) error {
	c := checker{local: map[string]bool{}}
	for _, f := range pb.GetFunctions() {
		c.local[f.GetDomain()+"\x00"+f.GetName()] = true
	}
	c.graph(pb.GetGraph())
	for _, f := range pb.GetFunctions() {
		c.nodes(f.GetNode())
		c.defaults(f.ProtoReflect().GetUnknown())
	}
	for _, t := range pb.GetTrainingInfo() {
		c.graph(t.GetInitialization())
		c.graph(t.GetAlgorithm())
	}
	if c.err != nil {
		return fmt.Errorf("ort: %w: %w", ErrRefused, c.err)
	}
	return nil
}

// checker keeps the first objection.
type checker struct {
	local map[string]bool // functions of the model: domain, NUL, name
	err   error
}

func (c *checker) refuse(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

func (c *checker) graph(g *onnxpb.GraphProto) {
	for _, t := range g.GetInitializer() {
		c.tensor(t)
	}
	for _, s := range g.GetSparseInitializer() {
		c.sparse(s)
	}
	c.nodes(g.GetNode())
}

func (c *checker) nodes(nodes []*onnxpb.NodeProto) {
	for _, n := range nodes {
		if !builtIn(n.GetDomain()) && !c.local[n.GetDomain()+"\x00"+n.GetOpType()] {
			c.refuse("node %q: operator %s of the foreign domain %q", n.GetName(), n.GetOpType(), n.GetDomain())
		}
		if n.GetOpType() == "EPContext" {
			c.refuse("node %q: EPContext may load a file of its own", n.GetName())
		}
		for _, a := range n.GetAttribute() {
			c.attribute(a)
		}
	}
}

// defaultsField numbers a function's default attributes, newer than onnxpb.
const defaultsField = 11

// defaults looks into the fields of a function that onnxpb does not know.
func (c *checker) defaults(fields []byte) {
	for len(fields) > 0 {
		number, kind, n := protowire.ConsumeField(fields)
		if n < 0 {
			return
		}
		_, _, tag := protowire.ConsumeTag(fields)
		if number == defaultsField && kind == protowire.BytesType {
			body, _ := protowire.ConsumeBytes(fields[tag:])
			a := &onnxpb.AttributeProto{}
			if err := (proto.UnmarshalOptions{RecursionLimit: maxNesting}).Unmarshal(body, a); err != nil {
				c.refuse("a function's default attribute: %w", err)
			}
			c.attribute(a)
		}
		fields = fields[n:]
	}
}

func (c *checker) attribute(a *onnxpb.AttributeProto) {
	c.tensor(a.GetT())
	for _, t := range a.GetTensors() {
		c.tensor(t)
	}
	c.sparse(a.GetSparseTensor())
	for _, s := range a.GetSparseTensors() {
		c.sparse(s)
	}
	c.graph(a.GetG())
	for _, g := range a.GetGraphs() {
		c.graph(g)
	}
}

func (c *checker) sparse(s *onnxpb.SparseTensorProto) {
	c.tensor(s.GetValues())
	c.tensor(s.GetIndices())
}

func (c *checker) tensor(t *onnxpb.TensorProto) {
	if t.GetDataLocation() == onnxpb.TensorProto_EXTERNAL || len(t.GetExternalData()) > 0 {
		c.refuse("tensor %q keeps its values in another file", t.GetName())
	}
}

func standard(domain string) bool { return domain == "" || domain == "ai.onnx" }

// builtIn reports the domains whose operators the runtime brings along.
func builtIn(domain string) bool {
	return standard(domain) || domain == "ai.onnx.ml" || domain == "com.microsoft"
}

// elementName is the lower-case name of a tensor's element type.
func elementName(t int32) string {
	if name, ok := onnxpb.TensorProto_DataType_name[t]; ok {
		return strings.ToLower(name)
	}
	return fmt.Sprintf("type %d", t)
}
