package rankguard.library.result_count_test

import data.rankguard.library.result_count

codes(top_n) := {denial.code |
	some denial in result_count.deny with input.request.top_n as top_n
		with data.most as 20
}

test_few_are_fine if {
	codes(20) == set()
	codes(null) == set()
}

test_more_are_denied if codes(21) == {"TOO_MANY_RESULTS"}

test_the_best_stay if result_count.rank == {{"verb": "limit", "results": 5}} with data.results as 5
