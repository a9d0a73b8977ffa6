package policy

//go:generate go test -count=1 -run TestTheDocumentIsTheLaw -update .
