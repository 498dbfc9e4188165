//go:build tools

// The version of h2spec and of what it needs is pinned in go.mod; nothing here is built but the command itself.
package h2spec

import _ "github.com/summerwind/h2spec/cmd/h2spec"
