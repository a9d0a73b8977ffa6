// Package openfga holds only measurements: Keyhall's list and check of secrets beside OpenFGA's on the same facts, as
// ratios of one run. It has no bar: OpenFGA returns ids without rows, order or pages, and keeps a second copy of the facts.
package openfga
