package keyring_test

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/keyring"
)

func TestASecretNeverPrints(t *testing.T) {
	t.Parallel()
	const canary = "canary-5e0c-value"
	secret := keyring.NewSecret(canary)
	type private struct{ secret keyring.Secret }
	type deep struct{ inner *private }
	values := map[string]any{
		"itself": secret, "pointer": &secret, "field": struct{ S keyring.Secret }{secret}, "private": private{secret},
		"pointer to private": &private{secret}, "deep": deep{&private{secret}}, "list": []keyring.Secret{secret}, "map": map[string]any{"s": secret},
		"private list": struct{ s []keyring.Secret }{[]keyring.Secret{secret}}, "in any": struct{ s any }{secret},
		"error": fmt.Errorf("open: %v %+v %#v", secret, private{secret}, &secret), "joined": errors.Join(fmt.Errorf("%s", secret), fmt.Errorf("%x", secret)),
	}
	var out strings.Builder
	for name, value := range values {
		for verb := ' '; verb < 0x7f; verb++ {
			for _, flags := range []string{"", "+", "#", "-20", "020", "+#", "# "} {
				fmt.Fprintf(&out, "%"+flags+string(verb), value)
			}
		}
		fmt.Fprint(&out, value)
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out.Write(encoded)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "value", value, "group", slog.GroupValue(slog.Any("v", value)))
		slog.New(slog.NewTextHandler(&out, nil)).With("value", value).Info("x")
		if encoded, err := xml.Marshal(value); err == nil {
			out.Write(encoded)
		}
		var encodedGob bytes.Buffer
		if err := gob.NewEncoder(&encodedGob).Encode(value); err == nil {
			out.Write(encodedGob.Bytes())
		}
	}
	for form, text := range map[string]string{
		"raw": canary, "hex": hex.EncodeToString([]byte(canary)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(canary))),
		"base64": base64.StdEncoding.EncodeToString([]byte(canary))[:20], "decimal": strings.Trim(fmt.Sprint([]byte(canary)), "[]"), "part": "5e0c-val",
	} {
		if at := strings.Index(out.String(), text); at >= 0 {
			t.Errorf("%s: printed: %s", form, out.String()[max(0, at-80):at+len(text)])
		}
	}
	if secret.Expose() != canary || fmt.Sprint(secret) != "[redacted]" {
		t.Errorf("prints %v", secret)
	}
}

func TestAnEmptySecretLooksLikeAnyOther(t *testing.T) {
	t.Parallel()
	var zero keyring.Secret
	if !zero.IsZero() || zero.Expose() != "" || !keyring.NewSecret("").IsZero() || keyring.NewSecret("x").IsZero() {
		t.Error("IsZero tells whether there is a value")
	}
	if zero.String() != keyring.NewSecret("x").String() {
		t.Error("one can see which secret is empty")
	}
}

// TestThisPackageNeverLogs reads its own sources: of slog they may use the
// types of LogValue, and they print nothing.
func TestThisPackageNeverLogs(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{"slog.Value": true, "slog.StringValue": true}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), entry.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			selector, ok := node.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			from, ok := selector.X.(*ast.Ident)
			if !ok {
				return true
			}
			use := from.Name + "." + selector.Sel.Name
			prints := from.Name == "log" || from.Name == "slog" || use == "os.Stdout" || use == "os.Stderr" || strings.HasPrefix(use, "fmt.Print")
			if prints && !allowed[use] {
				t.Errorf("%s uses %s", entry.Name(), use)
			}
			return true
		})
	}
}
