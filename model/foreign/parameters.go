package foreign

import "github.com/sdl-batch/sdl-batch/model/onnxgraph/onnxpb"

// Parameters counts the floating-point values that a model stores, those of
// weights in eight bits included.
func Parameters(model []byte) (int64, error) {
	g, err := open(model)
	if err != nil {
		return 0, err
	}
	var count int64
	for _, t := range g.pb.GetInitializer() {
		if isWeight(onnxpb.TensorProto_DataType(t.GetDataType())) {
			count += elements(t)
		}
	}
	return count, nil
}

// SharesScales tells whether a model chooses the scale of its 8-bit values from
// what one run takes, all its images together: each then changes the others a
// little.
func SharesScales(model []byte) (bool, error) {
	g, err := open(model)
	if err != nil {
		return false, err
	}
	for _, n := range g.pb.GetNode() {
		switch n.GetOpType() {
		case "DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM":
			return true, nil
		}
	}
	return false, nil
}

func isWeight(t onnxpb.TensorProto_DataType) bool {
	switch t {
	case onnxpb.TensorProto_FLOAT, onnxpb.TensorProto_FLOAT16, onnxpb.TensorProto_BFLOAT16, onnxpb.TensorProto_DOUBLE,
		onnxpb.TensorProto_INT8, onnxpb.TensorProto_UINT8:
		return true
	}
	return false
}

// maxElements bounds what one tensor may claim, so that sums do not overflow.
const maxElements = 1 << 31

func elements(t *onnxpb.TensorProto) int64 {
	count := int64(1)
	for _, d := range t.GetDims() {
		if d < 0 || d > maxElements || count*d > maxElements {
			return 0
		}
		count *= d
	}
	return count
}
