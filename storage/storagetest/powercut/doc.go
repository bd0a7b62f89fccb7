// Package powercut tells what a loss of power may leave of a program's work on a
// local disk, for tests.
//
// The program runs under strace, which tells its system calls. They are replayed
// on a model of a disk that keeps no more than POSIX promises: the bytes of a file
// are there after a power cut if the file was fsynced, a name is there if the
// folder that holds it was fsynced after the name was given. Whatever happened
// since may be there or not, each name by itself. This is how CrashMonkey
// (Mohan et al., OSDI 2018) and ALICE (Pillai et al., OSDI 2014) test file
// systems and programs.
package powercut
