package optimise_test

import (
	"math"
	"testing"

	"github.com/sdl-batch/sdl-batch/training/optimise"
)

// schedules are those of PyTorch 1.13's OneCycleLR with Adam: the learning rate
// and beta1 that a step uses.
var schedules = []struct {
	largest float64
	steps   int
	start   float64
	want    map[int][2]float64
}{
	{0.001, 1, 0.1, map[int][2]float64{0: {4e-09, 0.95}}},
	{0.001, 1, 0.9, map[int][2]float64{0: {4e-09, 0.95}}},
	{0.001, 2, 0.1, map[int][2]float64{0: {0.000586825741537, 0.891317591117}, 1: {4e-09, 0.95}}},
	{0.5, 2, 0.3, map[int][2]float64{0: {0.405872826975, 0.868825509907}, 1: {2e-06, 0.95}}},
	{0.002, 2, 0.75, map[int][2]float64{0: {8e-05, 0.95}, 1: {8e-09, 0.95}}},
	{1, 3, 0.5, map[int][2]float64{0: {0.04, 0.95}, 1: {0.750001, 0.875}, 2: {4e-06, 0.95}}},
	{2.5e-05, 5, 0.1, map[int][2]float64{0: {2.42461607752e-05, 0.853015368961}, 1: {1.8750025e-05, 0.875}, 2: {1.03294564616e-05, 0.908682408883}, 3: {2.92453276323e-06, 0.938302222156}, 4: {1e-10, 0.95}}},
	{0.01, 7, 0.3, map[int][2]float64{0: {0.0004, 0.95}, 1: {0.00980556627335, 0.852025351319}, 2: {0.0091904437627, 0.858095594755}, 3: {0.00672683836481, 0.882731747279}, 4: {0.0035773877574, 0.914226379332}, 5: {0.000992967918933, 0.940070681093}, 6: {4e-08, 0.95}}},
	{0.001, 7, 0.45, map[int][2]float64{0: {4e-05, 0.95}, 1: {0.000467501819979, 0.905468560419}, 2: {0.000988516421227, 0.851196206122}, 3: {0.000884475724769, 0.861552473733}, 4: {0.000530582708088, 0.896941916959}, 5: {0.0001574325128, 0.934257085748}, 6: {4e-09, 0.95}}},
	{0.001, 11, 0.25, map[int][2]float64{0: {4e-05, 0.95}, 1: {0.000626810048299, 0.888873953302}, 2: {0.000997735970343, 0.850226403871}, 3: {0.000944417946657, 0.855558227567}, 4: {0.000827431057251, 0.867256963303}, 5: {0.000663535327523, 0.883646601834}, 6: {0.000476211137252, 0.902379095791}, 7: {0.000292295324329, 0.92077075065}, 8: {0.000138136428416, 0.936186701905}, 9: {3.58198902278e-05, 0.946418396651}, 10: {4e-09, 0.95}}},
	{0.01, 20, 0.3, map[int][2]float64{0: {0.0004, 0.95}, 1: {0.001316718427, 0.940450849719}, 2: {0.003716718427, 0.915450849719}, 6: {0.00987464006235, 0.851253604391}, 10: {0.00716943001791, 0.878305813044}, 18: {0.000125399937649, 0.948746395609}, 19: {4e-08, 0.95}}},
	{0.001, 13, 0.95, map[int][2]float64{0: {4e-05, 0.95}, 1: {5.82702604835e-05, 0.948096847866}, 2: {0.000111690198525, 0.942532270987}, 3: {0.000196193163362, 0.933729878816}, 4: {0.000305346275081, 0.922359763012}, 5: {0.000430840134584, 0.909287485981}, 6: {0.00056312138561, 0.895508188999}, 7: {0.000692119974356, 0.882070836005}, 8: {0.000808015743243, 0.869998360079}, 9: {0.000901986001079, 0.860209791554}, 10: {0.000966877159996, 0.853450295834}, 11: {0.00099774931009, 0.850234446866}, 12: {4e-09, 0.95}}},
	{2.5e-05, 30, 0.1, map[int][2]float64{0: {1e-06, 0.95}, 1: {1.3e-05, 0.9}, 2: {2.5e-05, 0.85}, 10: {1.99645025384e-05, 0.870142070415}, 15: {1.32268574541e-05, 0.897092758554}, 28: {8.46201901436e-08, 0.949661917887}, 29: {1e-10, 0.95}}},
}

func TestScheduleIsPyTorchs(t *testing.T) {
	for _, s := range schedules {
		c := optimise.OneCycle{Max: s.largest, Steps: s.steps, Start: s.start}
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
		for step, want := range s.want {
			got := c.At(step)
			if !near(got.Learning, want[0], 1e-9) || !near(got.Beta1, want[1], 1e-9) {
				t.Errorf("%+v, step %d: %+v, want %v", c, step, got, want)
			}
		}
	}
}

// PyTorch divides by zero where the climb is a single step; ours begins at the
// top. Steps behind the last, which a training has none of, stay at the end.
func TestScheduleHasNoGaps(t *testing.T) {
	c := optimise.OneCycle{Max: 1, Steps: 10, Start: 0.1}
	if got := c.At(0); got != (optimise.Rate{Learning: 1, Beta1: 0.85}) {
		t.Errorf("a climb of one step begins with %+v", got)
	}
	for steps := 1; steps < 40; steps++ {
		for _, start := range []float64{0.01, 0.1, 0.25, 0.5, 1. / 3, 0.99} {
			c := optimise.OneCycle{Max: 1, Steps: steps, Start: start}
			for step := range steps + 3 {
				r := c.At(step)
				if !(r.Learning >= 0.99/250000 && r.Learning <= 1 && r.Beta1 >= 0.85 && r.Beta1 <= 0.95) {
					t.Errorf("%+v, step %d: %+v", c, step, r)
				}
			}
		}
	}
}

func TestWhatIsNoScheduleIsRefused(t *testing.T) {
	for _, c := range []optimise.OneCycle{
		{}, {Max: 1, Steps: 0, Start: 0.1}, {Max: 0, Steps: 1, Start: 0.1}, {Max: math.NaN(), Steps: 1, Start: 0.1}, {Max: math.Inf(1), Steps: 1, Start: 0.1},
		{Max: 1, Steps: 1, Start: 0}, {Max: 1, Steps: 1, Start: 1}, {Max: 1, Steps: 1, Start: math.NaN()},
	} {
		if c.Validate() == nil {
			t.Errorf("%+v is no schedule", c)
		}
	}
}

func near(got, want, relative float64) bool {
	return math.Abs(got-want) <= relative*math.Abs(want)
}
