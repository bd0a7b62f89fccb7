package storage_test

import (
	"context"
	"net"
	"strings"
	"testing"
)

// nameServer returns a resolver whose server gives one IPv4 address for a
// name, none of IPv6, and knows no name with "missing" in it (RFC 1035).
func nameServer(t *testing.T, address func() [4]byte) *net.Resolver {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			conn.WriteTo(nameAnswer(buf[:n], address), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func nameAnswer(query []byte, address func() [4]byte) []byte {
	end := 12
	for query[end] != 0 {
		end += int(query[end]) + 1
	}
	question := query[12 : end+5]
	head := []byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}
	if strings.Contains(string(question), "missing") {
		head[3] |= 3 // no such name
		return append(head, question...)
	}
	if question[len(question)-3] != 1 { // not of type A
		return append(head, question...)
	}
	head[7] = 1
	a := address()
	answer := append(head, question...)
	answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
	return append(answer, a[:]...)
}
