package rankguard.library.justification_required_test

import data.rankguard.library.justification_required

call(justification, purpose) := {
	"identity": {"token": {"purpose": purpose}},
	"request": {"dataset": "secret", "justification": justification},
}

count_of(facts) := found if {
	found := count(justification_required.deny) with input as facts
		with data.datasets as ["secret"]
		with data.purposes as ["audit"]
		with data.least as 10
		with data.pattern as "CASE-[0-9]+"
		with data.example as "a number"
}

test_without_one if {
	count_of(call(null, null)) == 1
	count_of(call("CASE-1", null)) == 1
	count_of(call("because I want to", null)) == 1
}

test_with_one if count_of(call("CASE-1: refund dispute", null)) == 0

test_with_a_purpose if count_of(call(null, "audit")) == 0

test_other_data_sets_need_none if count_of({"request": {"dataset": "open"}}) == 0
