package main

import (
	"fmt"
	"os"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph/onnxpb"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
	b "github.com/yalue/onnxruntime_go"
	"google.golang.org/protobuf/proto"
)

func ck(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	b.SetSharedLibraryPath("/work/main/bin/libonnxruntime.so.1")
	ck(b.InitializeEnvironment())
	a := map[string]tresnet.Architecture{"M": tresnet.M, "L": tresnet.L, "XL": tresnet.XL}[os.Args[1]].With(7, 300, 224)
	m, err := tresnet.Graph(a, tresnet.New(a, 1), tresnet.Input{})
	ck(err)
	so, _ := b.NewSessionOptions()
	so.SetGraphOptimizationLevel(b.GraphOptimizationLevelEnableAll)
	ck(so.SetOptimizedModelFilePath("/tmp/ortexp/opt.onnx"))
	_, err = b.NewDynamicAdvancedSessionWithONNXData(m, []string{"pixels"}, []string{"embedding"}, so)
	ck(err)
	raw, _ := os.ReadFile("/tmp/ortexp/opt.onnx")
	pb := &onnxpb.ModelProto{}
	ck(proto.Unmarshal(raw, pb))
	for _, n := range pb.GetGraph().GetNode() {
		fmt.Print(n.GetOpType(), " ", n.GetDomain(), " ", n.GetInput(), " -> ", n.GetOutput())
		for _, at := range n.GetAttribute() {
			if at.GetName() == "activation" || at.GetName() == "channels_last" {
				fmt.Print(" ", at.GetName(), "=", string(at.GetS()), at.GetI())
			}
		}
		fmt.Println()
	}
}
