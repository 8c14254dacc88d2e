// Package openapi serves the description of the REST interface of our modules.
package openapi

import (
	_ "embed"
	"net/http"
)

const (
	// SpecPath is where the description is served.
	SpecPath = "/openapi.json"
	// PagePath is where the page for people is served; it reads SpecPath.
	PagePath = "/docs"
)

// spec is generated from proto/ (make proto-gen).
//
//go:embed openapi.swagger.json
var spec []byte

// page lists the paths of the description. It loads nothing from elsewhere.
//
//go:embed index.html
var page []byte

// Spec serves the description.
func Spec() http.Handler { return serve("application/json", spec) }

// Page serves the page for people.
func Page() http.Handler { return serve("text/html; charset=utf-8", page) }

func serve(contentType string, body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		// The client went away if this fails; there is nobody left to tell.
		_, _ = w.Write(body)
	})
}
