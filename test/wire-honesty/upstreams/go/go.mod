module rankguard.dev/test/upstream

go 1.21
