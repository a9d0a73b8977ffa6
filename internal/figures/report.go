package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
)

// A length is one measured thing: a file or a function.
type length struct {
	name  string
	lines int
}

// report prints the figures and the bars, and tells whether every bar holds.
// The bars are for the product; that no file is over 600 lines holds for tests too.
func report(out io.Writer, sources []source) bool {
	product, tests := split(sources)
	printFigures(out, product, tests)

	files, functions := lengths(product)
	all, _ := lengths(sources)
	bars := []bar{
		{"median file", files, quantile(files, 0.50), 120},
		{"90 in 100 files", files, quantile(files, 0.90), 400},
		{"longest file, tests too", all, quantile(all, 1), 600},
		{"95 in 100 functions", functions, quantile(functions, 0.95), 60},
	}
	return printBars(out, bars)
}

// split keeps tests apart from the product.
func split(sources []source) (product, tests []source) {
	for _, s := range sources {
		if s.test {
			tests = append(tests, s)
		} else {
			product = append(product, s)
		}
	}
	return product, tests
}

// lengths lists the files and their functions, the longest last.
func lengths(sources []source) (files, functions []length) {
	for _, s := range sources {
		files = append(files, length{s.path, s.lines})
		for _, f := range s.functions {
			functions = append(functions, length(f))
		}
	}
	byLines := func(a, b length) int { return cmp.Compare(a.lines, b.lines) }
	slices.SortFunc(files, byLines)
	slices.SortFunc(functions, byLines)
	return files, functions
}

// quantile is the smallest length that the given share of the sorted ones does not exceed.
func quantile(sorted []length, share float64) int {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(share * float64(len(sorted))))
	return sorted[max(rank, 1)-1].lines
}

func printFigures(out io.Writer, product, tests []source) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "hand-written\tfiles\tlines\tmedian\tp90\tlongest\tfunctions\tmedian\tp95\tlongest\t")
	for _, row := range []struct {
		name    string
		sources []source
	}{{"product", product}, {"tests", tests}} {
		files, functions := lengths(row.sources)
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", row.name,
			len(files), total(files), quantile(files, 0.5), quantile(files, 0.9), quantile(files, 1),
			len(functions), quantile(functions, 0.5), quantile(functions, 0.95), quantile(functions, 1))
	}
	_ = table.Flush()
}

func total(lengths []length) int {
	sum := 0
	for _, l := range lengths {
		sum += l.lines
	}
	return sum
}

// A bar is a promise about a measured length, with the things measured (sorted) to name who breaks it.
type bar struct {
	name     string
	of       []length
	measured int
	limit    int
}

// printBars prints each bar, and under a missed one the longest things that are over it.
func printBars(out io.Writer, bars []bar) bool {
	held := true
	for _, b := range bars {
		verdict := "holds"
		if b.measured > b.limit {
			verdict, held = "MISSED", false
		}
		fmt.Fprintf(out, "%-24s %4d of %4d lines  %s\n", b.name, b.measured, b.limit, verdict)
		if b.measured > b.limit {
			printLongest(out, b)
		}
	}
	return held
}

func printLongest(out io.Writer, b bar) {
	for i, l := range slices.Backward(b.of) {
		if l.lines <= b.limit || i < len(b.of)-10 {
			return
		}
		fmt.Fprintf(out, "    %4d  %s\n", l.lines, l.name)
	}
}
