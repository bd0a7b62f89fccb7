package train_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/sdl-batch/sdl-batch/model"
)

// Of a picture there are three tags: its colour, its pattern and, for two of
// the colours, what kind of colour it is. sepia and dotted are unseen.
var (
	colours  = []string{"red", "green", "blue"}
	patterns = []string{"plain", "striped", "checked"}
)

func tagsOf(i int) []string {
	tags := []string{colours[i%3], patterns[i/3%3]}
	if i%3 == 0 {
		tags = append(tags, "warm")
	}
	return tags
}

const dim = 8

func vocabulary() *model.Vocabulary {
	v := &model.Vocabulary{Dim: dim, LabelSpace: "test"}
	random := rand.New(rand.NewPCG(1, 2))
	for _, tag := range append(slices.Concat(colours, patterns), "warm", "sepia", "dotted") {
		v.Tags = append(v.Tags, tag)
		v.Seen = append(v.Seen, tag != "sepia" && tag != "dotted")
		vector, squares := make([]float32, dim), 0.0
		for d := range vector {
			vector[d] = float32(random.NormFloat64())
			squares += float64(vector[d] * vector[d])
		}
		for d := range vector {
			vector[d] /= float32(math.Sqrt(squares))
		}
		v.Vectors = append(v.Vectors, vector...)
	}
	return v
}

var pictures = sync.OnceValue(func() (all [imageCount][]byte) {
	for i := range all {
		all[i] = draw(i)
	}
	return all
})

// draw makes picture i, as PNG.
func draw(i int) []byte {
	const side = 64
	random := rand.New(rand.NewPCG(uint64(i), 0))
	canvas := image.NewRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			light := uint8(200 + random.IntN(50))
			dark := i/3%3 == 1 && y/8%2 == 0 || i/3%3 == 2 && (x/8+y/8)%2 == 0
			if dark {
				light /= 3
			}
			var c [3]uint8
			c[i%3] = light
			canvas.SetRGBA(x, y, color.RGBA{c[0], c[1], c[2], 255})
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, canvas); err != nil {
		panic(err)
	}
	return file.Bytes()
}
