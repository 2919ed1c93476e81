package rankguard.library.exposure_fairness_test

import data.rankguard.library.exposure_fairness

answer(exposure) := {
	"phase": "response",
	"response": {"results": [
		{"index": 0, "fields": {"publisher": "a"}},
		{"index": 1, "fields": {"publisher": "b"}},
		{"index": 2, "fields": {}},
	]},
	"usage": {"exposure": exposure},
}

demoted(facts) := {verb.index |
	some verb in exposure_fairness.rank with input as facts
		with data.places as 2
		with data.max_share as 0.5
		with data.least as 10
}

test_who_had_more_than_its_share_moves_down if demoted(answer({"publisher": {"a": 30, "b": 10}})) == {0}

test_not_before_enough_was_shown if demoted(answer({"publisher": {"a": 3, "b": 1}})) == set()

test_nothing_shown_nothing_moved if demoted(answer({})) == set()

test_the_request_is_none_of_its_business if {
	demoted(object.union(answer({"publisher": {"a": 30}}), {"phase": "request"})) == set()
}
