package rankguard.library.readers_by_group_test

import data.rankguard.library.readers_by_group

call(groups, operation) := {"identity": {"kind": "user", "groups": groups}, "request": {"operation": operation}}

job(account) := {
	"identity": {"kind": "workload", "groups": [], "workload": {"namespace": "shop", "serviceAccount": account}},
	"request": {"operation": "rerank"},
}

parameters := {"readers": ["search-readers"], "workloads": ["shop/indexer"]}

test_readers_may if {
	readers_by_group.allow with input as call(["guests", "search-readers"], "rerank")
		with data.readers as parameters.readers
}

test_others_may_not if {
	not readers_by_group.allow with input as call(["guests"], "rerank") with data.readers as parameters.readers
}

test_only_what_is_for_readers if {
	not readers_by_group.allow with input as call(["search-readers"], "configure")
		with data.readers as parameters.readers
}

test_a_workload_by_its_account if {
	readers_by_group.allow with input as job("indexer") with data.workloads as parameters.workloads
	not readers_by_group.allow with input as job("other") with data.workloads as parameters.workloads
}
