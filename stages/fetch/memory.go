package fetch

// Memory is an upper bound in bytes of the bodies that a Stage holds, those it
// has sent and that are not freed counted.
func (c Config) Memory() int64 {
	c = c.withDefaults()
	return c.Budget + c.MaxBytes
}

// Rows is how many rows a Stage has on their way at once, those that wait for
// their store counted.
func (c Config) Rows() int64 { return int64(9 * c.withDefaults().Workers) }
