package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Long enough for a plane that somebody keeps, and started early enough for a clock set back an hour.
const (
	validFor  = 10 * 365 * 24 * time.Hour
	backdated = time.Hour
)

// writeAuthority fills dir with ca.{crt,key}, apiserver.{crt,key} and service-account.{key,pub}.
func writeAuthority(dir string) error {
	ca, err := template(pkix.Name{CommonName: "control plane of a test"})
	if err != nil {
		return err
	}
	ca.IsCA = true
	ca.BasicConstraintsValid = true
	ca.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	if err := writePair(filepath.Join(dir, "ca"), ca, caKey, ca, caKey); err != nil {
		return err
	}
	serving, err := template(pkix.Name{CommonName: "kube-apiserver"})
	if err != nil {
		return err
	}
	serving.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	serving.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	serving.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	if err := signPair(filepath.Join(dir, "apiserver"), serving, ca, caKey); err != nil {
		return err
	}
	return writeServiceAccountKeys(filepath.Join(dir, "service-account"))
}

// writeClient writes out.crt and out.key: the user is the common name, the groups are the organisations
// (how kube-apiserver reads a client certificate).
func writeClient(dir, out, user string, groups []string) error {
	ca, caKey, err := readAuthority(dir)
	if err != nil {
		return err
	}
	client, err := template(pkix.Name{CommonName: user, Organization: groups})
	if err != nil {
		return err
	}
	client.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return signPair(out, client, ca, caKey)
}

func template(subject pkix.Name) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		NotBefore:    now.Add(-backdated),
		NotAfter:     now.Add(validFor),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}, nil
}

func signPair(out string, certificate, ca *x509.Certificate, caKey crypto.Signer) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	return writePair(out, certificate, key, ca, caKey)
}

func writePair(out string, certificate *x509.Certificate, key *ecdsa.PrivateKey, ca *x509.Certificate, caKey crypto.Signer) error {
	der, err := x509.CreateCertificate(rand.Reader, certificate, ca, key.Public(), caKey)
	if err != nil {
		return fmt.Errorf("certificate for %q: %w", certificate.Subject.CommonName, err)
	}
	if err := writePEM(out+".crt", "CERTIFICATE", der); err != nil {
		return err
	}
	return writeKey(out+".key", key)
}

func writeServiceAccountKeys(out string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	if err := writePEM(out+".pub", "PUBLIC KEY", public); err != nil {
		return err
	}
	return writeKey(out+".key", key)
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(path, "EC PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

func readAuthority(dir string) (*x509.Certificate, crypto.Signer, error) {
	der, err := readPEM(filepath.Join(dir, "ca.crt"))
	if err != nil {
		return nil, nil, err
	}
	ca, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, err
	}
	if der, err = readPEM(filepath.Join(dir, "ca.key")); err != nil {
		return nil, nil, err
	}
	key, err := x509.ParseECPrivateKey(der)
	return ca, key, err
}

func readPEM(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s: not PEM", path)
	}
	return block.Bytes, nil
}
