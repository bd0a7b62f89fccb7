package torchfile

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"github.com/sdl-batch/sdl-batch/model/torchfile/pickle"
)

// maxDirectoryBytes bounds what is read, and so allocated, for the directory of
// a zip file: some 200,000 members.
const maxDirectoryBytes = 16 << 20

// archive is the zip file of a checkpoint. All members lie under one folder.
type archive struct {
	size    int64
	r       io.ReaderAt
	folder  string
	members map[string]*zip.File
}

// member is the place of one block of bytes in the file.
type member struct {
	name string // for errors: what it is, and its quoted name
	*io.SectionReader
	crc uint32 // 0 where none was recorded
}

func decodeZip(r io.ReaderAt, size int64) (contents, error) {
	a, err := openArchive(r, size)
	if err != nil {
		return contents{}, err
	}
	order, err := a.byteOrder()
	if err != nil {
		return contents{}, err
	}
	text, err := a.read("data.pkl", pickleLimits.InputBytes)
	if err != nil {
		return contents{}, err
	}
	root, _, err := pickle.Load(text, checkpointHost, pickleLimits)
	if err != nil {
		return contents{}, fmt.Errorf("%sdata.pkl: %w", a.folder, err)
	}
	storage := func(key string) (member, error) { return a.member("data/" + key) }
	return contents{root: root, order: order, storage: storage}, nil
}

func openArchive(r io.ReaderAt, size int64) (*archive, error) {
	ration := &rationed{r: r, left: maxDirectoryBytes}
	z, err := zip.NewReader(ration, size)
	ration.lifted = true
	if errors.Is(err, zip.ErrFormat) {
		return nil, fmt.Errorf("checkpoint is truncated at byte %d: the zip directory that ends it is missing or damaged", size)
	}
	if err != nil {
		return nil, fmt.Errorf("read the zip directory: %w", err)
	}
	a := &archive{size: size, r: r, members: make(map[string]*zip.File, len(z.File))}
	if err := a.index(z.File); err != nil {
		return nil, err
	}
	return a, a.findFolder()
}

// index refuses members that must overlap, which is how a small file passes for
// a large one.
func (a *archive) index(files []*zip.File) error {
	left := uint64(a.size)
	for _, f := range files {
		if a.members[f.Name] != nil {
			return fmt.Errorf("zip member %q is there twice", f.Name)
		}
		if f.CompressedSize64 > left {
			return fmt.Errorf("zip member %q: the members add up to more than the file, which has %d bytes", f.Name, a.size)
		}
		left -= f.CompressedSize64
		a.members[f.Name] = f
	}
	return nil
}

// findFolder sets the folder that holds data.pkl.
func (a *archive) findFolder() error {
	for name := range a.members {
		folder, ok := strings.CutSuffix(name, "/data.pkl")
		if !ok || strings.Contains(folder, "/") {
			continue
		}
		if a.folder != "" {
			return errors.New("the zip file holds two checkpoints (two members data.pkl)")
		}
		a.folder = folder + "/"
	}
	switch {
	case a.folder == "":
		return errors.New("a zip file, but no PyTorch checkpoint: it holds no data.pkl in a folder")
	case a.members[a.folder+"constants.pkl"] != nil:
		return errors.New("a TorchScript archive, not a checkpoint; save the state_dict instead")
	}
	return nil
}

// member finds a member and checks that the file holds all of it.
func (a *archive) member(name string) (member, error) {
	name = a.folder + name
	f := a.members[name]
	if f == nil {
		return member{}, fmt.Errorf("the checkpoint has no member %q", name)
	}
	if f.Method != zip.Store || f.Flags&1 != 0 {
		return member{}, fmt.Errorf("zip member %q is compressed or encrypted, which PyTorch never does", name)
	}
	if f.CompressedSize64 != f.UncompressedSize64 {
		return member{}, fmt.Errorf("zip member %q is stored, yet gives two sizes, %d and %d", name, f.CompressedSize64, f.UncompressedSize64)
	}
	offset, err := f.DataOffset()
	if err != nil {
		return member{}, fmt.Errorf("zip member %q: %w", name, err)
	}
	if offset > a.size || f.UncompressedSize64 > uint64(a.size-offset) {
		return member{}, fmt.Errorf("checkpoint is truncated at byte %d: member %q begins at %d and has %d bytes", a.size, name, offset, f.UncompressedSize64)
	}
	return member{fmt.Sprintf("zip member %q", name), io.NewSectionReader(a.r, offset, int64(f.UncompressedSize64)), f.CRC32}, nil
}

// read returns a whole small member.
func (a *archive) read(name string, maxBytes int64) ([]byte, error) {
	m, err := a.member(name)
	if err != nil {
		return nil, err
	}
	if m.Size() > maxBytes {
		return nil, fmt.Errorf("%s has %d bytes, more than the limit of %d", m.name, m.Size(), maxBytes)
	}
	data := make([]byte, m.Size())
	if _, err := io.ReadFull(m, data); err != nil {
		return nil, fmt.Errorf("%s: %w", m.name, err)
	}
	return data, m.check(crc32.ChecksumIEEE(data))
}

func (a *archive) byteOrder() (binary.ByteOrder, error) {
	if a.members[a.folder+"byteorder"] == nil {
		return binary.LittleEndian, nil
	}
	text, err := a.read("byteorder", 16)
	switch {
	case err != nil:
		return nil, err
	case string(text) == "little":
		return binary.LittleEndian, nil
	case string(text) == "big":
		return binary.BigEndian, nil
	}
	return nil, fmt.Errorf("zip member %q names no byte order: %q", a.folder+"byteorder", text)
}

func (m member) check(crc uint32) error {
	if m.crc != 0 && m.crc != crc {
		return fmt.Errorf("%s is corrupt: its checksum is %08x, not %08x", m.name, crc, m.crc)
	}
	return nil
}

// rationed fails once more than left bytes were read, until it is lifted.
type rationed struct {
	r      io.ReaderAt
	left   int64
	lifted bool
}

func (r *rationed) ReadAt(p []byte, off int64) (int, error) {
	if !r.lifted {
		if r.left -= int64(len(p)); r.left < 0 {
			return 0, fmt.Errorf("it exceeds %d bytes", maxDirectoryBytes)
		}
	}
	return r.r.ReadAt(p, off)
}
