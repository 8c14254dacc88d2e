package prover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// Errors of fetching a file that a request names.
var (
	// ErrTooLarge means that a file passes the configured limit.
	ErrTooLarge = errors.New("the file is too large")
	// ErrAddress means that a URL leads where this machine's operator does not
	// let strangers send it.
	ErrAddress = errors.New("the address is not allowed")
	// ErrFetch means that the file could not be had now.
	ErrFetch = errors.New("the file could not be fetched")
)

const (
	maxRedirects = 3
	// maxHeaderBytes bounds what a server may say before the content.
	maxHeaderBytes = 64 << 10
)

// extraPrivate lists ranges that are not for the public, beside those that
// net/netip knows.
var extraPrivate = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // carrier-grade NAT
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("192.88.99.0/24"),  // 6to4 relays
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"),          // IPv4-compatible
	netip.MustParsePrefix("64:ff9b::/96"),   // IPv4 behind NAT64
	netip.MustParsePrefix("64:ff9b:1::/48"), // IPv4 behind a local NAT64
	netip.MustParsePrefix("100::/64"),       // discarded
	netip.MustParsePrefix("2001::/23"),      // Teredo and other protocols' own
	netip.MustParsePrefix("2001:db8::/32"),  // documentation
	netip.MustParsePrefix("2002::/16"),      // IPv4 behind 6to4
	netip.MustParsePrefix("fec0::/10"),      // site-local
}

// Fetcher gets files that strangers name. Unless private addresses are allowed it
// reaches public ones only; the check sits at the socket, after name resolution
// and on every redirect, so a name that resolves to a private address does not get
// past it. Files of this machine it reads in folders that the operator names, none
// otherwise, and never because a server redirects to one.
type Fetcher struct {
	client  *http.Client
	timeout time.Duration
	folders []string
}

// NewFetcher returns a fetcher that takes at most timeout for a file. Below folders,
// which are absolute paths, it reads what file URLs name.
func NewFetcher(timeout time.Duration, allowPrivate bool, folders ...string) *Fetcher {
	check := checkPublic
	if allowPrivate {
		check = func(string) error { return nil }
	}
	f := newFetcher(timeout, check)
	f.folders = folders
	return f
}

// newFetcher returns a fetcher that asks check about each socket address.
func newFetcher(timeout time.Duration, check func(address string) error) *Fetcher {
	dialer := &net.Dialer{
		Timeout: timeout,
		Control: func(_, address string, _ syscall.RawConn) error { return check(address) },
	}
	return &Fetcher{timeout: timeout, client: &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			Proxy:                 nil, // a proxy would connect for us, unchecked
			DialContext:           dialer.DialContext,
			TLSHandshakeTimeout:   timeout,
			ResponseHeaderTimeout: timeout,
			MaxIdleConns:          16,
			IdleConnTimeout:       timeout,
			// The hash is that of the file as served, so nothing is unpacked.
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxHeaderBytes,
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("%w: more than %d redirects", ErrFetch, maxRedirects)
			}
			return checkURL(req.URL)
		},
	}}
}

// Fetch calls read with the content of a URL.
func (f *Fetcher) Fetch(ctx context.Context, address string, read func(io.Reader) error) error {
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAddress, err)
	}
	if u.Scheme == "file" {
		return f.readFile(ctx, u, read)
	}
	if err := checkURL(u); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAddress, err)
	}
	res, err := f.client.Do(req)
	if err != nil {
		if errors.Is(err, ErrAddress) {
			return err
		}
		return fmt.Errorf("%w: %w", ErrFetch, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: %s answers %s", ErrFetch, u.Host, res.Status)
	}
	return read(res.Body)
}

func checkURL(u *url.URL) error {
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return fmt.Errorf("%w: %q: use http or https and a host", ErrAddress, u.Redacted())
	}
	return nil
}

// checkPublic refuses socket addresses that are not public.
func checkPublic(address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAddress, err)
	}
	ip := ap.Addr().Unmap().WithZone("")
	private := !ip.IsGlobalUnicast() || ip.IsPrivate()
	for _, p := range extraPrivate {
		private = private || p.Contains(ip)
	}
	if private {
		return fmt.Errorf("%w: %s is not a public address; allow_private_urls would let it pass", ErrAddress, ip)
	}
	return nil
}
