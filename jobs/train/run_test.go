package train_test

import "testing"

func TestTry(t *testing.T) {
	l := local(t)
	s, e := mustTrain(t, l.options)
	t.Logf("%+v", s)
	for _, x := range e {
		t.Logf("%+v", x)
	}
	read(t, l.options.Output)
}
