// Command independent-log-check verifies a SecureFed log with code that is not ours: golang.org/x/mod's sumdb/tlog and sumdb/note authenticate tiles,
// hashes, proofs and the signed note; the standard library verifies ECDSA. This file only finds the files and splits entry bundles.
//
// Usage: independent-log-check LOG-DIR VKEY-FILE [RECEIPT.tlog-proof ...]
// LOG-DIR holds checkpoint and tile/... (C2SP tlog-tiles). Exit code 1 if anything does not verify.
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// ecdsaVerifier is C2SP signed-note type 0x02: the key id is the start of SHA-256(SPKI), the signature is DER over SHA-256.
type ecdsaVerifier struct {
	name string
	id   uint32
	key  *ecdsa.PublicKey
}

func (v ecdsaVerifier) Name() string    { return v.name }
func (v ecdsaVerifier) KeyHash() uint32 { return v.id }
func (v ecdsaVerifier) Verify(msg, sig []byte) bool {
	digest := sha256.Sum256(msg)
	return ecdsa.VerifyASN1(v.key, digest[:], sig)
}

func parseVkey(text string) ecdsaVerifier {
	parts := strings.SplitN(strings.TrimSpace(text), "+", 3)
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || raw[0] != 2 {
		log.Fatalf("vkey is not of type 2: %v", err)
	}
	key, err := x509.ParsePKIXPublicKey(raw[1:])
	if err != nil {
		log.Fatal(err)
	}
	digest := sha256.Sum256(raw[1:])
	id := binary.BigEndian.Uint32(digest[:4])
	if fmt.Sprintf("%08x", id) != parts[1] {
		log.Fatalf("vkey names id %s, its key has %08x", parts[1], id)
	}
	return ecdsaVerifier{parts[0], id, key.(*ecdsa.PublicKey)}
}

func openCheckpoint(bytes []byte, verifier ecdsaVerifier) tlog.Tree {
	signed, err := note.Open(bytes, note.VerifierList(verifier))
	if err != nil {
		log.Fatalf("checkpoint: %v", err)
	}
	lines := strings.Split(signed.Text, "\n")
	if lines[0] != verifier.name {
		log.Fatalf("checkpoint of %q, want %q", lines[0], verifier.name)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		log.Fatal(err)
	}
	return tlog.Tree{N: size, Hash: root}
}

// tiles reads C2SP paths, which are tlog's without the height.
type tiles struct{ dir string }

func (t tiles) Height() int { return 8 }
func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var read [][]byte
	for _, tile := range wanted {
		data, err := os.ReadFile(filepath.Join(t.dir, strings.Replace(tile.Path(), "tile/8/", "tile/", 1)))
		if err != nil {
			return nil, err
		}
		read = append(read, data)
	}
	return read, nil
}
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) entries(size int64) [][]byte {
	var all [][]byte
	for n := int64(0); n*256 < size; n++ {
		width := size - n*256
		if width > 256 {
			width = 256
		}
		path := tlog.Tile{H: 8, L: -1, N: n, W: int(width)}.Path()
		data, err := os.ReadFile(filepath.Join(t.dir, strings.Replace(path, "tile/8/data/", "tile/entries/", 1)))
		if err != nil {
			log.Fatal(err)
		}
		for len(data) > 0 {
			length := int(binary.BigEndian.Uint16(data))
			all = append(all, data[2:2+length])
			data = data[2+length:]
		}
	}
	if int64(len(all)) != size {
		log.Fatalf("%d entries in bundles, checkpoint says %d", len(all), size)
	}
	return all
}

func checkReceipt(path string, verifier ecdsaVerifier) {
	text, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	head, checkpoint, found := bytes.Cut(text, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "extra ") || !strings.HasPrefix(lines[2], "index ") {
		log.Fatalf("%s is no receipt", path)
	}
	entry, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		log.Fatal(err)
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			log.Fatal(err)
		}
		proof = append(proof, hash)
	}
	tree := openCheckpoint(checkpoint, verifier)
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		log.Fatalf("%s: %v", path, err)
	}
}

func main() {
	log.SetFlags(0)
	vkey, err := os.ReadFile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	verifier := parseVkey(string(vkey))
	dir := tiles{os.Args[1]}
	checkpoint, err := os.ReadFile(filepath.Join(dir.dir, "checkpoint"))
	if err != nil {
		log.Fatal(err)
	}
	tree := openCheckpoint(checkpoint, verifier)

	// Authenticates every tile that it reads against the root.
	reader := tlog.TileHashReader(tree, dir)
	for i, entry := range dir.entries(tree.N) {
		hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(i))})
		if err != nil {
			log.Fatalf("entry %d: %v", i, err)
		}
		if hashes[0] != tlog.RecordHash(entry) {
			log.Fatalf("entry %d is not the one in the tree", i)
		}
	}
	for size := int64(1); size < tree.N; size += 1 + tree.N/50 {
		root, err := tlog.TreeHash(size, reader)
		if err != nil {
			log.Fatal(err)
		}
		proof, err := tlog.ProveTree(tree.N, size, reader)
		if err == nil {
			err = tlog.CheckTree(proof, tree.N, tree.Hash, size, root)
		}
		if err != nil {
			log.Fatalf("size %d: %v", size, err)
		}
	}
	for _, receipt := range os.Args[3:] {
		checkReceipt(receipt, verifier)
	}
	fmt.Printf("%d entries, %d receipts verified\n", tree.N, len(os.Args)-3)
}
