package storage_test

import (
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage"
)

// TestWebAddressesWithoutASecretStay: rows are joined by them.
func TestWebAddressesWithoutASecretStay(t *testing.T) {
	for _, uri := range []string{
		"https://cdn.example.org/a/b.jpg",
		"https://h/x?id=7", "https://h/x?id=7&size=large;page=2", "https://h/x?20241125", "https://h/x?", "https://h/x?a=&b",
		"https://h/x?id=6fa459ea-ee8a-3ca4-894e-db77e160355e",
		"https://h/x?file=photos/2024/holiday/IMG_0001.jpg", "https://h/x?url=https%3A%2F%2Fcdn%2Fx%3Fid%3D7",
		"https://h/x?list=1&latest=2&keyword=sea&policyholder=3", "http://h:8080/x?q=a%20b+c", "https://[2001:db8::1]/x", "https://[::ffff:1.2.3.4]:8080/x?a=b@c",
	} {
		if got := storage.Redact(uri); got != strings.Replace(uri, "&b", "&redacted", 1) {
			t.Errorf("%s becomes %s", uri, got)
		}
	}
}

func TestSecretsOfWebAddressesAreMasked(t *testing.T) {
	const canary = "c4n4ry5ecret"
	for _, uri := range []string{
		"https://b.s3.amazonaws.com/k?X-Amz-Algorithm=A&X-Amz-Credential=AK%2Fc4n4ry5ecret&X-Amz-Signature=c4n4ry5ecret&X-Amz-Security-Token=c4n4ry5ecret",
		"https://a.blob.core.windows.net/c/x?sv=2022&se=2026-01-01&sig=c4n4ry5ecret%3D",
		"https://storage.googleapis.com/b/k?GoogleAccessId=c4n4ry5ecret&Signature=c4n4ry5ecret&Expires=1",
		"https://d.cloudfront.net/x?Expires=1&Policy=c4n4ry5ecret&Signature=c4n4ry5ecret&Key-Pair-Id=c4n4ry5ecret",
		"https://h/x?hdnts=exp=1~acl=/*~hmac=c4n4ry5ecret", "https://h/x?md5=c4n4ry5ecret&expires=1", "https://h/x?st=c4n4ry5ecret&e=1",
		"https://h/x?a=1;token=c4n4ry5ecret", "https://h/x?access_token=c4n4ry5ecret", "https://h/x?api%5Fkey=c4n4ry5ecret", "https://h/x?x%2Damz%2dsignature=c4n4ry5ecret",
		"https://h/x?c4n4ry5ecret", "https://h/x?id=1&c4n4ry5ecret", "https://h/x#c4n4ry5ecret", "https://h/x?a=b#sig=c4n4ry5ecret",
		"https://h/x?url=https%3A%2F%2Fcdn%2Fy%3Fsig%3Dc4n4ry5ecret", "https://h/x?url=https%253A%252F%252Fcdn%252Fy%253Fsig%253Dc4n4ry5ecret",
		"https://h/x?url=https%3A%2F%2Fme%3Ac4n4ry5ecret%40cdn%2Fy", "https://me:c4n4ry5ecret@h/x?id=1", "https://h/x?next=%2Fy%3Ftoken%3Dc4n4ry5ecret",
		"https://h/x?k=AIzaSyc4n4ry5ecret-9tDe_Q", "https://h/x?s=c4n4ry5ecretc4n4ry5ecret", "HTTPS://h/x?sig=c4n4ry5ecret",
	} {
		if got := storage.Redact(uri); strings.Contains(got, canary) || storage.Redact(got) != got {
			t.Errorf("%s becomes %s and then %s", uri, got, storage.Redact(got))
		}
	}
}
