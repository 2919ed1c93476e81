package rankguard.library.bulk_export_test

import data.rankguard.library.bulk_export

call(documents, hour, day, rows) := {
	"identity": {"groups": []},
	"request": {"counts": {"documents": documents}},
	"usage": {"hour": {"documents": hour, "rows": rows}, "day": {"documents": day}},
}

count_of(facts) := found if {
	found := count(bulk_export.deny) with input as facts
		with data.documents as {"hour": 100, "day": 500}
		with data.rows as 50
		with data.exempt as ["jobs"]
}

test_plain_use if count_of(call(10, 90, 490, 50)) == 0

test_too_many_within_an_hour if count_of(call(11, 90, 90, 0)) == 1

test_too_many_within_a_day if count_of(call(11, 0, 490, 0)) == 1

test_too_many_results if count_of(call(1, 0, 0, 51)) == 1

test_jobs_may if {
	count_of(object.union(call(1000, 1000, 1000, 1000), {"identity": {"groups": ["jobs"]}})) == 0
}
