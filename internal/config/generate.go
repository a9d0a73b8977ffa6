package config

//go:generate go test -count=1 -run TestThePageOfTheConfigurationIsFresh -update .
