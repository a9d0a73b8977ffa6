# Which tests run with the race detector and which without: reads the test files of the module and prints four lines, the names of
# those that are marked, the names of the others in the same folders, the folders for the run with the detector, and those for the
# run without it, of both the one with the most lines of tests first. The mark, //keyhall:norace, is the line above a test, or above the
# package clause of one file for a whole folder.
FNR == 1 {
	folder = FILENAME; sub("/[^/]*$", "", folder); before = ""
	if (!(folder in lines)) folders[++f] = folder
}
/^package / && before == "//keyhall:norace" { whole[folder] }
/^func (Test|Fuzz)[A-Z]/ && !/^func TestMain[(]/ {
	sub("[(].*", "", $2)
	name[++n] = $2; of[n] = folder
	if (before == "//keyhall:norace") { mark[n]; some[folder] }
}
{ before = $0; lines[folder]++ }
END {
	for (i = 1; i <= n; i++) {
		if (of[i] in whole) continue
		if (i in mark) { one[name[i]]; marked = marked "|" name[i] }
		else { other[name[i]]; raced[of[i]]; if (of[i] in some) beside = beside "|" name[i] }
	}
	for (t in one) if (t in other) {
		print t " is the name of two tests, of which one is marked: each run would leave one out" > "/dev/stderr"
		exit 1
	}
	for (last = f; last > 1; last--) {
		for (i = 1; i < last; i++) if (lines[folders[i]] < lines[folders[i + 1]]) { t = folders[i]; folders[i] = folders[i + 1]; folders[i + 1] = t }
	}
	for (i = 1; i in folders; i++) {
		if (folders[i] in raced) with = with " " folders[i]
		if (folders[i] in whole || folders[i] in some) without = without " " folders[i]
	}
	print substr(marked, 2); print substr(beside, 2); print substr(with, 2); print substr(without, 2)
}
