package reread

// Check is what the child does with a request.
func Check(r Request) Answer { return check(r.withDefaults()) }

// LimitMemory is what the child does first.
var LimitMemory = limitMemory
