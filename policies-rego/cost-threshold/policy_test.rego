package rankguard.library.cost_threshold_test

import data.rankguard.library.cost_threshold

codes(cost, used) := {denial.code |
	some denial in cost_threshold.deny with input.request.cost_estimate as cost
		with input.usage.day.cost as used
		with data.per_call as 5
		with data.per_day as 100
}

test_within_both if codes(5, 95) == set()

test_one_call_too_dear if codes(6, 0) == {"COST_PER_CALL"}

test_the_day_is_used_up if codes(1, 100) == {"COST_PER_DAY"}
